"""Messages that lean on what was said before them: "and the bedroom?", "a bit more", "no, the other one"."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from claw.clock import ManualClock
from tests.simulated_house import SmallHouse

HOUSE = """
areas: [{name: Galley}, {name: Den}, {name: Loft}, {name: Porch}, {name: Cellar}]
devices:
  - {id: sink, name: Sink Light, area: Galley, kind: light, state: {'on': false, brightness: 40, color: red}}
  - {id: oven, name: Oven Light, area: Galley, kind: light, state: {'on': false, brightness: 40}}
  - {id: globe, name: Globe, area: Den, kind: light, state: {'on': false, brightness: 60, color: red, color_temperature: 2700}}
  - {id: reed, name: Reading Lamp, area: Den, kind: light, state: {'on': false, brightness: 60, color: red, color_temperature: 2700}}
  - {id: beam, name: Loft Light, area: Loft, kind: light, state: {'on': false, brightness: 80, color: red, color_temperature: 2700}}
  - {id: step, name: Porch Light, area: Porch, kind: light, state: {'on': false, brightness: 80}}
  - {id: fan, name: Loft Fan, area: Loft, kind: fan, state: {'on': false, speed: 50}}
  - {id: roll, name: Loft Shade, area: Loft, kind: shade, state: {position: 50}}
  - {id: slat, name: Den Shade, area: Den, kind: shade, state: {position: 0}}
  - {id: bolt, name: Front Door Lock, area: Porch, kind: lock, state: {locked: true}}
  - {id: rear, name: Back Door Lock, area: Galley, kind: lock, state: {locked: true}}
  - {id: warm, name: Den Thermostat, area: Den, kind: thermostat, state: {temperature: 19.0, target: 20.0, mode: heat}}
  - {id: heat, name: Loft Thermostat, area: Loft, kind: thermostat, state: {temperature: 21.5, target: 20.0, mode: heat}}
  - {id: box, name: Galley Speaker, area: Galley, kind: player, state: {playback: stopped, volume: 30, muted: false}}
  - {id: tv, name: TV, area: Den, kind: player, class: tv, state: {'on': false, playback: stopped, volume: 30, muted: false}}
  - {id: list, name: Shopping List, kind: list, state: {items: [bread], done: []}}
"""


class Home(SmallHouse):
    """A simulated house in whose chat two people may write."""

    def __init__(self, folder: Path, clock: ManualClock | None = None) -> None:
        super().__init__(folder, clock, plan=HOUSE)

    async def say(self, *texts: str, **who: str) -> str:
        """Write these messages, two seconds apart; returns the last reply."""
        record: dict[str, Any] = {"reply": ""}
        for text in texts:
            self.clock.advance(2)
            record = await self.agent.say(text, **who)
        return str(record["reply"])

    def states(self) -> dict[str, dict[str, Any]]:
        return {id: dict(device.state) for id, device in self.devices.items()}

    async def changed(self, *texts: str, **who: str) -> dict[str, Any]:
        """What the last of these messages changed: "device.field" -> new value."""
        await self.say(*texts[:-1], **who)
        before = self.states()
        await self.say(texts[-1], **who)
        return {
            f"{id}.{field}": value
            for id, state in self.states().items()
            for field, value in state.items()
            if before[id].get(field) != value
        }


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    one = Home(tmp_path)
    yield one
    one.close()


FOLLOWED: list[tuple[str, str, dict[str, Any]]] = [
    # another place or thing: the verb and the kind stay
    ("turn on the porch light", "and the loft?", {"beam.on": True}),
    ("turn on the porch light", "the loft too", {"beam.on": True}),
    ("turn on the porch light", "now the reading lamp", {"reed.on": True}),
    ("turn on the porch light", "same for the loft", {"beam.on": True}),
    ("turn on the porch light", "do the same in the loft please", {"beam.on": True}),
    ("turn on the porch light", "what about the globe?", {"globe.on": True}),
    ("turn on the porch light", "also the loft fan", {"fan.on": True}),
    ("turn on the porch light", "and in the galley", {"sink.on": True, "oven.on": True}),
    ("turn on the porch light", "loft", {"beam.on": True}),
    ("turn on the porch light", "how about the loft and the den", {"beam.on": True, "globe.on": True, "reed.on": True}),
    ("set the den to 22 degrees", "and the loft", {"heat.target": 22}),
    ("set the globe to 30 %", "and the reading lamp to 10 %", {"reed.on": True, "reed.brightness": 10}),
    ("open the den shade", "and the loft", {"roll.position": 100}),
    ("dim the globe to 20 and make it blue", "same in the loft", {"beam.on": True, "beam.brightness": 20, "beam.color": "blue"}),
    ("is the porch light on?", "turn it on", {"step.on": True}),
    ("add milk to the shopping list", "and eggs", {"list.items": ["bread", "milk", "eggs"]}),
    # pronouns
    ("turn on the globe", "turn it off again", {"globe.on": False}),
    ("turn on the globe", "turn on the other one", {"reed.on": True}),
    ("turn on the galley lights", "turn them off", {"sink.on": False, "oven.on": False}),
    ("play jazz in the galley", "pause it", {"box.playback": "paused"}),
    # steps
    ("set the globe to 40", "brighter", {"globe.brightness": 60}),
    ("set the globe to 40", "a bit more", {"globe.brightness": 60}),
    ("set the globe to 40", "even brighter", {"globe.brightness": 60}),
    ("set the globe to 40", "too bright", {"globe.brightness": 20}),
    ("set the globe to 40", "that's still too dark", {"globe.brightness": 60}),
    ("set the globe to 40", "not so bright", {"globe.brightness": 20}),
    ("set the globe to 40", "not bright enough", {"globe.brightness": 60}),
    ("set the globe to 40", "10 more", {"globe.brightness": 50}),
    ("dim the globe to 40", "less", {"globe.brightness": 20}),
    ("set the volume of the galley speaker to 20", "louder", {"box.volume": 30}),
    ("set the volume of the galley speaker to 20", "not so loud", {"box.volume": 10}),
    ("set the den to 21 degrees", "a bit more", {"warm.target": 22}),
    ("set the den to 21 degrees", "too warm", {"warm.target": 20}),
    ("close the loft shade", "not so much", {"roll.position": 20}),
    ("set the globe to 40", "back to how it was", {"globe.on": False}),
    # values
    ("set the globe to 40", "no, 60", {"globe.brightness": 60}),
    ("set the globe to 40", "no, to 60", {"globe.brightness": 60}),
    ("set the globe to 40", "actually make it 60", {"globe.brightness": 60}),
    ("set the globe to 40", "make that half", {"globe.brightness": 50}),
    ("set the globe to 40", "60 instead", {"globe.brightness": 60}),
    ("set the globe to 40", "i said 60", {"globe.brightness": 60}),
    ("make the globe green", "no, blue", {"globe.color": "blue"}),
    ("make the globe green", "sorry, i meant blue", {"globe.color": "blue"}),
    ("set the den to 22 degrees", "no, 21", {"warm.target": 21}),
    ("turn on the globe", "no, off", {"globe.on": False}),
    ("turn off the globe", "actually leave it on", {"globe.on": True}),
    ("open the den shade", "halfway", {"slat.position": 50}),
    # another thing was meant: the wrong deed is taken back
    ("turn on the globe", "no, the other one", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "no i meant the porch light", {"globe.on": False, "step.on": True}),
    ("turn on the globe", "not that one, the porch light", {"globe.on": False, "step.on": True}),
    ("turn on the globe", "not the globe, the reading lamp", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "the reading lamp, not the globe", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "the reading lamp instead", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "i said the loft", {"globe.on": False, "beam.on": True}),
    ("turn on the porch light", "sorry, the loft one", {"step.on": False, "beam.on": True}),
    ("turn on the globe", "oops wrong lamp, the reading lamp", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "no, turn on the reading lamp", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "make that the porch light", {"globe.on": False, "step.on": True}),
    ("turn on the globe", "no not the globe the reading lamp", {"globe.on": False, "reed.on": True}),
    ("turn on the globe", "it's the porch light i meant", {"globe.on": False, "step.on": True}),
    ("set the den to 23 degrees", "no, the loft", {"warm.target": 20, "heat.target": 23}),
    ("open the den shade", "no, the loft", {"slat.position": 0, "roll.position": 100}),
    ("turn on the lights in the den", "no, only the globe", {"reed.on": False}),
    ("add milk to the shopping list", "no, i meant oat milk", {"list.items": ["bread", "oat milk"]}),
]  # fmt: skip


@pytest.mark.parametrize(("first", "then", "changes"), FOLLOWED, ids=[f"{one[0]} / {one[1]}" for one in FOLLOWED])
async def test_a_message_means_what_it_means_after_the_one_before(
    home: Home, first: str, then: str, changes: dict[str, Any]
) -> None:
    assert await home.changed(first, then) == changes


@pytest.mark.parametrize(
    ("first", "then", "reply"),
    [
        ("is the porch light on?", "and the loft?", "No, the loft light is off."),
        ("is the porch light on?", "what about the tv", "No, the TV is off."),
        ("is the porch light on?", "and now?", "No, the porch light is off."),
        ("how warm is it in the den?", "and the loft?", "It is 21.5 °C in the loft."),
        ("how warm is it in the den?", "no, the loft", "It is 21.5 °C in the loft."),
        ("is the front door locked?", "and the back door?", "Yes, the back door is locked."),
    ],
)
async def test_a_question_goes_on_as_a_question(home: Home, first: str, then: str, reply: str) -> None:
    await home.say(first)
    before = home.states()
    assert await home.say(then) == reply
    assert home.states() == before


NOT_FOLLOWED = """oh nice|and then we went to the loft|the loft is nice|what about dinner|same here|me too|more coffee please
less is more|too good|how about a movie in the den|and the winner is|in the morning|no light at the end of the tunnel|what about tomorrow
the den is a mess|loft smells|also i like the porch light|no, at 8|no problem|in 5 minutes|the loft looks great in blue|two
dinner in the galley|but not the porch light|sorry about the loft|i said hello|i wanted a dog|do the laundry in the loft too
the kids are in the loft|mum is in the galley too|never the porch light|maybe the porch light|no, that's fine|it's off|it's blue|no it's fine|031-45-154|no thanks|and you?
i mean it|sorry|wait what|no idea|no wonder|rather not|and so on|but why|why not the loft|is that the porch light
no, the loft is too dark to sleep in|that's too much work|not that i care|not again|more or less|never more|not enough sleep
what about my mother in the den|and if the porch light breaks|when the loft is warm""".replace("\n", "|").split("|")


@pytest.mark.parametrize("said", NOT_FOLLOWED)
async def test_what_only_looks_like_a_follow_up_does_nothing(home: Home, said: str) -> None:
    assert await home.changed("turn on the globe", said) == {}


@pytest.mark.parametrize(
    "said",
    ["and the loft?", "no, the other one", "a bit more", "blue", "no, 60", "the loft too", "back to how it was", "the loft"],
)
async def test_with_nothing_said_before_it_nothing_is_done(home: Home, said: str) -> None:
    assert await home.changed(said) == {}


# -- what the replies say


async def test_a_correction_tells_both_what_was_taken_back_and_what_was_done(home: Home) -> None:
    assert await home.say("turn on the globe", "no, the other one") == "The globe is off again. The reading lamp is on."


async def test_a_correction_of_a_correction_takes_back_only_the_last(home: Home) -> None:
    said = ("turn on the globe", "no, the porch light", "i meant the loft light")
    assert await home.changed(*said) == {"step.on": False, "beam.on": True}


async def test_what_would_need_a_yes_is_not_taken_back_and_that_is_said(home: Home) -> None:
    await home.devices["bolt"].unlock()
    await home.devices["rear"].unlock()
    reply = await home.say("lock the front door", "no, the back door")
    assert reply == "The back door is locked. I left the front door lock as it is: to change that back I need a yes."
    assert home.devices["bolt"].state["locked"]


async def test_what_was_so_before_stays_so(home: Home) -> None:
    await home.say("turn on the globe", "turn on the porch light")
    assert await home.say("turn on the globe", "no, the loft") == "The loft light is on. I left the globe as it is."
    assert home.devices["globe"].state["on"]


async def test_a_correction_that_is_not_understood_takes_nothing_back(home: Home) -> None:
    assert (
        await home.say("turn on the globe", "no, the cellar light")
        == "There is no light in the cellar. I left the globe as it is."
    )
    assert home.devices["globe"].state["on"]


async def test_a_correction_with_two_candidates_asks_and_then_takes_back(home: Home) -> None:
    assert await home.say("turn on the porch light", "no, the galley one") == "Which one: 1 Sink Light, 2 Oven Light?"
    assert home.devices["step"].state["on"]
    assert await home.changed("2") == {"step.on": False, "oven.on": True}


async def test_wrong_lamp_offers_and_the_next_words_say_what_was_meant(home: Home) -> None:
    assert (await home.say("turn on the globe", "wrong lamp")).startswith("Say “undo that”")
    assert await home.changed("the reading lamp") == {"globe.on": False, "reed.on": True}


async def test_a_value_that_the_device_does_not_take_is_refused(home: Home) -> None:
    assert await home.say("turn on the porch light", "no, blue") == "The porch light cannot show colours."


async def test_a_correction_right_after_which_one_is_the_choice(home: Home) -> None:
    assert (await home.say("turn on the lamp in the galley")).startswith("Which one")
    assert await home.changed("i meant the sink light") == {"sink.on": True}


async def test_a_chosen_one_is_what_it_means(home: Home) -> None:
    await home.say("turn on the lamp in the galley", "1")
    assert await home.changed("make it blue") == {"sink.color": "blue"}


async def test_undo_after_a_follow_up_takes_back_that_one(home: Home) -> None:
    assert await home.changed("turn on the porch light", "and the loft", "undo that") == {"beam.on": False}


async def test_a_correction_may_be_said_again_when_it_was_not_understood(home: Home) -> None:
    said = ("turn on the globe", "no, the thingamajig", "no, the porch light")
    assert await home.changed(*said) == {"globe.on": False, "step.on": True}


async def test_after_an_undo_it_is_said_what_was_meant(home: Home) -> None:
    assert await home.changed("turn on the globe", "undo that", "the porch light instead") == {"step.on": True}


# -- safety


async def test_a_yes_is_needed_for_what_it_means_too(home: Home) -> None:
    assert await home.say("is the front door locked?", "unlock it") == "Unlock the front door? Yes or no?"
    assert await home.say("no, the back door") == "Unlock the back door? Yes or no?"
    assert await home.changed("yes") == {"rear.locked": False}


async def test_another_person_in_the_same_chat_is_not_understood_by_my_it(home: Home) -> None:
    for name in ("Ann", "Ben"):
        home.agent.people.add(name, "adult")
    await home.say("turn on the globe", person="ann", chat="family")
    for said in ("turn it off", "and the loft", "no, the other one", "a bit more"):
        assert await home.changed(said, person="ben", chat="family") == {}
    assert await home.changed("turn it off", person="ann", chat="family") == {"globe.on": False}


async def test_another_chat_has_its_own_topic(home: Home) -> None:
    await home.say("turn on the globe", chat="one")
    assert await home.changed("turn it off", chat="two") == {}


async def test_after_ten_minutes_of_silence_it_means_nothing(home: Home) -> None:
    await home.say("turn on the globe")
    home.clock.advance(590)
    await home.say("hello")
    home.clock.advance(590)
    assert await home.changed("turn it off") == {"globe.on": False}
    home.clock.advance(601)
    assert await home.changed("turn it on") == {}


async def test_after_a_restart_it_means_nothing(home: Home, tmp_path: Path) -> None:
    await home.say("turn on the globe")
    home.recorder.flush()
    again = Home(tmp_path, home.clock)
    assert await again.changed("turn it off") == {}
    assert await again.changed("turn on the porch light", "turn it off") == {"step.on": False}


async def test_a_routine_is_read_without_what_was_spoken_of(home: Home) -> None:
    await home.say("turn on the globe")
    for kind, devices in (("message", ("globe",)), ("routine", ())):
        message = home.agent.inbox.put("turn off", key=kind, bridge="terminal", chat="terminal", kind=kind)
        assert message is not None
        assert home.agent.deciding.context(message).topic.devices == devices


async def test_thanks_leaves_the_topic_but_ends_corrections(home: Home) -> None:
    assert await home.changed("turn on the porch light", "thanks", "no, the loft") == {}
    assert await home.changed("and the loft?") == {"beam.on": True}


async def test_what_will_be_done_later_is_kept_by_its_name(home: Home) -> None:
    assert (await home.say("turn on the globe", "turn it off in 10 minutes")).startswith("I will turn off the globe at")
    (kept,) = home.agent.routines.all()
    assert kept.do == "turn the globe off"


async def test_a_reminder_keeps_its_own_it(home: Home) -> None:
    await home.say("turn on the globe", "remind me at noon to feed it")
    assert [one.do for one in home.agent.routines.all()] == ["feed it"]


async def test_a_wish_without_a_thing_goes_to_what_was_spoken_of_before_the_speakers_room(home: Home) -> None:
    await home.say("set the globe to 40", area="Loft")
    assert await home.changed("brighter", area="Loft") == {"globe.brightness": 60}


async def test_a_part_of_a_message_may_mean_what_the_part_before_named(home: Home) -> None:
    assert await home.changed("turn on the tv and mute it") == {"tv.on": True, "tv.muted": True}
    assert await home.changed("close the loft shade and then open it halfway") == {}  # one message, two opposite wishes


async def test_reading_a_follow_up_is_fast(home: Home) -> None:
    await home.say("turn on the globe")
    message = home.agent.inbox.put("x", key="x", bridge="terminal", chat="terminal")
    assert message is not None
    context = home.agent.deciding.context(message)
    for said in ("and the loft?", "no, the other one", "a bit more", "the weather is fine, is it not?"):
        home.reader.following.read(said, context)
        began = time.process_time()
        for _ in range(50):
            home.reader.following.read(said, context)
        assert (time.process_time() - began) / 50 < 0.003, said
