"""The grammar level: hassil with home-assistant-intents and our own templates, wired to the house.

Covers whole sentences of one wish or question. Negated, conditional and delayed wishes are no deeds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from claw.clock import Clock
from claw.names import KINDS_SAID, VIEWS, Names, stems
from claw.reflex.answers import Answers
from claw.reflex.deeds import DEEDS
from claw.reflex.following import answered
from claw.reflex.languages import unaccented
from claw.reflex.numbers import NUMBERS, ONES, TENS
from claw.reflex.reading import Context, Reading, Topic, in_words
from claw.reflex.sensing import NOBODY_KNOWS
from claw.reflex.templates import Templates, templates
from claw.reflex.wishes import Outcome, Wishes

DOMAINS = {  # our kinds as home-assistant-intents calls them
    **{kind: kind for kind in ("light", "switch", "fan", "lock", "vacuum", "valve", "sensor", "camera")},
    "shade": "cover", "door": "cover", "thermostat": "climate", "player": "media_player", "list": "todo",
    "heater": "water_heater", "alarm": "alarm_control_panel",
}  # fmt: skip
VERBS = {
    "HassTurnOn": "ha_on", "HassTurnOff": "ha_off", "HassSetPosition": "set", "HassSetVolume": "volume",
    "HassFanSetSpeed": "speed", "HassClimateSetTemperature": "target", "HassClimateGetTemperature": "ask_temperature",
    "HassMediaPause": "pause", "HassMediaUnpause": "resume", "HassMediaNext": "next", "HassMediaPrevious": "previous",
    "HassMediaPlayerMute": "mute", "HassMediaPlayerUnmute": "unmute", "HassMediaSearchAndPlay": "play",
    "HassVacuumStart": "start", "HassVacuumReturnToBase": "return", "HassVacuumCleanArea": "start", "HassStopMoving": "stop",
    "HassListAddItem": "add_item", "HassListCompleteItem": "tick_item", "HassListRemoveItem": "remove_item",
}  # fmt: skip
KINDS = {"speed": ("fan",), "target": ("thermostat",), "start": ("vacuum",), "set": ("shade",), "volume": ("player",)}
HONEST = {
    "Timer": "I did not get the time, so I did nothing. Write “remind me at six to feed the cat”.",
    "Broadcast": "I cannot make announcements yet.",
    "Weather": "I don't know the weather.",
    "LawnMower": "I cannot drive a lawn mower yet.",
    "FanMode": "I cannot set the fan mode of a thermostat yet.",
    "Presence": NOBODY_KNOWS,
    "Nevermind": "All right.",
    "HassRespond": "I switch, dim, open, lock, play and warm what is in this house, and tell you how it is.",
}
NEGATED = re.compile(
    r"\b(?!(?:can't|cannot|couldn't) (?:even |really |quite )?(?:see|hear|read|find|sleep|breathe|feel|stand)\b)"  # a goal
    r"(dont|don't|do not|never|not|\w+n't|without|cannot|instead of|none of|no one|nobody|neither|nor|no need|no \w+ yet)\b"
)
UNITS = "(second|minute|hour|day|week|month|bit|while|moment|sec|min)s?"
DAYS = "(mon|tues|wednes|thurs|fri|satur|sun)day|week(day|end)|morning|noon|afternoon|evening|night"
DAYS += "|midnight|sunset|sunrise|dawn|dusk|dark"
QUESTION = re.compile(
    r"(?:what|which|who|whose|where|when (?:is|are|do|does|did|will)|why|how|is|are|was|were|did|does|do (?:i|we|you|they)|will"
    r"|has|have|had|should|shall|am|isn|aren|i (?!(?:want|need|would like)\b)|he |she |it |they |we )(?:\b|['’])",
    re.IGNORECASE,
)
CONDITION = re.compile(r"\b(if|when|whenever|unless|until|till|once|as soon as|as long as)\b")
LATER = re.compile(
    rf"\b(tomorrow|tonight|later|after|before|while"
    rf"|(in|for) \w+( \w+)? {UNITS}"
    rf"|at \d+(:\d+)?\s*(am|pm|oclock|o'clock)|at \d+:\d+|every (other )?(\w+ )?({UNITS}|{DAYS})"
    rf"|(at|on|by|in the|this|next|each) ({DAYS})s?)\b"
)
NOT_NOW = (
    "I did not get the time, so I did nothing. I understand “in 10 minutes”, “at 19:00”, “tomorrow at 7”, “every weekday at 7”."
)
NO_CONDITION = "I did not get the condition, so I did nothing. I understand “when the front door opens, turn on the hall light”."
UNTIL = "I cannot do “until” here, so I did nothing. Say what shall be then: “turn off the fan at 19:00”."
LONGEST = 40  # words; hassil takes seconds for some longer texts, and no template is as long
ACTS = re.compile(
    r"\b(turn|switch|open|close|lock|unlock|set|play|start|stop|pause|dim|make|put|shut|raise|lower|mute|on|off|arm|clean|wake)\b"
)
LEFT_ALONE = re.compile(rf"(do not|don't|dont|never)( ever)? {ACTS.pattern}")
COMPOUND = re.compile(r"\b(and|but|then|instead|only|until)\b|[,;]")
DIGITS = {"zero": "0", **{word: str(n) for word, n in NUMBERS.items()}}
LAST = rf"\b(?!one\b)({'|'.join(DIGITS)})$|(?<=\bby )one$|(?<=\bat )one$|(?<=\bvolume )one$"  # "the kitchen one" is no value
FRACTIONS = {
    "three quarters?": "75 percent", "(?:a|one) quarter": "25 percent", "a third": "33 percent", "two thirds": "67 percent",
    "half ?way": "50 percent", "half": "50 percent", "(?:a|one) hundred": "100",
}  # fmt: skip
# "turn it back on", "turn it on again": words that change no wish
FILLERS = re.compile(r"(?<!\bthe) back(?= (?:on|off)\b)|(?<=\w) again$")


@dataclass(frozen=True)
class Match:
    """One template that the whole sentence fits."""

    intent: str
    template: str
    slots: Mapping[str, Any]
    score: tuple[int, ...]


def tidy(text: str) -> str:
    """Lower case, numbers as digits, units as words: what the templates are written for."""
    text = " ".join(text.casefold().replace("’", "'").split()).rstrip(" .!?")
    text = FILLERS.sub("", text)
    for words, digits in FRACTIONS.items():
        text = re.sub(rf"\b{words}\b(?! (a|an|hour))", digits, text)
    text = re.sub(rf"\b({'|'.join(TENS)})(?:[ -]({'|'.join(ONES[:9])}))?\b", _tens, text)
    some = "|".join(DIGITS)
    text = re.sub(rf"\b({some})\b(?= (percent|degree))|(?<=to )({some})\b|{LAST}", lambda m: DIGITS[m[0]], text)
    text = re.sub(r"(?<=\d)\s*(%|percent(?: percent)?)", " percent", text)
    text = re.sub(r"(?<=\d)\s*°\s*", " degrees ", text)
    text = re.sub(r"(?<=\d)(k|c|f|kelvin)\b", r" \1", text)
    text = re.sub(r"^(set (?:(?! to ).)+) at (?=\d)", r"\1 to ", text)
    return " ".join(re.sub(r"percent of (the )?(brightness|volume)", "percent", text).split())


def _tens(said: re.Match[str]) -> str:
    """ "twenty-five" as digits."""
    return str(TENS[said[1]] + NUMBERS.get(said[2] or "", 0))


class Grammar:
    """Reads sentences of one language; hassil and its templates are loaded at the first sentence."""

    level = "grammar"

    def __init__(self, names: Names, clock: Clock, language: str = "en") -> None:
        self.names, self.clock, self.language = names, clock, language
        self.wishes, self.answers = Wishes(names), Answers(names)
        self._lists = lru_cache(VIEWS)(lambda version: self._slot_lists())

    @property
    def templates(self) -> Templates | None:
        """The templates of this language; None when nobody wrote any."""
        return templates(self.language)

    def read(self, text: str, context: Context) -> Reading | None:
        """A deed, an answer, a question back, an honest "I cannot" - or None."""
        text = tidy(text)
        if LEFT_ALONE.match(text) and not COMPOUND.search(text):
            return Reading(self.level, reply="All right, I leave it as it is.", trace=("negated",))
        if NEGATED.search(text) or len(text.split()) > LONGEST:
            return None
        timer = re.search(r"\btimers?\b|\bremind\b", text)
        if (timer or CONDITION.search(text) or LATER.search(text)) and QUESTION.match(text):
            return None
        if condition := CONDITION.search(text):
            sorry = UNTIL if "til" in condition[0] else NO_CONDITION
            return Reading(self.level, reply=sorry, trace=("conditional",)) if timer or ACTS.match(text) else None
        if timer:
            return Reading(self.level, reply=HONEST["Timer"], trace=("a timer",))
        if LATER.search(text):
            return Reading(self.level, reply=NOT_NOW, trace=("delayed",)) if ACTS.search(LATER.sub("", text)) else None
        return self._choose(self.matches(text, context), context)

    def matches(self, text: str, context: Context) -> list[Match]:
        """All templates that the sentence fits as a whole, best first."""
        if self.templates is None:
            return []
        from hassil.recognize import recognize_all

        lists = self._lists(self.names.house.version)
        here = {"area": {"value": context.area, "text": context.area}}
        near = self.templates.near(text, lists)
        found = recognize_all(text, near, slot_lists=lists, intent_context=here, language=self.language)
        unique = {(m.intent, str(sorted(m.slots.items(), key=str))): m for m in map(_match, found)}
        return sorted(unique.values(), key=lambda match: match.score)

    def _choose(self, matches: list[Match], context: Context) -> Reading | None:
        """The first match that comes to something; else what could not be known, if a verb led the sentence."""
        trace: list[str] = []
        sorry: Outcome | None = None
        guess: Outcome | None = None
        for match in matches:
            if sorry and match.intent in ("play", "HassMediaSearchAndPlay") and not ({"thing", "name"} & match.slots.keys()):
                continue  # "play jazz in the attic" must not play "jazz in the attic" elsewhere
            outcome = self.outcome(match, context)
            trace.append(f"{in_words(match.intent, match.slots, outcome.note or outcome.reply)}  (by: {match.template})")
            if outcome.guess:
                guess = guess or outcome
            elif not outcome.miss:
                return _reading(outcome, trace)
            elif sorry is None and outcome.reply and (outcome.sure or _led_by_verb(match)):
                sorry = outcome
        best = guess or sorry
        return _reading(best, trace) if best else None

    def outcome(self, match: Match, context: Context) -> Outcome:
        """What a match would come to in this house."""
        if match.intent == "Presence" and (seen := self.answers.presence(str(match.slots.get("thing", "")))):
            return Outcome(reply=seen)
        honest = next((reply for word, reply in HONEST.items() if word in match.intent), "")
        if honest:
            return Outcome(reply=honest)
        return self.come(*translate(match), context)

    def come(self, verb: str, slots: dict[str, Any], context: Context) -> Outcome:
        """What a verb with slots would come to in this house, whoever read them."""
        if verb in DEEDS:
            return self.wishes.plan(verb, slots, context)
        if verb in ("HassGetCurrentTime", "HassGetCurrentDate"):
            now = self.clock.now()
            return Outcome(reply=f"It is {now:%H:%M}." if verb.endswith("Time") else f"It is {now:%A}, {now.day} {now:%B %Y}.")
        if verb.startswith("ask"):
            reply, missed = self.answers.reply(verb, slots, context), self.answers.missed
            known = verb != "ask" or missed.place or missed.nearest or set(stems(missed.unknown)) & KINDS_SAID  # "tell me a joke"
            sorry = self.wishes.unknown(missed, verb, slots) if known and not reply else ""
            topic = Topic(verb, slots, answered(missed, slots)) if reply else None
            return Outcome(reply=reply or sorry, miss=not reply, guess=missed.guess, topic=topic)
        return Outcome(miss=True, reply="I cannot do that yet.", note="intent not mapped")

    def _slot_lists(self) -> dict[str, Any]:
        from hassil.intents import TextSlotList

        areas, said = list(self.names.house.areas.values()), str if self.language == "en" else unaccented
        spoken = [(said(name), name, {"domain": DOMAINS.get(one.kind, one.kind)}) for name, one in self.names.spoken()]
        called = [(said(name), area.name) for area in areas for name in (area.name, *area.aliases)]
        floors = [(said(floor), floor) for floor in {area.floor for area in areas if area.floor}]
        lists = {
            key: TextSlotList.from_tuples(values, allow_template=False)
            for key, values in (("name", spoken), ("area", called), ("floor", floors))
        }
        return {**lists, "color": _colors()} if self.language == "en" else lists


def _reading(came: Outcome, trace: list[str]) -> Reading:
    unknown = came.miss and not came.calls
    return Reading(Grammar.level, came.calls, came.reply, came.options, unknown=unknown, topic=came.topic, trace=tuple(trace))


def _led_by_verb(match: Match) -> bool:
    """Whether it is fair to say "I don't know X": the sentence began like a command, and X is short."""
    return not match.template.startswith(("{", "[")) and len(str(match.slots.get("thing", "")).split()) < 6


@cache
def _colors() -> Any:
    """Every CSS colour name as CSS writes it and as people say it ("light blue")."""
    import webcolors
    from hassil.intents import TextSlotList

    names = webcolors.names("css3")
    shade = re.compile(r"^(light|dark|medium|deep|pale|royal|hot|sky)(?=[a-z])")
    said = [*((name, name) for name in names), *((shade.sub(r"\1 ", name), name) for name in names if shade.match(name))]
    return TextSlotList.from_tuples(said, allow_template=False)


def _match(result: Any) -> Match:
    slots = {name: entity.value for name, entity in result.entities.items()}
    wild = [entity for entity in result.entities_list if entity.is_wildcard]
    units = re.search(
        r"\b\d+(?:\.\d+)? (percent|pct|kelvin|k|degrees? c(elsius)?|degrees? f(ahrenheit)?|fahrenheit|celsius|c|f|degrees?)\b",
        result.original_text or "",
    )
    slots |= {"unit": _unit(units[1])} if units else {}
    foreign = result.intent.name.startswith("Hass")
    vague = result.intent.name == "play" and "thing" not in slots  # its wildcard would take any sentence that begins with play
    score = (foreign, vague, sum(len(entity.text) for entity in wild), len(wild), -result.text_chunks_matched)
    return Match(result.intent.name, result.intent_sentence.text, slots, score)


def _unit(word: str) -> str:
    if word.startswith("degree") and " " not in word:
        return "degrees"
    letter = word.split()[-1][0]
    return {"p": "percent", "k": "kelvin", "c": "celsius", "f": "fahrenheit"}[letter]


def translate(match: Match) -> tuple[str, dict[str, Any]]:
    """A match of home-assistant-intents as a verb and slots of ours; our own matches pass unchanged."""
    slots, intent = dict(match.slots), match.intent
    if not intent.startswith("Hass"):
        return intent, slots
    slots["thing"] = slots.pop("name", "")
    slots["area"] = slots.get("area") or slots.get("floor") or ""
    if domain := slots.get("domain"):
        slots["kinds"] = [kind for kind, name in DOMAINS.items() if name in ([domain] if isinstance(domain, str) else domain)]
    if sort := slots.get("device_class"):
        sort = sort[0] if isinstance(sort, list) else sort  # French "store" is a blind or a shade
        slots["sort"] = "shade" if sort == "cover" else sort
    verb = VERBS.get(intent, intent)
    for name in ("position", "volume_level", "percentage", "brightness", "temperature", "color_temperature"):
        slots["number"] = slots.get(name, slots.get("number"))
    slots["media"] = slots.get("search_query", "something")
    if verb in KINDS and not slots["thing"]:
        slots["kinds"] = KINDS[verb]
    if intent == "HassLightSet":
        verb = "color" if "color" in slots else "brightness" if "brightness" in slots else "white"
    if verb == "brightness" and "{area} [to] {brightness}" in match.template and not slots.get("unit") and not slots["thing"]:
        verb, slots["thing"], slots["area"], slots["kinds"] = "set", slots["area"], "", None  # "bedroom 19": of what?
    if intent == "HassSetVolumeRelative":
        step = slots.get("volume_step")
        verb = "louder" if step == "up" or (isinstance(step, (int, float)) and step > 0) else "quieter"
        slots["number"] = None if isinstance(step, str) else step
    if intent == "HassGetState":
        verb = "ask_state" if "state" in slots else "ask"
    return verb, {key: value for key, value in slots.items() if value is not None}
