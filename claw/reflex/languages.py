"""Other languages than English: which one a message is in, and the words of each that the reader must know.

The words and our own templates of a language stand in sentences/LANGUAGE.yaml; all is compared without accents.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LONGEST_NAME = 5  # words
ELIDED = re.compile(r"\b[ldj]'")  # French articles: "l'entrée"
KNOWN = ("de", "fr", "es", "nl")
# frequent words that are no English ones; a message with none of them is not looked at
FREQUENT = {
    "de": r"""das|der|dem|den|und|ist|sind|mache?|schalte?|stelle?|dreh|fahre?|zu|aus|auf|alle[ns]?|nicht|ich|wie|welche|wo|im
        |bitte|ein|offne|schliesse?|etwas|heller|dunkler|warmer|kalter|runter|hoch|rauf|spiele?|lauter|leiser|wieviel|lauft|\w+schalten|\w+machen
        |offnen|schliessen|starten?|stopp|ventilator|lufter|fernseher|grad|prozent
        |\w*(?:lichte?r?|lampen?|heizung|rolll?aden|tur|kuche|zimmer|steckdose)""",
    "fr": r"""le|la|les|du|des|dans|et|est|sont|allumer?|eteins|eteindre|fermer?|ouvre|ouvrir|il|elle|une|je
        |quelles?|combien|mets|regle|monte|baisse|toutes?|tous|lumieres?|volets?|pas|ne|s'il
        |chauffage|verrouiller?|plus|lampes?|cuisine|chambre|salon|en|demarrer?
        |lancer?|augmente|diminue|degres|pour\ cent|rouge|bleu|[ld]'\w+|\w+-(?:il|elle)s?""",
    "es": r"""el|la|los|las|del|en|y|esta|estan|enciend[ea]|encender|apagar?|abr[ei]r?|cierra|cerrar|sube|baja|pon|que
        |cuantos|todas?|hay|todos?|luz|luces
        |persianas?|calefaccion|puerta|cocina|salon|dormitorio|lamparas?|cual|hace|por|mas|bloquea|prende|arranca|inicia
        |grados|al|ventilador|rojo|azul|lista""",
    "nl": r"""de|het|een|en|op|van|aan|uit|zet|doe|niet|wat|hoe|welke|staat|zijn|alle|alles|graden|naar|deur|lichten
        |lampen|\w+lamp|sluit|maak|draai|procent|warmer|kouder|feller|harder|zachter
        |\w*(?:licht|verwarming|rolluik|rolluiken|gordijn|gordijnen|kamer|keuken)""",
}
LETTERS = {"de": "äöüß", "fr": "àâçéèêëîïôùûœ", "es": "áéíóúñ¿¡", "nl": "ëï"}  # one of them counts as one word
ENGLISH = re.compile(
    r"\b(?:the|are|of|to|and|on|off|turn|set|what|how|my|it|you|at|with|this|that|do|not|have|i|we|please|by|for|don't)\b"
)
WORDS = {language: re.compile(rf"(?<![\w'-])(?:{words})(?!\w)", re.VERBOSE) for language, words in FREQUENT.items()}


def bare(text: str) -> str:
    """Lower case without accents, "ß" as "ss": "Küche" is "kuche"."""
    return unaccented(text.replace("’", "'").casefold())


def ways(text: str) -> set[str]:
    """How a name may be written without accents: "kuche" and "kueche"."""
    plain = bare(text), bare(text.casefold().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"}))
    return {" ".join(ELIDED.sub(" ", one).split()) for one in plain}


def unaccented(text: str) -> str:
    """The text without accents; its case is kept."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text.replace("ß", "ss"))
    return unicodedata.normalize("NFC", "".join(letter for letter in apart if not unicodedata.combining(letter)))


def detect(text: str, among: Collection[str] = KNOWN) -> list[str]:
    """The languages that the message may be in, likeliest first, at most two; none for English."""
    said, letters = bare(text), set(text.casefold())
    known = [language for language in among if language in WORDS]
    hits = {one: len(WORDS[one].findall(said)) + bool(letters & set(LETTERS[one])) for one in known}
    least = max(1, len(ENGLISH.findall(said)) + 1)
    return sorted((one for one in hits if hits[one] >= least), key=lambda one: -hits[one])[:2]


@dataclass(frozen=True)
class Tongue:
    """What is read by words in one language. All words are bare; the patterns are searched in the bare text."""

    nouns: Mapping[str, str]  # things and rooms in English
    dropped: frozenset[str]  # articles and prepositions
    endings: tuple[str, ...]  # nouns that may end a word, longest first: "Küchenlicht"
    polite: re.Pattern[str]
    negated: re.Pattern[str]
    condition: re.Pattern[str]
    later: re.Pattern[str]
    question: re.Pattern[str]
    acts: re.Pattern[str]
    joins: re.Pattern[str]
    behind: re.Pattern[str] | None  # a particle with what may stand behind it: "aus außer im Flur"
    percent: tuple[str, re.Pattern[str]]  # how the templates say it, and every way to say it
    degrees: tuple[str, re.Pattern[str]]
    numbers: Mapping[str, str]  # words -> digits
    numbered: re.Pattern[str]  # a number word where a value stands
    say: Mapping[str, str]  # what is answered: negated, condition, later

    def tidy(self, text: str) -> str:
        """Number words where a value is meant as digits, units as the templates have them, particles at the end."""
        text = self.behind.sub(r"\2 \1", text) if self.behind else text
        text = self.numbered.sub(lambda found: (found["before"] or "") + self.numbers[found["one"] or found["two"]], text)
        for word, ways in (self.percent, self.degrees):
            text = ways.sub(f" {word}", text)
        return text

    def unit(self, text: str) -> str:
        """Which unit a number in the tidied text has; empty when none."""
        return next((name for name, (word, _) in (("percent", self.percent), ("degrees", self.degrees))
                     if re.search(rf"\d {word}\b", text)), "")  # fmt: skip

    def english(self, phrase: str, own: Mapping[str, str], *, inside: bool = False) -> list[str]:
        """Ways to say it in the words of claw.names, likeliest first.

        `own`: bare names of the house, as it writes them; `inside`: it is known in which room it is said.
        """
        words = ELIDED.sub(" ", phrase).split()
        known = ({**self.nouns, **own}, {**own, **self.nouns})
        return list(dict.fromkeys(_ordered(self._said(words, names), inside) for names in known))

    def _said(self, words: list[str], known: Mapping[str, str]) -> list[str]:
        """The words in English: longest known names first, then parts of words; articles are left out."""
        longest, out, at = min(LONGEST_NAME, len(words)), list[str](), 0
        while at < len(words):
            size = next((n for n in range(longest, 0, -1) if " ".join(words[at : at + n]) in known), 0)
            name = " ".join(words[at : at + max(size, 1)])
            out.append(known[name] if size else "" if name in self.dropped else self._joined(name, known))
            at += max(size, 1)
        return out

    def _joined(self, word: str, known: Mapping[str, str]) -> str:
        """ "Küchenlicht" as "kitchen light"; other words unchanged."""
        for noun in self.endings:
            room = word.removesuffix(noun)
            if (
                room != word
                and len(room) > 2
                and (found := next((one for one in (room, room[:-1], room + "e") if one in known), ""))
            ):
                return f"{known[found]} {self.nouns[noun].rstrip('?')}"
        return word


def _ordered(words: list[str], inside: bool) -> str:
    """As one phrase. "here" is understood at its end only; "lights?" are those of the place that is said, else the light."""
    words = list(filter(None, words))
    several = inside or len(words) > 1
    words = [(word[:-1] if several else word[:-2]) if word.endswith("?") else word for word in words]
    said = " ".join(words).split()
    here = "here" in said
    return " ".join([*(word for word in said if word != "here"), *(["here"] if here else [])])


@cache
def spoken(language: str) -> dict[str, Any]:
    """The file of a language: our templates, and its words under "words"; empty when there is none."""
    import yaml

    file = resources.files("claw.reflex") / "sentences" / f"{language}.yaml"
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return data


@cache
def tongue(language: str) -> Tongue | None:
    """The words of a language; None when nobody wrote any, as for those that home-assistant-intents alone has."""
    words = spoken(language).get("words")
    if not words:
        return None
    patterns = {name: _pattern(words[name]) for name in ("negated", "condition", "later", "acts", "joins")}
    numbers = {bare(word): digits for word, digits in _numbers(language, words["numbers"]).items()}
    some = "|".join(sorted(map(re.escape, numbers), key=len, reverse=True))
    value, units = f"(?P<before> (?:{words['before']}) )(?P<two>{some})$", f"{words['percent'][1]}|{words['degrees'][1]}"
    nouns = {way: english for english, said in words["nouns"].items() for one in said.split(", ") for way in ways(one)}
    return Tongue(
        nouns=nouns,
        dropped=frozenset(bare(words["dropped"]).split()),
        endings=tuple(sorted((one for one in nouns if len(one) > 2), key=len, reverse=True)) if words["endings"] else (),
        polite=re.compile(rf"^(?:(?:{bare(words['polite'])})[,!. ]+)+|(?:[,!. ]+(?:{bare(words['polite'])}))+$"),
        question=re.compile(rf"(?:{bare(words['question'])})\b"),
        percent=(words["percent"][0], re.compile(rf"(?<=\d) ?(?:{bare(words['percent'][1])})(?!\w)")),
        degrees=(bare(words["degrees"][0]), re.compile(rf"(?<=\d) ?(?:{bare(words['degrees'][1])})(?!\w)")),
        numbers=numbers,
        numbered=re.compile(rf"\b(?P<one>{some})(?= (?:{bare(units)})(?!\w))|{value}"),
        behind=re.compile(rf"(?<= ){bare(words['behind'])}$") if "behind" in words else None,
        say=words["say"],
        **patterns,
    )  # fmt: skip


def _pattern(words: str) -> re.Pattern[str]:
    """Any of the words, whole; a line may end before a bar."""
    return re.compile(rf"\b(?:{bare(words).replace(' |', '|')})(?!\w)")


def _numbers(language: str, more: Mapping[str, str]) -> dict[str, str]:
    """Numbers from 2 to 100 in words, with those that are said otherwise than they are written out."""
    from unicode_rbnf import RbnfEngine

    engine = RbnfEngine.for_language(language)
    written = {engine.format_number(n).text: str(n) for n in range(2, 101)}
    return {**{word.replace("-", " "): digits for word, digits in written.items()}, **written, **more}
