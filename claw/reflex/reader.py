"""The reader: one message -> one Reading, by the levels in order. The first level that answers wins; None goes to the mind."""

import difflib
import re
from dataclasses import replace

from claw.clock import Clock
from claw.house import House
from claw.names import ALL, Names, fold, stems
from claw.reflex.alias import Alias, plain, scene
from claw.reflex.grammar import Grammar
from claw.reflex.reading import Context, Reading

DEPTH = 3  # a scene may name a scene, not itself for ever
THEN = re.compile(r"\s*(?:;|,?\s+and then|,\s*then|,\s*and|,?\s+then|\.\s|,|\s+and)\s+", re.IGNORECASE)
EXAMPLES = (
    "turn on the {light}",
    "turn off the {light}",
    "dim the {light} to 30",
    "open the {shade}",
    "close the {shade}",
    "lock the {lock}",
    "is the {lock} locked?",
    "set the {thermostat} to 20 degrees",
    "pause the {player}",
    "play something on the {player}",
    "open the {door}",
    "what's the temperature?",
    "which lights are on?",
    "turn off the {switch}",
    "start the {vacuum}",
)


class Reader:
    """Alias, then grammar (a tagger comes between them later), for one house."""

    def __init__(self, house: House, names: Names, clock: Clock) -> None:
        self.house, self.names, self.clock = house, names, clock
        self.alias = Alias(clock)
        self._grammars: dict[str, Grammar] = {}

    def read(self, text: str, context: Context) -> Reading | None:
        """What the message asks for; None when no level understood it. Nothing is done here."""
        return self._read(text, context, 0)

    def warm(self) -> None:
        """Read one sentence, since the first one compiles the templates (about 0.2 s; call it in a thread)."""
        self._grammar("en").matches("turn on the light", Context())

    def nearest(self, text: str, context: Context) -> list[str]:
        """The two readable sentences that look most like the text, for "I did not understand"."""
        said = plain(text).casefold()
        near = difflib.get_close_matches(said, {example.casefold(): example for example in self._examples()}, 2, 0.0)
        shown = {example.casefold(): example for example in self._examples()}
        return [shown[one] for one in near]

    def _read(self, text: str, context: Context, depth: int) -> Reading | None:
        if (name := scene(text, context)) and depth < DEPTH:
            return self._scene(name, context, depth)
        if reading := self.alias.read(text, context) or self.alias.read(plain(text), context):
            return reading
        return self._sentence(plain(text), context)

    def _sentence(self, text: str, context: Context) -> Reading | None:
        """The whole as one wish; if that is not one, each of its parts - all of them or none."""
        grammar = self._grammar(context.language)
        whole = grammar.read(text, context)
        if (whole and not _unknowing(whole)) or not grammar.intents:
            return whole
        parts = [part for part in THEN.split(text) if part]
        readings = [grammar.read(plain(part), context) for part in parts] if 1 < len(parts) <= 6 else []
        deeds = [reading for reading in readings if reading and reading.calls]
        if readings and len(deeds) == len(readings):
            return _joined(deeds)
        return whole

    def _scene(self, name: str, context: Context, depth: int) -> Reading:
        """All sentences of a scene as one reading; what cannot be read is named, what concerns nothing here is left out."""
        deeds, unread = [], []
        bare = replace(context, question="", choices=0)
        for sentence in context.scenes[name]:
            reading = self._read(sentence, bare, depth + 1)
            if reading and reading.calls:
                deeds.append(reading)
                unread += [reading.reply] if reading.reply else []
            elif not (ALL & set(fold(sentence)) and (reading is None or reading.reply)):
                unread.append(f'I could not read "{sentence}" in {name}.')
        joined = _joined(deeds) if deeds else Reading("alias", reply="" if unread else f"There is nothing to do for {name}.")
        note = " ".join([joined.reply, *unread]).strip()
        return replace(joined, level="alias", reply=note, trace=(f"scene {name}", *joined.trace))

    def _grammar(self, language: str) -> Grammar:
        if language not in self._grammars:
            self._grammars[language] = Grammar(self.names, self.clock, language)
        return self._grammars[language]

    def _examples(self) -> list[str]:
        found = []
        for example in EXAMPLES:
            kind = re.search(r"\{(\w+)\}", example)
            if not kind:
                found.append(example)
                continue
            names = [self.house.name(device) for device in self.house.devices.values() if device.kind == kind[1]]
            found += [example.replace(kind[0], name) for name in names if stems(name)]
        return found


def _unknowing(reading: Reading) -> bool:
    return (
        not reading.calls
        and bool(reading.reply)
        and ("don't know anything" in reading.reply or reading.reply.startswith("There is no"))
    )


def _joined(readings: list[Reading]) -> Reading:
    calls = tuple(call for reading in readings for call in reading.calls)
    trace = tuple(line for reading in readings for line in reading.trace)
    level = "grammar" if any(reading.level == "grammar" for reading in readings) else "alias"
    return Reading(level, calls, trace=trace)
