"""Random values as people say them: numbers, colours, titles, list items, times and conditions."""

import random
from collections.abc import Callable

from claw.reflex.numbers import NUMBERS, TENS
from training.houses import PEOPLE, invented

COLORS = """red|green|blue|yellow|orange|purple|pink|white|violet|turquoise|cyan|magenta|gold|lime|teal|indigo|salmon|coral|lavender|crimson|
navy|olive|beige|ivory|maroon|aqua|silver|light blue|dark blue|light green|dark red|sky blue|hot pink|deep purple|royal blue|pale yellow|
lilac|peach|amber|forest green|brown|tomato|chocolate|khaki|plum|orchid|tan|dark orange|light pink|mint|fuchsia""".replace(
    "\n", ""
).split("|")
WHITES = "warm white|cool white|cold white|neutral white|daylight|candlelight|candle light|soft white|warm|cold|neutral|cosy|cozy|bright white|day light|natural white|relaxing white|concentrate".split(
    "|"
)
MODES = "heat|heating|cool|cooling|auto|automatic|dry|fan only|fan|heat cool|eco|off|heat and cool|dehumidify".split("|")
ALARM = "home|away|night|stay|sleep|vacation".split("|")
STATES = "on|on|on|off|off|open|open|closed|shut|locked|unlocked|playing|paused|muted|running|docked|dry|wet|cleaning|up|down|active|lit|charging|armed|going|turned on|turned off|switched off|switched on|still on|still open|idle".split(
    "|"
)
LEVELS = "low|medium|high|full|max|maximum|minimum|half|slow|fast|the lowest|the highest|full speed|top speed".split("|")
NOTICED = "motion|movement|smoke|a leak|leak|water leak|leaks|carbon monoxide|gas|water".split("|")
SOURCES = "hdmi 1|hdmi 2|hdmi one|netflix|spotify|aux|bluetooth|line in|radio|youtube|chromecast|tv|playstation|xbox|the xbox|apple tv|disney plus|optical|usb|airplay|dab|phono|the ps5|plex|cable|antenna|bbc one|channel 4|cnn|prime video|the nintendo".split(
    "|"
)
GENRES = "jazz|rock|classical|classical music|hip hop|techno|house music|folk|country|blues|reggae|metal|pop|lofi|ambient|piano music|christmas songs|dinner music|party music|kids songs|white noise|rain sounds|an audiobook|the news|radio 4|bbc radio 2|p3|npr|my playlist|my running playlist|relaxing music|my favourites|something calm|something|some music|music|opera|film music|salsa|disco|punk|soul|a podcast|the daily podcast|80s hits|dance music|yoga music|sleep sounds".split(
    "|"
)
ARTISTS = "the beatles|queen|adele|miles davis|bach|mozart|taylor swift|daft punk|abba|radiohead|nina simone|u2|coldplay|drake|beethoven|pink floyd|bob marley|madonna|the rolling stones|fleetwood mac|kraftwerk|bjork|led zeppelin|muse|ac dc|billie eilish|chopin|johnny cash|nirvana|sting|green day|the doors|lights|open mike eagle|kitchens of distinction|the lamps".split(
    "|"
)
TITLES = "abbey road|bohemian rhapsody|hello|kind of blue|shake it off|yesterday|one more time|dancing queen|creep|feeling good|with or without you|yellow|moonlight sonata|the wall|no woman no cry|like a prayer|paint it black|dreams|autobahn|stairway to heaven|purple rain|thriller|let it be|hotel california|light my fire|closing time|blue monday|here comes the sun|the four seasons|harry potter|frozen|stranger things|the office|peppa pig|lights out|turn the page|open your eyes".split(
    "|"
)
ITEMS = "milk|eggs|bread|butter|two lemons|cat food|coffee beans|olive oil|toilet paper|a birthday card|washing powder|apples|three bananas|red wine|light bulbs|batteries|aa batteries|oat milk|tomatoes|chicken|rice|pasta|cheese|six beers|nappies|onions|garlic|salt and pepper|shampoo|toothpaste|sunscreen|call the dentist|pay the rent|book flights|water the plants|fix the door|clean the windows|return the parcel|a new lamp|dog treats|flour|sugar|yoghurt|dishwasher tablets|ice cream|a bag of potatoes|fresh basil|oranges|ground beef|paper towels|hand soap|wash the car|buy stamps|mow the lawn|lock for the shed|paint".split(
    "|"
)
MORE_ITEMS = """yeast|soap|nails|screws|a hammer|rope|glue|tape|string|candles|matches|charcoal|firewood|straw|hay|oats|corn|seeds|compost|fertilizer|
pots|pellets|nuts|raisins|honey|jam|mustard|ketchup|mayo|soy sauce|vinegar|curry|cumin|paprika|chilli|ginger|lemongrass|noodles|tofu|lentils|
chickpeas|beans|peas|spinach|lettuce|cucumber|carrots|potatoes|leeks|mushrooms|avocados|mangoes|grapes|melon|plums|pears|salmon|tuna|shrimp|
bacon|ham|sausages|steak|mince|lamb|turkey|tortillas|crackers|cereal|muesli|porridge|biscuits|cake|chocolate|crisps|popcorn|juice|lemonade|cola|
sparkling water|wine|gin|rum|tea|decaf|cream|sour cream|feta|mozzarella|parmesan|tampons|razors|deodorant|conditioner|plasters|paracetamol|
vitamins|bleach|sponges|bin bags|foil|napkins|straws|balloons|wrapping paper|stamps|envelopes|pens|printer paper|ink|socks|a gift for mum|
dentist appointment|passport renewal|haircut|oil change|tax return|library books|dry cleaning|dog food|wormer|litter|fish food|hamster bedding""".replace(
    "\n", ""
).split("|")
MEASURES = "two bags of|a bag of|a pack of|a box of|three cans of|a bottle of|some|more|a few|a dozen|two kilos of|a pound of|half a litre of|a jar of|six|10|four|a tray of|a couple of|extra".split(
    "|"
)
FRACTIONS = "half|a half|a third|two thirds|a quarter|three quarters|one quarter|halfway|half way|one third|fifty fifty".split(
    "|"
)
THINGS_DONE = "it rains|it snows|i come home|i get home|i leave|we leave|everyone is asleep|the kids are in bed|the film is over|the movie ends|dinner is ready|it gets dark|it gets cold|the sun sets|the sun comes up|nobody is home|somebody rings|the doorbell rings|the phone rings|the alarm goes off|we are back|mum calls|the timer is done|the washing machine is done|the dog barks|i say so|you see motion|there is motion|the wind picks up|it is windy|the electricity is cheap|i fall asleep|i wake up|the mail arrives|it gets too warm|guests arrive|you hear a noise|the laundry is finished|the song ends|it stops raining|everybody left|the baby cries|{person} comes home|{person} leaves|{person} calls|{person} gets here|{person} is asleep|the sun is down|i'm away|i am on holiday|we have dinner|i work late|power is back".split(
    "|"
)
TALK = "i'm going to bed|going to bed|we're leaving|we are off now|i'm home|i am leaving|good night|good morning|good evening|goodnight everyone|we're home|it's late|bedtime|movie time|film night|dinner time|i'm tired|time for bed|i can't sleep|the kids are asleep|guests are here|i'm cold|i'm hot|time to wake up|time to get up|party time|i have a headache|i'm back|heading out|off to work|we're back|i'm working|so dark|brr|ugh|hello|hi there|it's movie time|the film starts|lunch is ready|i'm in the shower|the baby sleeps|it's raining|it is getting dark|sun is blinding me".split(
    "|"
)

Rng = random.Random


def spelt(n: int) -> str:
    """A number from 1 to 99 in words."""
    words = {value: word for word, value in NUMBERS.items()}
    if n in words:
        return words[n]
    ten = next(word for word, value in TENS.items() if value == n // 10 * 10)
    return ten if n % 10 == 0 else f"{ten}{random.Random(n).choice(('-', ' '))}{words[n % 10]}"


def number(rng: Rng) -> str:
    """A bare number from 1 to 100."""
    n = rng.choice((rng.randint(1, 100), rng.randint(1, 20) * 5, rng.randint(1, 10) * 10))
    return spelt(n) if n < 100 and rng.random() < 0.2 else str(n)


def percent(rng: Rng) -> str:
    """A share of a hundred."""
    return rng.choice(
        (
            *(f"{number(rng)}{unit}" for unit in ("%", " %", " percent", " per cent", " percent", "%", "%", "pct")),
            rng.choice(FRACTIONS),
        )
    )


def degrees(rng: Rng) -> str:
    """A temperature."""
    if rng.random() < 0.2:
        return (
            f"{rng.randint(55, 110)}{rng.choice((' degrees', 'f', ' f', '°f', '°', ' degrees fahrenheit', ' fahrenheit', 'F'))}"
        )
    n = rng.choice((rng.randint(5, 40), rng.randint(16, 26), rng.randint(16, 26)))
    said = spelt(n) if rng.random() < 0.25 else f"{n}.5" if rng.random() < 0.12 else str(n)
    return said + rng.choice(
        (" degrees", " degrees", "°", "°c", " c", "c", " celsius", " degrees celsius", " deg", "", "", " and a half", " degree")
    )


def by(rng: Rng) -> str:
    """A step."""
    return rng.choice((number(rng), percent(rng), f"{rng.randint(1, 5)} degrees", f"{spelt(rng.randint(1, 9))} degrees", "a degree", "one degree", "half a degree", f"{rng.randint(1, 20)} points", f"{rng.randint(1, 4)} notches", f"{rng.randint(1, 3)}c", "a couple of degrees", "two", "five", "ten"))  # fmt: skip


def media(rng: Rng) -> str:
    """Something to play."""
    form = rng.random()
    if form < 0.35:
        return rng.choice(("", "", "some ", "a bit of ", "more ")) + rng.choice(GENRES)
    if form < 0.55:
        return rng.choice(
            ("", "", "some ", "songs by ", "music by ", "something by ", "the new album by ", "the best of ")
        ) + rng.choice(ARTISTS)
    if form < 0.8:
        return rng.choice(TITLES) + rng.choice(("", f" by {rng.choice(ARTISTS)}", f" from {rng.choice(ARTISTS)}"))
    return " ".join(
        rng.choice((invented(rng), rng.choice(PEOPLE), rng.choice(COLORS), rng.choice(TITLES))) for _ in range(rng.randint(1, 3))
    )


def item(rng: Rng) -> str:
    """Something on a list."""
    several = rng.choices((1, 2, 3), (0.78, 0.16, 0.06))[0]
    things = [
        rng.choice((rng.choice(ITEMS), rng.choice(MORE_ITEMS), rng.choice(MORE_ITEMS))) if rng.random() < 0.85 else invented(rng)
        for _ in range(several)
    ]
    things = [f"{rng.choice(MEASURES)} {one}" if rng.random() < 0.15 else one for one in things]
    return things[0] + "".join(rng.choice((" and ", ", ", ", and ", " & ")) + one for one in things[1:])


def kelvin(rng: Rng) -> str:
    """A colour temperature."""
    return f"{rng.randrange(2000, 6600, 100)}{rng.choice(('k', ' k', ' kelvin', 'K', ' kelvins'))}"


def hour(rng: Rng) -> str:
    """A time of day."""
    h, m = rng.randint(0, 23), rng.choice(("00", "15", "30", "45", "05", "20"))
    return rng.choice((f"{h}:{m}", f"{h % 12 + 1}", f"{h % 12 + 1} {rng.choice(('am', 'pm'))}", f"{h % 12 + 1}{rng.choice(('am', 'pm'))}", f"{h % 12 + 1}:{m} {rng.choice(('am', 'pm'))}", f"half past {spelt(h % 12 + 1)}", f"{spelt(h % 12 + 1)} o'clock", f"quarter to {spelt(h % 12 + 1)}", "noon", "midnight", "sunset", "sunrise", spelt(h % 12 + 1), f"{h}.{m}", f"{h}h"))  # fmt: skip


def span(rng: Rng) -> str:
    """A length of time."""
    n, unit = rng.randint(2, 90), rng.choice(("minutes", "minutes", "hours", "seconds", "min", "mins", "days", "weeks"))
    return rng.choice((f"{n} {unit}", f"{spelt(n)} {unit}", "an hour", "half an hour", "a minute", "a while", "a quarter of an hour", "an hour and a half", "a few minutes", "a couple of hours", f"{n}min", f"{n}s", "a moment", "ten"))  # fmt: skip


def when(rng: Rng, state: Callable[[], str]) -> str:
    """A time, delay, condition or limit; `state` gives "the door is open" of the house."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "weekday", "weekdays", "day", "morning", "evening", "night", "weekend", "week", "hour", "month", "second day")  # fmt: skip
    day, form = rng.choice(days), rng.random()
    if form < 0.30:
        return rng.choice((f"at {hour(rng)}", f"at {hour(rng)}", f"by {hour(rng)}", f"around {hour(rng)}", f"at {hour(rng)} {rng.choice(('tomorrow', 'tonight', 'today', 'sharp', 'every day', 'on ' + day))}", f"tomorrow at {hour(rng)}", f"from {hour(rng)} to {hour(rng)}", f"before {hour(rng)}", f"after {hour(rng)}"))  # fmt: skip
    if form < 0.48:
        return rng.choice((f"in {span(rng)}", f"in {span(rng)}", f"for {span(rng)}", f"after {span(rng)}", f"for the next {span(rng)}", f"{span(rng)} from now", f"within {span(rng)}", f"every {span(rng)}"))  # fmt: skip
    if form < 0.66:
        return rng.choice(("tomorrow", "tonight", "later", "tomorrow morning", "this evening", "in the morning", "next week", "after dinner", "before bed", "at night", "on the weekend", "later today", "in the evenings", "soon", "eventually", "some time", "at dusk", "at dawn", "overnight", "during the night", "while i'm away", "while we eat", "during the film", "after lunch", "later on", "next time", "on my birthday", f"every {day}", f"every {day} at {hour(rng)}", f"on {day}", f"on {day}s", f"each {day}", f"{day} morning", f"next {day}", f"from {day} on", f"every other {day}"))  # fmt: skip
    word = rng.choice(("when", "when", "if", "if", "once", "as soon as", "whenever", "unless", "until", "till", "in case", "every time", "after", "before", "while", "provided that", "only if", "as long as"))  # fmt: skip
    clause = rng.choice(THINGS_DONE).replace("{person}", rng.choice(PEOPLE)) if rng.random() < 0.55 else state()
    return f"{word} {clause}"


SLOTS: dict[str, tuple[str, Callable[[Rng], str]]] = {  # slot: its tag, what may stand there
    "number": ("V", number), "percent": ("V", percent), "degrees": ("V", degrees), "by": ("V", by), "kelvin": ("V", kelvin),
    "level": ("V", lambda rng: rng.choice(LEVELS)), "color": ("C", lambda rng: rng.choice(COLORS)),
    "white": ("W", lambda rng: rng.choice(WHITES)), "mode": ("M", lambda rng: rng.choice(MODES)),
    "alarm_mode": ("M", lambda rng: rng.choice(ALARM)), "media": ("X", media), "source": ("X", lambda rng: rng.choice(SOURCES)),
    "item": ("I", item), "person": ("O", lambda rng: rng.choice(PEOPLE)), "state": ("S", lambda rng: rng.choice(STATES)), "noticed": ("N", lambda rng: rng.choice(NOTICED)),
}  # fmt: skip
