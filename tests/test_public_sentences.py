"""How many public sentences come to the right deed: those of home-assistant-intents, of five languages.

The package's source archive (PyPI) has no sentence tests. CLAW_INTENTS_SOURCE names a folder with them: `tests` of a checkout of
github.com/OHF-Voice/intents (tests/LANGUAGE/INTENT/*.yaml). Without it sentences are sampled, seeded, from the installed templates.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hassil.expression import Alternative, Expression, ListReference, Permutation, RuleReference, TextChunk
from hassil.expression import Sequence as Row
from hassil.intents import RangeSlotList, TextSlotList

from claw.call import ToolCall
from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.names import Names
from claw.reflex.grammar import DOMAINS
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading
from claw.reflex.templates import templates
from claw.store import Store

BARS = {
    "en": (0.98, 0.01),
    "de": (0.9, 0.01),
    "fr": (0.9, 0.01),
    "es": (0.9, 0.01),
    "nl": (0.9, 0.01),
}  # ok at least, wrong at most
OURS = {  # the intents that are counted, and the domains of ours in them
    "HassTurnOn", "HassTurnOff", "HassLightSet", "HassSetPosition", "HassClimateSetTemperature", "HassClimateGetTemperature",
    "HassGetState", "HassFanSetSpeed",
}  # fmt: skip
ASKS = re.compile(r"(?i)\b(is|are|wh\w+|how|do|tell|ist|sind|w[ai]\w+|welche\w*|steht|gibt|stehen|est|sont|y|quel\w*|combien|esta\w*|hay|que|cual\w*|cuant\w*|son"
                  r"|zijn|welke?|hoe\w*|zit|zitten|ligt|liggen|staa\w*|wat|sag|nenn|dans|dime|\w+-\w+)\b")  # fmt: skip
AREAS = {  # two on the first floor of the list, one on the second
    "en": (["Kitchen", "Office", "Bedroom"], ["Ground", "First"]), "de": (["Küche", "Büro", "Schlafzimmer"], ["Erdgeschoss", "Obergeschoss"]),
    "fr": (["Cuisine", "Bureau", "Chambre"], ["rez-de-chaussée", "étage"]), "es": (["Cocina", "Despacho", "Dormitorio"], ["baja", "alta"]),
    "nl": (["Keuken", "Kantoor", "Slaapkamer"], ["begane grond", "eerste verdieping"]),
}  # fmt: skip
KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("light", "", {"on": False, "brightness": 40, "color": "white", "color_temperature": 2700}),
    ("switch", "", {"on": True}), ("fan", "", {"on": True, "speed": 50}), ("lock", "", {"locked": True}),
    ("thermostat", "", {"temperature": 19.5, "target": 20.0, "mode": "heat"}),
    *(("shade", sort, {"position": 40}) for sort in ("awning", "blind", "curtain", "shade", "shutter", "window")),
    *(("door", sort, {"open": False}) for sort in ("door", "garage", "gate")),
]  # fmt: skip
CALLED = [
    "Alpaca",
    "Badger",
    "Caiman",
    "Dingo",
    "Ermine",
    "Ferret",
    "Gibbon",
    "Hyena",
    "Impala",
    "Jackal",
    "Kodiak",
    "Lemur",
    "Marmot",
    "Narwhal",
    "Ocelot",
    "Puffin",
    "Quokka",
    "Raccoon",
    "Serval",
    "Tapir",
    "Urial",
    "Vicuna",
    "Wombat",
    "Xerus",
    "Yabby",
    "Zebu",
    "Addax",
    "Bongo",
    "Civet",
    "Dugong",
    "Eland",
    "Fossa",
    "Gopher",
    "Hoopoe",
    "Ibex",
    "Jerboa",
    "Kakapo",
    "Lynx",
    "Manul",
    "Numbat",
    "Okapi",
    "Pangolin",
    "Quetzal",
    "Rhebok",
    "Suricate",
]  # no words of a language that is read
ABOUT = {
    "light": "light", "fan": "fan", "switch": "switch", "lock": "lock", "cover": "cover", "climate": "climate",
}  # fmt: skip
ALL = re.compile(r"(?i)\b(all\w*|every\w*|jede\w*|samtliche\w*|uberall|tou[ts]\w*|partout|tod[oa]s?|overal|elke?|ieder\w*)\b")


@dataclass(frozen=True)
class Case:
    """A sentence and what it is by its template: intent, slots, and the room of the speaker if that is meant."""

    text: str
    intent: str
    slots: Mapping[str, Any]
    area: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)


def house(language: str, sort: str = "blind") -> dict[str, Any]:
    """Every kind in each of three rooms, with names of no language, and one sort of door or blind, as in the public tests."""
    rooms, floors = AREAS[language]
    names = iter(CALLED)
    kinds = [one for one in KINDS if one[1] in ("", sort)]
    devices = [
        {"id": (name := next(names)).casefold(), "name": name, "area": room, "kind": kind, "class": sort, "state": dict(state)}
        for kind, sort, state in kinds for room in rooms
    ]  # fmt: skip
    return {"areas": [{"name": room, "floor": floors[n // 2]} for n, room in enumerate(rooms)], "devices": devices}


class Sampler:
    """Random sentences of the templates of one language, with the slots that were put in."""

    def __init__(self, language: str, seed: int = 7) -> None:
        found = templates(language)
        assert found is not None
        self.all, self.intents, self.random = found.all, found.intents, random.Random(seed)
        self.plans = {sort: house(language, sort) for _, sort, _ in KINDS if sort}
        self.plan, self.slots = self.plans["blind"], dict[str, Any]()

    def cases(self, each: int) -> Iterator[Case]:
        """At most `each` sentences of every template that concerns our kinds."""
        for one in self.all:
            domains = (one.block.requires_context or {}).get("domain") or one.block.slots.get("domain") or list(DOMAINS.values())
            domains = {domains} if isinstance(domains, str) else set(domains)
            if one.intent not in OURS or not domains & set(ABOUT):
                continue
            made = {case.text: case for case in (self.case(one, domains) for _ in range(each * 3)) if case}
            yield from list(made.values())[:each]

    def case(self, one: Any, domains: set[str]) -> Case | None:
        self.plan = self.plans["blind"]
        devices = [device for device in self.plan["devices"] if DOMAINS[device["kind"]] in domains]
        self.device, self.slots = self.random.choice(devices), dict(one.block.slots)
        rules = {**self.intents.expansion_rules, **one.block.expansion_rules}
        text = self.said(one.block.sentences[0].expression, rules, one.block.slot_lists)
        here = bool((one.block.requires_context or {}).get("area"))
        area = self.random.choice(self.plan["areas"])["name"] if here else ""
        text = " ".join(text.split())
        if sort := self.slots.get("device_class"):
            self.plan = self.plans[sort if isinstance(sort, str) else sort[0]]
        wish = one.intent == "HassGetState" and not ASKS.search(text)  # "all fans on" is a wish, too
        return Case(text, one.intent, self.slots, area, self.plan) if text and not wish else None

    def said(self, part: Expression, rules: Mapping[str, Any], lists: Mapping[str, Any]) -> str:
        if isinstance(part, TextChunk):
            return part.original_text
        if isinstance(part, RuleReference):
            return self.said(rules[part.rule_name].expression, rules, lists)
        if isinstance(part, ListReference):
            return self.value(part, {**self.intents.slot_lists, **lists}, rules)
        if isinstance(part, Alternative):
            return self.said(self.random.choice(part.items), rules, lists)
        if isinstance(part, Permutation):
            return " ".join(self.said(item, rules, lists) for item in self.random.sample(part.items, len(part.items)))
        assert isinstance(part, Row)
        return "".join(self.said(item, rules, lists) for item in part.items)

    def value(self, part: ListReference, lists: Mapping[str, Any], rules: Mapping[str, Any]) -> str:
        """A value of the list as a person says it; the slot is kept."""
        name, values = part.list_name, lists.get(part.list_name)
        if name in ("name", "area", "floor"):
            floor = next(area["floor"] for area in self.plan["areas"] if area["name"] == self.device["area"])
            self.slots[name] = said = {"name": self.device["name"], "area": self.device["area"], "floor": floor}[name]
            return str(said)
        if isinstance(values, RangeSlotList):
            low, high = {"temperature": (16, 25), "color_temperature": (20, 65)}.get(name, (values.start, values.stop))
            number = self.random.randint(max(low, 1), high) * (100 if name == "color_temperature" else 1)
            self.slots[part.slot_name] = number
            return str(number)
        assert isinstance(values, TextSlotList), name
        usable = [one for one in values.values if one.value_out not in ("opening", "closing")]
        one = self.random.choice(usable)
        self.slots[part.slot_name] = one.value_out
        return self.said(one.text_in, rules, {})


def archived(folder: Path, language: str) -> Iterator[Case]:
    """The sentences of tests/LANGUAGE/INTENT/*.yaml, each in the house that its file describes."""
    for file in sorted(folder.glob(f"{language}/*/*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        if file.parent.name not in OURS:
            continue
        plan = _fixture(data)
        for group in data.get("tests", []):
            for text in group.get("sentences", []):
                yield Case(text, file.parent.name, group.get("slots", {}), str(group.get("context", {}).get("area", "")), plan)


def _fixture(data: Mapping[str, Any]) -> dict[str, Any]:
    """The house of a file of sentence tests, so far as its devices are of our kinds."""
    kinds = {name: (kind, sort, state) for kind, sort, state in reversed(KINDS) for name in [DOMAINS[kind]]}
    entities = [one for one in data.get("entities", []) if one.get("domain") in kinds]
    return {
        "areas": [{"name": area["name"], "floor": area.get("floor", "")} for area in data.get("areas", [])],
        "devices": [
            {"id": f"d{n}", "name": one["name"], "area": one.get("area", ""), "kind": kinds[one["domain"]][0],
             "class": one.get("device_class", ""), "state": dict(kinds[one["domain"]][2])}
            for n, one in enumerate(entities)
        ],
    }  # fmt: skip


def meant(case: Case) -> list[Mapping[str, Any]]:
    """The devices that the slots name."""
    slots, areas = case.slots, {area["name"]: area for area in case.plan["areas"]}
    domain = slots.get("domain") or {"HassClimateSetTemperature": "climate", "HassClimateGetTemperature": "climate",
                                      "HassLightSet": "light", "HassSetPosition": "cover", "HassFanSetSpeed": "fan"}.get(case.intent)  # fmt: skip
    domains = [domain] if isinstance(domain, str) else domain
    sorts = slots.get("device_class")
    sorts = [sorts] if isinstance(sorts, str) else sorts
    room = slots.get("area") or ("" if slots.get("name") or slots.get("floor") else case.area)
    return [
        one for one in case.plan["devices"]
        if (not slots.get("name") or one["name"].casefold() == str(slots["name"]).casefold())
        and (slots.get("name") or not domains or DOMAINS[one["kind"]] in domains)
        and (not sorts or one["class"] in sorts)
        and (not room or one["area"] == room)
        and (not slots.get("floor") or areas[one["area"]].get("floor") == slots["floor"])
    ]  # fmt: skip


def deeds(case: Case) -> list[set[tuple[str, str, str]]]:
    """(command, device, argument) of everything that should happen; "all" without a room may be this room or all."""
    found = _deeds(case)
    return [found, _deeds(replace(case, area=""))] if case.area and ALL.search(case.text) else [found]


def _deeds(case: Case) -> set[tuple[str, str, str]]:
    slots, on = case.slots, case.intent == "HassTurnOn"
    sides = {"shade": ("open", "close"), "door": ("open_door", "close_door"), "lock": ("lock", "unlock")}
    found = set()
    for one in meant(case):
        if case.intent in ("HassTurnOn", "HassTurnOff"):
            found.add((sides.get(one["kind"], ("turn_on", "turn_off"))[not on], one["id"], ""))
        elif case.intent == "HassLightSet":
            name = next(name for name in ("brightness", "color", "temperature") if name in slots)
            command = {"temperature": "color_temperature"}.get(name, name)
            said = name != "temperature" or str(slots[name]) in case.text  # how warm "cold white" is, each may say for himself
            found.add((f"set_{command}", one["id"], str(slots[name]) if said else ""))
        elif case.intent == "HassSetPosition" and one["kind"] == "shade":
            found.add(("set_position", one["id"], str(slots["position"])))
        elif case.intent == "HassClimateSetTemperature":
            found.add(("set_target", one["id"], str(slots["temperature"])))
        elif case.intent == "HassFanSetSpeed":
            found.add(("set_speed", one["id"], str(slots.get("percentage"))))
    return found


def verdict(case: Case, reading: Reading | None) -> str:
    """ok; asked (which of exactly those that the sentence names); wrong (a deed that was not asked for); or missed."""
    chosen = {_done(option.calls) for option in reading.options} if reading else set()
    calls = _done(reading.calls if reading else ())
    if case.intent == "HassLightSet" and not any(letter.isdigit() for letter in case.text):
        calls = frozenset((command, id, "" if command == "set_color_temperature" else value) for command, id, value in calls)
    if chosen and frozenset().union(*chosen) in deeds(case):
        return "asked"
    if case.intent in ("HassGetState", "HassClimateGetTemperature"):
        answered = reading is not None and reading.reply and not reading.unknown and not reading.options
        return "wrong" if calls else "ok" if answered and _told(case, str(reading and reading.reply)) else "missed"
    return "missed" if not calls else "ok" if calls in deeds(case) else "wrong"


def _done(calls: Sequence[ToolCall]) -> frozenset[tuple[str, str, str]]:
    """Calls as deeds() has them."""
    return frozenset(
        (call.command, id, f"{value:g}" if isinstance(value, (int, float)) else str(value))
        for call in calls for id in call.targets for value in call.args.values() or [""]
    )  # fmt: skip


def _told(case: Case, reply: str) -> bool:
    """Whether the answer is about what was asked: the device by name, or the temperature of the room."""
    if case.intent == "HassClimateGetTemperature":
        return "°" in reply
    return not case.slots.get("name") or str(case.slots["name"]) in reply


def sentences(language: str) -> Sequence[Case]:
    source = os.environ.get("CLAW_INTENTS_SOURCE")
    if source:
        return list(archived(Path(source), language))
    return list(Sampler(language).cases(2))


def reader(plan: Mapping[str, Any]) -> Reader:
    clock = ManualClock()
    house = House(Store(None), Events(), clock)
    build(plan, house)
    return Reader(house, Names(house), clock)


def judged(language: str) -> tuple[Counter[str], list[str]]:
    """How many of the sentences were ok, wrong, missed; and what was not ok."""
    readers: dict[int, Reader] = {}
    count: Counter[str] = Counter()
    bad = []
    for case in sentences(language):
        if case.intent not in ("HassGetState", "HassClimateGetTemperature") and not deeds(case)[0]:
            continue  # there is nothing of the kind in the house
        one = readers.setdefault(id(case.plan), reader(case.plan)) if id(case.plan) not in readers else readers[id(case.plan)]
        reading = one.read(case.text, Context(area=case.area, language=language))
        result = verdict(case, reading)
        count[result] += 1
        if result != "ok":
            came = reading and ([(call.command, call.targets, call.args) for call in reading.calls] or reading.reply or "which?")
            bad.append(f"{result} {case.intent} {case.text!r} {dict(case.slots)} {case.area} -> {came}")
    return count, bad


@pytest.mark.parametrize("language", BARS)
def test_public_sentences_come_to_the_right_deed(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    count, bad = judged(language)
    total = count.total()
    if not total:
        pytest.skip(
            f"no {language} sentences: CLAW_INTENTS_SOURCE must name `tests` of a checkout of github.com/OHF-Voice/intents"
        )
    with capsys.disabled():
        shares = ", ".join(f"{count[name] / total:.1%} {name}" for name in ("ok", "asked", "missed", "wrong"))
        print(f"\n{language}: {total} sentences, {shares}")
    least, most = BARS[language]
    assert (count["ok"] + count["asked"]) / total >= least, "\n".join(bad[:30])
    assert count["wrong"] / total <= most, "\n".join(one for one in bad if one.startswith("wrong"))


def test_a_folder_of_sentence_tests_is_read_with_its_own_houses(tmp_path: Path) -> None:
    file = tmp_path / "de" / "HassTurnOn" / "area_domain.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "areas: [{name: Küche}]\nentities: [{name: Spüle, domain: light, area: Küche}]\n"
        "tests: [{sentences: [mach das Licht in der Küche an], slots: {area: Küche, domain: light}}]\n",
        encoding="utf-8",
    )
    (case,) = archived(tmp_path, "de")
    one = reader(case.plan)
    assert verdict(case, one.read(case.text, Context(language="de"))) == "ok"
    assert verdict(case, one.read("mach das Licht in der Küche aus", Context(language="de"))) == "wrong"
    assert verdict(case, one.read("na so was", Context(language="de"))) == "missed"
