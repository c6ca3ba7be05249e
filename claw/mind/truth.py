"""What a model may not say: that something was done, or will be, which no tool confirmed.

Pure functions over text. They know forms of words, not the world: English thoroughly, German, French, Spanish and Dutch in
their common forms. Code blocks and quoted words inside of a sentence are never claims.
"""

import re
from collections.abc import Callable, Iterator

from claw.mind.claims import (
    ACK, ACTING, AS_ASKED, CONDITION, DONE, FINITE, FLUFF, HEDGED, IT_IS, MEASURED, NOT_DONE, NOT_NOW, NOW, NOW_IS, NOW_SO, OFFER,
    RULES, SHORT, STATED, Rule,
)  # fmt: skip

State = Callable[[str], bool | None]
LONGEST = 400  # characters of a clause that are looked at in one piece: keeps the time linear
MARKS = "\U0001f000-\U0001faff☀-➿⬀-⯿️‍←-⇿⌀-⏿"
BULLET = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,2}[.)])\s+)*(?:\[[ xX]\]\s+)?")
END = re.compile(rf"([.!?…]+)[\"”»’')*_~\]]*(?=[\s{MARKS}]|$)\s*|[{MARKS}]+\s*")
QUOTE = re.compile(r"“[^”\n]{1,300}”|«[^»\n]{1,300}»|„[^“\n]{1,300}“|\"[^\"\n]{1,300}\"|`[^`\n]{1,300}`")
BEFORE_DOT = re.compile(r"(?:\b(?:e\.g|i\.e|dr|mr|mrs|ms|st|approx|z\.b|p\.ej|vs|ca|bzw|bijv)|^\s*\d{1,2})$", re.IGNORECASE)
CLAUSE = re.compile(r"[,;:—–()]+|\s-+\s|\bbut\b|\b(?:and|so|because) (?=i\b)|\b(?:aber|mais|pero|maar)\b")
WORD = re.compile(r"[\w'-]+")
PLAIN = re.compile(rf"[*_~#>`\"“”„«»¡¿\[\]{MARKS}]+")
ACTING_NOW, FINITE_VERB = re.compile(rf"(?:and |ok |okay |sure )?(?:just )?{ACTING}\b"), re.compile(FINITE)
BARE = re.compile(
    r"(?:i )?(?:just |already |successfully |now )*(?:turned|switched|locked|unlocked|closed|opened|dimmed|paused|muted|armed|started|"
    r"stopped|lowered|raised|added|sent|scheduled|activated|deactivated|adjusted|changed|removed|updated|cancelled) "
    r"(?:(?:on|off|up|down|in) )?(?:the|your|all|it|them|both|a|an|off|on)\b"
)
NEGATED = re.compile(NOT_DONE)


def checked(
    text: str, *, did: bool, planned: bool, remembered: bool, state: State | None = None
) -> tuple[str, bool]:
    """The text without such claims, and whether any was left out.

    `did`: the house has told of deeds before this text; `planned`, `remembered`: a plan was made, a fact was kept, so promises
    of them are true; `state` says of a sentence whether the house shows it so, or None when it does not know.
    """
    true = {kind for kind, so in (("plan", planned), ("promise", planned), ("memory", remembered)) if so}
    lines, left_out, below = list[str](), False, False
    for line, code in _lines(text):
        kept, dropped, below = (line, False, False) if code else _line(line, true, did, state, below)
        left_out |= dropped
        if kept is not None:
            lines.append(kept)
    return (_tidy("\n".join(lines), did), True) if left_out else (text, False)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """The lines, and of each whether it belongs to a block of code."""
    code = False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        yield line, code or fence
        code ^= fence


def _line(line: str, true: set[str], did: bool, state: State | None, below: bool) -> tuple[str | None, bool, bool]:
    """The line without claims (None: nothing is left of it), whether one was left out, and whether a list of deeds follows."""
    bullet = BULLET.match(line)
    start = bullet.end() if bullet else 0
    if not line.strip():
        return line, False, below
    if below and line[:start].strip():
        return None, True, True
    pieces = sentences(line[start:])
    kept = [piece for piece in pieces if not _false(piece, true, did, state)]
    if len(kept) == len(pieces):
        return line, False, False
    rest = "".join(kept).rstrip()
    return (line[:start] + rest) if rest else None, True, line.rstrip("* _").endswith(":")


def sentences(line: str) -> list[str]:
    """A line cut after each sentence; joined they are the line. What holds no letter goes with its neighbour."""
    masked = QUOTE.sub(lambda found: _mask(line, found), line)
    pieces, start = list[str](), 0
    for end in END.finditer(masked):
        dot = end[1] == "." and (masked[end.end() : end.end() + 1].islower() or BEFORE_DOT.search(masked[max(0, end.start() - 8) : end.start()]))
        if not dot:
            _add(pieces, line[start : end.end()])
            start = end.end()
    _add(pieces, line[start:])
    return pieces


def _mask(line: str, quote: re.Match[str]) -> str:
    """A quotation inside of a sentence without its ends of sentences; one that is all of the line stays."""
    alone = not (line[: quote.start()] + line[quote.end() :]).strip(" *_.!")
    return quote[0] if alone else re.sub(r"[.!?…]", "x", quote[0])


def _add(pieces: list[str], piece: str) -> None:
    letters = any(char.isalnum() for char in piece)
    if pieces and (not letters or not any(char.isalnum() for char in pieces[-1])):
        pieces[-1] += piece
    elif piece:
        pieces.append(piece)


def plain(sentence: str) -> str:
    """The sentence in lower case without marks, and without what it quotes."""
    folded = sentence.replace("’", "'").lower().replace("\N{NO-BREAK SPACE}", " ").strip()
    inner = QUOTE.sub(" ", folded)
    return " ".join(PLAIN.sub(" ", inner if any(char.isalpha() for char in inner) else folded).split())


def _false(sentence: str, true: set[str], did: bool, state: State | None) -> bool:
    """Whether it claims or promises what nothing stands behind."""
    said = plain(sentence)
    asks, said = said.rstrip(" )'").endswith("?"), said.rstrip(" .!?…)'")
    clauses = [piece for clause in CLAUSE.split(said) for piece in _cut(clause.strip()) if piece]
    if asks:
        clauses = clauses[:-1]
    offered = bool(OFFER.search(said[:LONGEST])) or bool(CONDITION.match(said))
    if any(_claims(clause, true, offered) for clause in clauses):
        return True
    return not offered and not asks and _stands_false(said[:LONGEST], clauses, did, sentence, state)


def _cut(clause: str) -> Iterator[str]:
    """A clause in pieces that are short enough to be looked at."""
    for start in range(0, max(1, len(clause)), LONGEST):
        yield clause[start : start + LONGEST + 60]


def _claims(clause: str, true: set[str], offered: bool) -> bool:
    """Whether a clause says that something was done or will be."""
    if DONE.fullmatch(clause) or AS_ASKED.search(clause):
        return True
    words = set(WORD.findall(clause))
    for rule in RULES:
        if not rule.cues.isdisjoint(words) and _fits(rule, clause):
            return rule.kind not in true and not (offered and rule.kind != "deed")
    return BARE.match(clause) is not None or (ACTING_NOW.match(clause) is not None and not FINITE_VERB.search(clause))


def _fits(rule: Rule, clause: str) -> bool:
    """Whether the rule is found, and not behind an "if" or a "once"."""
    found = rule.begin.search(clause)
    if found is None or (rule.then and not rule.then.search(clause)) or (rule.unless and rule.unless.search(clause)):
        return False
    return HEDGED.search(clause, 0, found.start()) is None


def _stands_false(said: str, clauses: list[str], did: bool, sentence: str, state: State | None) -> bool:
    """Whether a sentence about how things are is a claim: the house shows otherwise, or nobody knows and it says "now"."""
    short = any(SHORT.fullmatch(clause) for clause in clauses) and ":" not in said
    pronoun = any(IT_IS.fullmatch(clause) for clause in clauses)
    stated = STATED.search(said) or (NOW_IS.search(said) and NOW_SO.search(said) and not NOT_NOW.search(said))
    if not (short or pronoun or stated or ":" in said or MEASURED.search(said)):
        return False
    shown = state(PLAIN.sub(" ", sentence).strip()) if state else None
    new = bool(NOW.search(said)) and bool(stated) and not (NEGATED.search(said.replace("no longer", "")))
    if shown is not None:
        return not shown or (did and new)
    return short or pronoun or new


def _tidy(text: str, did: bool) -> str:
    """What is left, readable: no "Sure!" before nothing, no empty lines at the ends, no farewell alone after "I did nothing."."""
    left = re.sub(r"\n{3,}", "\n\n", text).strip()
    pieces = [piece for line in left.split("\n") for piece in sentences(line)]
    heads = [plain(piece).strip(" .!?…,") for piece in pieces]
    if all(not head or ACK.fullmatch(head) or (not did and FLUFF.fullmatch(head)) for head in heads):
        return ""
    while heads and (not heads[0] or ACK.fullmatch(heads[0])):
        left = left[len(pieces.pop(0)) :].lstrip()
        heads.pop(0)
    return left
