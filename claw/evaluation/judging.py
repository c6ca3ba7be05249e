"""What became of a case: the state of the whole house and the replies against what was expected (evals/FORMAT.md)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

State = dict[str, dict[str, Any]]
WORSE = ("ok", "missed", "wrong")
LISTS = ("items", "done")
SHOWN = ("brightness", "color", "color_temperature", "speed", "playback", "title", "source")  # when a thing goes on or off
STARTERS = frozenset(["brightness", "speed", "mode", "target", "playback"])  # setting one of these switches it on


def judge(
    case: Mapping[str, Any], start: State, end: State, record: Mapping[str, Any], replies: Sequence[str], needless: bool
) -> tuple[str, str]:
    """ok, wrong, missed or unsaid, and why."""
    result, why = compare(nearest(case, start, end), case.get("ignore", {}), start, end)
    if result != "ok":
        return result, why
    said = " ".join(" ".join(replies).split())
    if case.get("approval") == "required" and record["asked"] != "approval":
        return "unsaid", "it did not ask"
    if needless and "approval" not in case:
        return "unsaid", "it asked about a command that needs no approval"
    for entry in case.get("reply", ()):
        if not any(_stands(words, said) for words in (entry if isinstance(entry, list) else [entry])):
            return "unsaid", f"the reply lacks {entry!r}"
    bad = next((words for words in case.get("reply_not", ()) if _stands(words, said)), None)
    return ("unsaid", f"the reply has {bad!r}") if bad is not None else ("ok", "")


def nearest(case: Mapping[str, Any], start: State, end: State) -> Mapping[str, Mapping[str, Any]]:
    """The expected change; of several right ones that which the house came nearest to."""
    wanted = case.get("any_of") or [case["expect"]]
    return min(wanted, key=lambda one: WORSE.index(compare(one, case.get("ignore", {}), start, end)[0]))


def _stands(words: Any, said: str) -> bool:
    text = r"\s+".join(re.escape(word) for word in str(words).split())
    return bool(re.search(rf"(?<!\w){text}(?!\w)", said, re.IGNORECASE))


def compare(
    expect: Mapping[str, Mapping[str, Any]], ignore: Mapping[str, Sequence[str]], start: State, end: State
) -> tuple[str, str]:
    """ok, missed or wrong, the worst that any field of the house says; and why."""
    missed = ""
    for id, was in start.items():
        now, wanted = end[id], expect.get(id, {})
        for name in dict.fromkeys((*was, *now, *wanted)):
            if name in ignore.get(id, ()):
                continue
            old, new = was.get(name), now.get(name)
            if name in wanted:
                if not _same(name, wanted[name], new):
                    if new != old and not _on_the_way(name, wanted[name], old, new):
                        return "wrong", f"{id}.{name} is {new!r}, wanted {wanted[name]!r}"
                    missed = missed or f"{id}.{name} is {'still ' if new == old else ''}{new!r}, wanted {wanted[name]!r}"
            elif new != old and not _follows(name, was, now, wanted):
                return "wrong", f"{id}.{name} became {new!r}"
    return ("missed", missed) if missed else ("ok", "")


def _follows(name: str, was: Mapping[str, Any], now: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether this change is only what follows from a wanted one (FORMAT.md)."""
    on = now.get("on")
    turns_on = on is True and bool(wanted.keys() & STARTERS)
    if name == "on":
        return turns_on
    if name in SHOWN and was.get("on") != on and ("on" in wanted or turns_on):
        return True
    return (name == "color" and "color_temperature" in wanted) or (name == "color_temperature" and "color" in wanted)


def _on_the_way(name: str, wanted: Any, old: Any, new: Any) -> bool:
    """Whether a list has some of the wanted changes and no other."""
    if name not in LISTS:
        return False
    want, was, now = (Counter(map(_item, items or ())) for items in (wanted, old, new))
    return now - was <= want - was and was - now <= was - want


def _same(name: str, wanted: Any, value: Any) -> bool:
    if name in LISTS and isinstance(wanted, list):
        return sorted(map(_item, wanted)) == sorted(map(_item, value or ()))
    if isinstance(wanted, list):
        return isinstance(value, (int, float)) and wanted[0] <= value <= wanted[1]
    if wanted == "docked" and value == "returning":
        return True
    if name == "color" and isinstance(value, str):
        return _color(wanted) == _color(value)
    if isinstance(wanted, float) and isinstance(value, (int, float)):
        return abs(wanted - value) < 0.06
    return bool(wanted == value)


def _color(name: Any) -> str:
    return str(name).replace(" ", "").casefold().replace("grey", "gray")


def _item(text: Any) -> str:
    return re.sub(r"^(the|a|an|some)\s+", "", " ".join(str(text).casefold().split()))
