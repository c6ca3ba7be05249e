"""What a model may not say: that something was done, or will be, which no tool confirmed.

Pure functions over text. They know forms of words, not the world: English thoroughly, German, French, Spanish and Dutch in
their common forms. Code blocks and quoted words inside of a sentence are never claims.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from claw.mind import claims
from claw.mind.claims import RULES, Rule

State = Callable[[str], bool | None]
LONGEST = 400  # characters of a clause that are looked at in one piece: keeps the time linear
MARKS = "\U0001f000-\U0001faff☀-➿⬀-⯿️‍←-⇿⌀-⏿"
BULLET = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,2}[.)])\s+)*(?:\[[ xX]\]\s+)?")
END = re.compile(rf"[.!?…{MARKS}]+[\"”»’')*_~\]{MARKS}]*(\s*)")
MARK = re.compile(f"[{MARKS}]")
QUOTE = re.compile(r"“[^”\n]{1,300}”|«[^»\n]{1,300}»|„[^“\n]{1,300}“|\"[^\"\n]{1,300}\"|`[^`\n]{1,300}`")
QUOTES = re.compile(r"[“«„\"`]")
BEFORE_DOT = re.compile(r"(?:\b(?:e\.g|i\.e|dr|mr|mrs|ms|st|approx|z\.b|p\.ej|vs|ca|bzw|bijv)|^\s*\d{1,2})$", re.IGNORECASE)
CLAUSE = re.compile(r"[,;:—–()]+|\s-+\s|\bbut\b|\b(?:and|so|because) (?=i\b)|\b(?:aber|mais|pero|maar)\b")
WORD = re.compile(r"[\w'-]+")
PLAIN = re.compile(rf"[*_~#>`\"“”„«»¡¿\[\]{MARKS}]+")
ACTING_NOW, FINITE_VERB = re.compile(rf"(?:and |ok |okay |sure )?(?:just )?{claims.ACTING}\b"), re.compile(claims.FINITE)
BARE = re.compile(
    r"(?:i )?(?:just |already |successfully |now )*(?:turned|switched|locked|unlocked|closed|opened|dimmed|paused|muted|"
    r"armed|started|"
    r"stopped|lowered|raised|added|sent|scheduled|activated|deactivated|adjusted|changed|removed|updated|cancelled|set|"
    r"put|brought|"
    r"ordered|booked|bumped|cranked|rolled|secured|popped) "
    r"(?:(?:on|off|up|down|in) )?(?:the|your|all|it|them|both|a|an|off|on)\b"
)
NEGATED = re.compile(claims.NOT_DONE)


class Known(NamedTuple):
    """What stands behind a text."""

    true: frozenset[str]  # the kinds of promises that are
    did: bool
    state: State | None


BY_CUE: dict[str, list[int]] = {}  # the rules that a word may begin, in their order
for _n, _rule in enumerate(RULES):
    for _cue in _rule.cues:
        BY_CUE.setdefault(_cue, []).append(_n)


def checked(text: str, *, did: bool, planned: bool, remembered: bool, state: State | None = None) -> tuple[str, bool]:
    """The text without such claims, and whether any was left out.

    `did`: the house has told of deeds before this text; `planned`, `remembered`: a plan was made, a fact was kept, so promises
    of them are true; `state` says of a sentence whether the house shows it so, or None when it does not know.
    """
    true = frozenset({"plan", "promise"} if planned else ()) | frozenset({"memory"} if remembered else ())
    known, lines, left_out, below = Known(true, did, state), list[str](), False, False
    for line, code in _lines(text):
        kept, dropped, below = (line, False, False) if code else _line(line, known, below)
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


def _line(line: str, known: Known, below: bool) -> tuple[str | None, bool, bool]:
    """The line without claims (None: nothing is left of it), whether one was left out, and whether a list of deeds follows."""
    bullet = BULLET.match(line)
    start = bullet.end() if bullet else 0
    if not line.strip():
        return line, False, below
    if below and line[:start].strip():
        return None, True, True
    kept, dropped = list[str](), False
    for piece in sentences(line[start:]):
        if _false(piece, known, dropped):
            dropped = True
        else:
            kept.append(piece)
    if not dropped:
        return line, False, False
    rest = "".join(kept).rstrip()
    return (line[:start] + rest) if rest else None, True, line.rstrip("* _").endswith(":")


def sentences(line: str) -> list[str]:
    """A line cut after each sentence; joined they are the line. What holds no letter goes with its neighbour."""
    masked = QUOTE.sub(lambda found: _mask(line, found), line) if QUOTES.search(line) else line
    pieces, start = list[str](), 0
    for end in END.finditer(masked):
        if _ends(masked, end):
            _add(pieces, line[start : end.end()])
            start = end.end()
    _add(pieces, line[start:])
    return pieces


def _ends(line: str, end: re.Match[str]) -> bool:
    """Whether a sentence ends there, and it is no "21.5", "e.g." or "5 p.m. and"."""
    if MARK.search(end[0]):
        return True
    if not end[1]:
        return False
    return end[0][0] != "." or not (
        line[end.end() : end.end() + 1].islower() or BEFORE_DOT.search(line[max(0, end.start() - 8) : end.start()])
    )


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
    inner = QUOTE.sub(" ", folded) if QUOTES.search(folded) else folded
    return " ".join(PLAIN.sub(" ", inner if any(char.isalpha() for char in inner) else folded).split())


def _false(sentence: str, known: Known, after: bool) -> bool:
    """Whether it claims or promises what nothing stands behind; `after` a claim, so that a state is one as well."""
    said = plain(sentence)
    asks, said = said.rstrip(" )'").endswith("?"), said.rstrip(" .!?…)'")
    clauses = [piece for clause in CLAUSE.split(said) for piece in _cut(clause.strip()) if piece]
    clauses = clauses[:-1] if asks else clauses
    words = set(WORD.findall(said))
    rules = [RULES[n] for n in sorted({n for word in words & BY_CUE.keys() for n in BY_CUE[word]})]
    offered = not words.isdisjoint(claims.OFFERING) and bool(claims.OFFER.search(said[:LONGEST]) or claims.CONDITION.match(said))
    asked = (" as " in f" {said}" or "per your" in said) and claims.AS_ASKED.search(said)
    if asked or any(_claims(clause, rules, known.true, offered) for clause in clauses):
        return not (asks and not clauses)
    return not offered and not asks and _stands_false(said[:LONGEST], clauses, words, known, sentence, after)


def _cut(clause: str) -> Iterator[str]:
    """A clause in pieces that are short enough to be looked at."""
    for start in range(0, max(1, len(clause)), LONGEST):
        yield clause[start : start + LONGEST + 60]


def _claims(clause: str, rules: Sequence[Rule], true: frozenset[str], offered: bool) -> bool:
    """Whether a clause says that something was done or will be."""
    if claims.DONE.fullmatch(clause):
        return True
    for rule in rules:
        if _fits(rule, clause):
            return rule.kind not in true and not (offered and rule.kind != "deed")
    return BARE.match(clause) is not None or (ACTING_NOW.match(clause) is not None and not FINITE_VERB.search(clause))


def _fits(rule: Rule, clause: str) -> bool:
    """Whether the rule is found, and not behind an "if" or a "once"."""
    found = rule.begin.search(clause)
    if found is None or (rule.then and not rule.then.search(clause)) or (rule.unless and rule.unless.search(clause)):
        return False
    return claims.HEDGED.search(clause, 0, found.start()) is None


def _stands_false(said: str, clauses: Sequence[str], words: set[str], known: Known, sentence: str, after: bool) -> bool:
    """Whether a sentence about how things are is a claim: the house shows otherwise, or nobody knows and it says "now"."""
    short = ":" not in said and any(claims.SHORT.fullmatch(one) or claims.SHORT_ABROAD.fullmatch(one) for one in clauses)
    pronoun = any(claims.IT_IS.fullmatch(clause) for clause in clauses)
    now = not words.isdisjoint(claims.NOW_WORDS) and claims.NOW.search(said)
    stated = claims.STATED.search(said) or (
        now and claims.NOW_IS.search(said) and claims.NOW_SO.search(said) and not claims.NOT_NOW.search(said)
    )
    if not (short or pronoun or stated or ":" in said or claims.MEASURED.search(said)):
        return False
    shown = known.state(PLAIN.sub(" ", sentence).strip()) if known.state else None
    new = bool(stated) and (after or bool(now)) and not NEGATED.search(said.replace("no longer", ""))
    return (short or pronoun or new) if shown is None else not shown or (known.did and new)


def _tidy(text: str, did: bool) -> str:
    """What is left, readable: no "Sure!" before nothing, no heading of nothing, no farewell alone after "I did nothing."."""
    left = re.sub(r"\n{3,}", "\n\n", text).strip()
    pieces = [piece for line in left.split("\n") for piece in sentences(line)]
    if all(_empty(piece, did) for piece in pieces):
        return ""
    while claims.ACK.fullmatch(_head(pieces[0])):
        left = left[len(pieces.pop(0)) :].lstrip()
    return left


def _head(piece: str) -> str:
    return plain(piece).strip(" .!?…,")


def _empty(piece: str, did: bool) -> bool:
    """Whether it says nothing by itself."""
    head = _head(piece)
    heading = piece.startswith("#") or piece.rstrip("* _").endswith(":")
    return not head or heading or bool(claims.ACK.fullmatch(head)) or (not did and bool(claims.FLUFF.fullmatch(head)))
