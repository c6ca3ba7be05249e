"""What is said in each scenario, and the deeds that must come of it when nothing goes wrong."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """script: texts (at once where " | " parts them) and seconds that pass. deeds: all effects in order. replies: how many."""

    name: str
    script: tuple[str | float, ...]
    deeds: tuple[str, ...]
    replies: int
    aside: tuple[str, str] | None = None  # a deed, and what the person writes when it happens
    first: bool = False  # begins without a database file


SCENARIOS = (
    Scenario("the first start", ("turn on the kitchen lamp",), ("kitchen_lamp turn_on",), 1, first=True),
    Scenario("two devices", ("turn on the kitchen lamp and the hall lamp",), ("kitchen_lamp turn_on", "hall_lamp turn_on"), 1),
    Scenario("not repeatable", ("next track",), ("speaker next_track",), 1),
    Scenario("an item", ("add milk to the shopping list",), ("groceries add_item milk",), 1),
    Scenario("relative", ("turn the volume up",), ("speaker set_volume 30",), 1),
    Scenario("two relative ones", ("make the kitchen lamp brighter | make the kitchen lamp brighter",),
             ("kitchen_lamp set_brightness 20", "kitchen_lamp set_brightness 40"), 2),
    Scenario("approved", ("open the garage door", "yes"), ("garage open_door",), 2),
    Scenario("declined", ("open the garage door", "no"), (), 2),
    Scenario("refused", ("set the pool to 45 degrees",), (), 1),
    Scenario("not understood", ("sing me something about cheese",), (), 1),
    Scenario("two deeds", ("turn on the hall lamp and skip this song",), ("hall_lamp turn_on", "speaker next_track"), 1),
    Scenario("a burst", ("turn on the kitchen lamp | next track | turn off the kitchen lamp",),
             ("kitchen_lamp turn_on", "speaker next_track", "kitchen_lamp turn_off"), 3),
    Scenario("stopped", ("turn on the hall lamp and skip this song",), ("hall_lamp turn_on",), 2, ("hall_lamp turn_on", "stop")),
    Scenario("which one", ("turn on the lamp", "2"), ("hall_lamp turn_on",), 2),
    Scenario("postponed", ("turn on the hall thermostat", "turn off the hall thermostat", "turn on the hall thermostat", 700.0),
             ("thermostat turn_on", "thermostat turn_off", "thermostat turn_on"), 4),
    Scenario("a lease", ("turn on the sauna", 10801.0), ("sauna turn_on", "sauna turn_off"), 2),
    Scenario("a timer", ("set a timer for 10 minutes", 600.0), (), 2),
    Scenario("a reminder", ("remind me at six to feed the cat", 28800.0), (), 2),
    Scenario("a deed for later", ("in ten minutes turn on the kitchen lamp", 600.0), ("kitchen_lamp turn_on",), 2),
    Scenario("every day", ("every day at 12:00 skip this song", "yes", 7200.0, 86400.0),
             ("speaker next_track", "speaker next_track"), 2),
    Scenario("a routine with a yes beforehand", ("at 11:00 open the garage door", "yes", 3600.0), ("garage open_door",), 3),
    Scenario("a deleted routine", ("in ten minutes turn on the kitchen lamp", "delete routine 1", 600.0), (), 2),
    Scenario("a deletion taken back", ("in ten minutes turn on the kitchen lamp", "delete routine 1", "undo that", 600.0),
             ("kitchen_lamp turn_on",), 4),
    Scenario("a wrong year", ("in ten minutes turn on the kitchen lamp", 1e8, -1e8, 600.0), ("kitchen_lamp turn_on",), 3),
    Scenario("an event", ("whenever the kitchen lamp goes on turn on the hall lamp", "yes", "turn on the kitchen lamp"),
             ("kitchen_lamp turn_on", "hall_lamp turn_on"), 3),
    Scenario("missed", ("every day at 12:00 turn on the kitchen lamp", "yes", 86400.0), (), 3),
)  # fmt: skip
