"""Random houses, and the ways in which people call what is in them: the words that a template's slots are filled with.

Covered: rooms, floors, names with owners, places, makers and made-up words; groups, exceptions, pairs, pronouns, words that
this house does not know. Not covered: languages other than English.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from claw.reflex.tokens import Lexicon

ROOMS = """kitchen|living room|lounge|sitting room|den|study|office|home office|bedroom|master bedroom|main bedroom|guest room|guest bedroom|
spare room|kids room|nursery|playroom|bathroom|master bathroom|guest bathroom|ensuite|toilet|wc|powder room|hall|hallway|corridor|entrance|
entry|entryway|foyer|lobby|landing|stairs|staircase|stairwell|attic|loft|basement|cellar|wine cellar|garage|carport|workshop|shed|laundry|
laundry room|utility room|pantry|larder|dining room|breakfast nook|breakfast room|conservatory|sunroom|winter garden|library|music room|
media room|cinema|home theater|gym|fitness room|sauna|spa|pool|pool house|pool area|terrace|balcony|porch|front porch|back porch|patio|deck|
veranda|garden|front garden|back garden|backyard|front yard|yard|driveway|courtyard|greenhouse|barn|stable|studio|gallery|atrium|closet|
walk in closet|dressing room|wardrobe|mudroom|boot room|boiler room|server room|tool shed|game room|games room|craft room|sewing room|
yoga room|reading corner|roof terrace|rooftop|boat house|summer house|cabin|annex|granny flat|storage|storage room|box room|snug|parlor|
great room|family room|tv room|rec room|bar|east wing|west wing|chapel|kitchenette|meeting room|reception""".replace(
    "\n", ""
).split("|")
FLOORS = "ground floor|first floor|second floor|third floor|top floor|upper floor|lower floor|upstairs|downstairs|basement|attic|main floor".split(
    "|"
)
PEOPLE = """lena|max|anna|tom|lisa|ben|mia|noah|emma|liam|olivia|sophie|jack|ella|grandma|grandpa|mom|dad|mum|kate|paul|maria|ahmed|priya|
wei|yuki|ivan|olga|lars|ingrid|pedro|carla|luca|giulia|sam|alex|charlie|zoe|finn|rosa|amir|fatima|nina|oscar""".replace(
    "\n", ""
).split("|")
KIN = "my daughter|my son|our son|the kids|the baby|my wife|my husband|the children|my sister|the twins|the boys|the girls|the guests".split(
    "|"
)
MAKERS = """philips|hue|ikea|osram|lifx|nanoleaf|yeelight|sonos|bose|samsung|lg|sony|apple|jbl|denon|yale|nuki|august|schlage|nest|ecobee|
tado|honeywell|netatmo|bosch|miele|dyson|roomba|roborock|irobot|xiaomi|tuya|shelly|sonoff|tp link|kasa|wemo|eve|aqara|somfy|velux|hunter|
gardena|rachio|ring|arlo|reolink|daikin|mitsubishi|panasonic|vaillant|gree|jacuzzi""".replace("\n", "").split("|")
PIECES = """desk|floor|table|bedside|ceiling|wall|reading|corner|window|sofa|couch|bed|mirror|vanity|counter|island|pendant|sink|stove|
shelf|bookshelf|piano|aquarium|tree|path|gate|fence|door|front|back|side|left|right|big|small|little|tall|old|new|main|night|accent|mood|
spot|strip|string|fairy|standing|hanging|salt|lava|star|moon|paper|arc|tripod|top|bottom|middle|east|west|north|south|outer|inner|
upper|lower|cabinet|under cabinet|closet|workbench|makeup|tv|monitor|wardrobe|stair|porch|flood|security|motion|christmas|party|study""".replace(
    "\n", ""
).split("|")
NOUNS: dict[str, Sequence[str]] = {
    "light": "light|lamp|lights|bulb|lightstrip|chandelier|spots|spotlight|spotlights|lantern|sconce|downlights|led strip|light bar|lighting|ceiling light|led|candle|uplighter|night light".split("|"),
    "switch": """plug|outlet|socket|switch|coffee machine|coffee maker|kettle|toaster|heater|iron|printer|pump|fountain|humidifier|dehumidifier|
charger|christmas tree|fish tank|aquarium|dishwasher|washing machine|dryer|freezer|fridge|oven|microwave|rice cooker|computer|
monitor|router|amplifier|projector|radio|electric blanket|towel rail|bird bath|air purifier|smart plug|power strip|wine cooler|
slow cooker|soldering iron|3d printer|game console|water pump|diffuser|boiler|garden lights|decoration|extension cord""".replace("\n", "").split("|"),
    "fan": "fan|ceiling fan|ventilator|extractor|extractor fan|exhaust fan|tower fan|air circulator|hood|desk fan".split("|"),
    "shade": "blind|blinds|curtain|curtains|shade|shades|shutter|shutters|awning|drapes|roller blind|venetian blind|roller shutter|sunshade|window|skylight|roof window|velux|canopy|screen".split("|"),
    "door": "garage door|gate|garage|front gate|driveway gate|sliding door|patio door|barn door|carport door|big gate|entrance gate|pet door|side gate|garage gate".split("|"),
    "lock": "lock|door lock|front door|back door|side door|smart lock|deadbolt|entrance door|patio door|cellar door|gate lock|shed door|front door lock|main door|apartment door|safe".split("|"),
    "thermostat": "thermostat|ac|air conditioner|air conditioning|heating|radiator|climate|aircon|heat pump|floor heating|underfloor heating|air con|a c|hvac|radiator valve|temperature|split unit|mini split".split("|"),
    "heater": "pool|spa|hot tub|water heater|sauna|jacuzzi|boiler|hot water|pool heater|swimming pool|towel heater|space heater|infrared heater|whirlpool|shower".split("|"),
    "player": "speaker|speakers|sonos|radio|stereo|soundbar|hifi|homepod|music system|record player|echo|one|play 1|play 5|beam|sub|boombox|bookshelf speakers|sound system|alarm clock radio".split("|"),
    "tv": "tv|television|telly|projector|apple tv|big tv|smart tv|chromecast|fire tv|screen|oled|home cinema".split("|"),
    "vacuum": "vacuum|robot|roomba|hoover|vacuum cleaner|robot vacuum|robovac|mop|roborock|dustin|cleaner|mopping robot|rosie|sir sucks a lot".split("|"),
    "valve": "sprinkler|sprinklers|irrigation|valve|water valve|garden hose|drip line|garden water|main valve|gas valve|lawn sprinkler|hose|garden tap|water main|drip irrigation|shut off valve".split("|"),
    "camera": "camera|cam|doorbell|doorbell camera|webcam|baby monitor|security camera|door cam".split("|"),
    "alarm": "alarm|alarm system|security system|burglar alarm|house alarm|security".split("|"),
    "list": "shopping list|grocery list|to do list|todo list|packing list|chores list|list|groceries|wish list|task list|hardware store list|party list|tasks|todos|menu".split("|"),
    "sensor": "sensor|motion sensor|thermometer|humidity sensor|window sensor|door sensor|leak sensor|smoke detector|co2 sensor|temperature sensor|rain gauge|weather station|air quality sensor|water leak sensor|window contact|mailbox sensor|hygrometer".split("|"),
}  # fmt: skip
GROUPS: dict[str, Sequence[str]] = {  # a word of the kind, in the plural
    "light": "lights|lamps|bulbs|lighting|ceiling lights|spots".split("|"), "switch": "plugs|outlets|sockets|switches|appliances".split("|"),
    "fan": "fans|ceiling fans|ventilators".split("|"), "shade": "blinds|shades|curtains|shutters|drapes|windows|awnings|covers".split("|"),
    "door": "garage doors|gates|garages|doors".split("|"), "lock": "doors|locks|door locks".split("|"),
    "thermostat": "thermostats|radiators|heating|acs|air conditioners".split("|"), "heater": "heaters|pools".split("|"),
    "player": "speakers|music|players|sonos|radios|sound|audio".split("|"), "tv": "tvs|televisions|screens".split("|"),
    "vacuum": "vacuums|robots|hoovers".split("|"), "valve": "sprinklers|valves|irrigation".split("|"), "camera": "cameras|cams".split("|"),
    "alarm": "alarms|alarm".split("|"), "list": "lists|list".split("|"), "sensor": "sensors|detectors|windows|doors".split("|"),
}  # fmt: skip
SINGLE: dict[str, Sequence[str]] = {  # what people call the only one
    "light": "light|lamp|bulb".split("|"), "switch": "plug|outlet|socket|switch|coffee machine|coffee|kettle|iron|heater|pump|fountain".split("|"),
    "fan": "fan|ventilator|ceiling fan|extractor".split("|"), "shade": "blind|shade|curtain|shutter|awning|window|skylight".split("|"),
    "door": "garage|garage door|gate|door".split("|"), "lock": "door|lock|front door|back door".split("|"),
    "thermostat": "thermostat|heating|heat|ac|radiator|temperature|air con|a/c|air conditioning|climate|temp|aircon".split("|"),
    "heater": "pool|spa|hot tub|water heater|sauna|boiler|hot water|jacuzzi".split("|"),
    "player": "music|speaker|radio|sonos|stereo|sound|player|song|soundbar|volume".split("|"), "tv": "tv|telly|television|projector".split("|"),
    "vacuum": "vacuum|robot|hoover|roomba|vac|robot vacuum|cleaner".split("|"), "valve": "sprinkler|water|valve|irrigation|garden hose".split("|"),
    "camera": "camera|cam|doorbell".split("|"), "alarm": "alarm|alarm system|security system".split("|"),
    "list": "list|shopping list|todo list|to do list|groceries".split("|"), "sensor": "sensor|thermometer|detector".split("|"),
}  # fmt: skip
UNIONS = {  # slots that stand for several kinds
    "power": ("light", "light", "light", "switch", "switch", "fan", "player", "tv", "thermostat", "heater", "vacuum", "camera"),
    "opener": ("shade", "shade", "door", "valve"),
    "any": ("light", "light", "switch", "fan", "shade", "door", "lock", "thermostat", "heater", "player", "tv", "vacuum", "valve", "alarm", "sensor"),
}  # fmt: skip
PRONOUNS = "it|it|it|them|that|this|those|these|that one|the other one|the others|this one|both|both of them|all of them|the rest|that thing|the same|the second one|the first one|the left one|the right one".split(
    "|"
)
UNKNOWN = """fireplace|shower|bathtub|aquarium|terrarium|fountain|waterfall|bird feeder|dishwasher|washing machine|dryer|oven|stove|hob|grill|barbecue|
kettle|toaster|blender|freezer|fridge|ice maker|wine fridge|water cooler|coffee grinder|espresso machine|microwave|bread maker|towel warmer|
bidet|hair dryer|curling iron|razor|scale|massage chair|recliner|bed|mattress|electric blanket|crib mobile|night light|white noise machine|
snow melter|pond pump|pool cover|pool robot|ev charger|car charger|wallbox|battery|solar panels|inverter|ups|nas|server|router|modem|3d printer|
laminator|shredder|projector screen|karaoke machine|piano|organ|drum kit|arcade|pinball|punching bag|rowing machine|exercise bike|train set|
neon sign|star projector|fog machine|laser|strobe|dimmer|scene|partition|room divider|lift|stairlift|safe|letterbox|flagpole|weather vane|
flux capacitor|trebuchet|hamster wheel|disco ball|jukebox|waffle iron|lawn mower|car|bicycle|elevator|dragon|popcorn machine|
treadmill|sewing machine|telescope|drone|doorbell|intercom|cat flap|chicken coop|beehive|helicopter|time machine|drawbridge|escalator""".replace(
    "\n", ""
).split("|")
SYLLABLES = "ba|ko|ri|mi|ta|lu|ne|so|vi|da|zu|pe|gra|sten|hol|mar|quin|ber|tri|fa|jo|wex|lin|dor|ash|el".split("|")
WHERE = "in|in|in|in|in|on|at|of|from|inside|over in|out on".split("|")
BESIDE = "next to|by|near|on|above|over|under|behind|beside|at".split("|")
SPOTS = "desk|sofa|couch|bed|window|door|table|counter|sink|stove|tv|piano|bookshelf|stairs|mirror|corner|wall|aquarium|armchair|crib".split(
    "|"
)


@dataclass
class RandomHouse:
    """A house of random rooms and devices; `lexicon` flags its words."""

    rng: random.Random
    areas: list[str] = field(default_factory=list)
    floors: list[str] = field(default_factory=list)
    devices: list[tuple[str, str, str]] = field(default_factory=list)  # kind, name, area

    def __post_init__(self) -> None:
        rng = self.rng
        self.areas = [self._room() for _ in range(rng.randint(2, 14))]
        self.floors = rng.sample(FLOORS, rng.randint(0, 3))
        for kind in NOUNS:
            for _ in range(rng.choice((1, 1, 2, 3) if kind != "light" else (2, 4, 6, 8))):
                area = rng.choice(self.areas)
                self.devices.append((kind, self._name(kind, area), area))
        self.lexicon = Lexicon([name for _, name, _ in self.devices], self.areas, self.floors)

    def _room(self) -> str:
        rng, luck = self.rng, self.rng.random()
        if luck < 0.78:
            return rng.choice(ROOMS)
        if luck < 0.88:
            return f"{rng.choice(PEOPLE)}'s {rng.choice(('room', 'bedroom', 'office', 'bathroom', 'den', 'studio'))}"
        if luck < 0.95:
            return (
                f"{rng.choice(ROOMS)} {rng.randint(1, 4)}" if rng.random() < 0.5 else f"{rng.choice(PIECES)} {rng.choice(ROOMS)}"
            )
        return invented(rng) + rng.choice(("", " room", " suite", " hall"))

    def _name(self, kind: str, area: str) -> str:
        rng, luck = self.rng, self.rng.random()
        noun = rng.choice(UNKNOWN if kind in ("switch", "heater", "valve") and rng.random() < 0.3 else NOUNS[kind])
        if luck < 0.34:
            return f"{area} {noun}"
        if luck < 0.56:
            return f"{rng.choice(PIECES)} {noun}"
        if luck < 0.66:
            return noun
        if luck < 0.73:
            return f"{rng.choice(PEOPLE)}'s {noun}"
        if luck < 0.79:
            return f"{area} {rng.choice(PIECES)} {noun}"
        if luck < 0.84:
            return f"{rng.choice((*MAKERS, 'smart', 'smart', 'smart', 'main'))} {noun}"
        if luck < 0.89:
            return f"{noun} {rng.randint(1, 9)}"
        if luck < 0.93:
            return f"{invented(rng)} {noun}"
        return invented(rng) if luck < 0.96 else rng.choice(PIECES + PEOPLE)

    # -- how people call it

    def place(self) -> str:
        """A room or floor, with or without its article; no preposition."""
        rng, luck = self.rng, self.rng.random()
        area = rng.choice(self.areas) if luck < 0.8 else rng.choice(ROOMS)
        if luck < 0.55:
            return f"the {area}" if not area.startswith(tuple(PEOPLE)) else area
        if luck < 0.82:
            return area
        if luck < 0.88:
            return f"{rng.choice(('my', 'our', 'the whole', 'the entire'))} {area}"
        if luck < 0.95:
            return rng.choice(("the house", "the whole house", "the apartment", "my room", "this room", *(f"the {f}" for f in FLOORS[:7]), "outside", "the flat", "upstairs"))  # fmt: skip
        return f"{rng.choice(KIN)}'s {rng.choice(('room', 'bedroom', 'bathroom'))}"

    def here(self) -> str:
        """Where the speaker is, with its preposition."""
        return self.rng.choice(("in here", "here", "in this room", "in here", "over here", "where i am"))

    def target(self, slot: str) -> str:
        """A noun phrase for devices of the slot's kind."""
        rng, luck = self.rng, self.rng.random()
        if slot == "all":
            return rng.choice(("everything", "everything", "all", "the whole house", "everything in the house", "everything here", f"everything in {self.place()}", f"all of {self.place()}", "the entire house", "all devices", "every device", f"everything {rng.choice(('upstairs', 'downstairs', 'outside'))}", f"everything {self.but(rng.choice(list(NOUNS)))}"))  # fmt: skip
        kind = rng.choice(UNIONS[slot]) if slot in UNIONS else slot
        if luck < 0.08 and slot in ("light", "power", "any"):
            return rng.choice(PRONOUNS)
        if luck < 0.14:
            return f"{self.one(kind)} {rng.choice(('and', 'and', 'and', 'as well as', '&', ','))} {self.one(kind if rng.random() < 0.6 else rng.choice(UNIONS['power']))}"
        if luck < 0.19:
            return f"{self.group(kind)} {self.but(kind)}"
        return self.group(kind) if luck < 0.38 else self.one(kind)

    def but(self, kind: str) -> str:
        """An exception."""
        rng = self.rng
        word = rng.choice(
            ("except", "but", "except for", "apart from", "but not", "other than", "excluding", "besides", "without")
        )
        what = (
            self.one(kind)
            if rng.random() < 0.5
            else self.place()
            if rng.random() < 0.6
            else f"{rng.choice(('in', 'on'))} {self.place()}"
        )
        return f"{word} {what}" + (f" and {self.place()}" if rng.random() < 0.15 else "")

    def group(self, kind: str) -> str:
        """Several of a kind."""
        rng = self.rng
        noun, area = rng.choice(GROUPS[kind]), rng.choice(self.areas)
        where = f"{rng.choice(WHERE)} {self.place()}"
        head = rng.choice(("the", "the", "all", "all the", "all of the", "every", "all my", "my", "both", "both the", "", "", "each", "the other", "any", "these", "those"))  # fmt: skip
        tail = rng.choice(("", "", where, where, "upstairs", "downstairs", "outside", "in the house", "everywhere", "in here", "inside", "at home", "on the first floor"))  # fmt: skip
        form = rng.random()
        if form < 0.45:
            return f"{head} {noun} {tail}".strip()
        if form < 0.85:
            return f"{head} {area} {noun}".strip()
        return f"{head} {rng.choice(('upstairs', 'downstairs', 'outdoor', 'outside', 'indoor', 'garden', *self.areas))} {noun}".strip()

    def one(self, kind: str) -> str:
        """A single device, more or less by its name."""
        rng, luck = self.rng, self.rng.random()
        _, name, area = rng.choice([one for one in self.devices if one[0] == kind])
        the = rng.choice(("the ", "the ", "the ", "", "", "my ", "our ", "that ", "a ", "this "))
        noun = rng.choice(SINGLE[kind])
        if luck < 0.40:
            words = name.split()
            if len(words) > 1 and luck < 0.16:  # a part of its name
                parts = [words[1:], words[1:], words[1:], words[:-1], words[::-1]]
                words = rng.choice([*parts, [*words[:-2], words[-1]]] if len(words) > 2 else parts)
            return the + " ".join(words)
        if luck < 0.55:
            return the + noun
        if luck < 0.66:
            return f"{the}{noun} {rng.choice(WHERE)} {self.place()}"
        if luck < 0.77:
            return f"{the}{area} {noun}"
        if luck < 0.82:
            return f"{the}{name} {rng.choice(WHERE)} {self.place()}"
        if luck < 0.86:
            return f"{the}{noun} {rng.choice(BESIDE)} the {rng.choice(SPOTS)}"
        if luck < 0.89:
            return f"{the}{rng.choice(MAKERS)} {noun}"
        if luck < 0.92:
            return f"{rng.choice(KIN + PEOPLE)}'s {noun}"
        if luck < 0.95:
            return the + rng.choice(UNKNOWN)
        if luck < 0.97:
            return f"{the}{area}"
        return f"{the}{rng.choice(PIECES)} {noun}"


def invented(rng: random.Random) -> str:
    """A word of no language."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3)))
