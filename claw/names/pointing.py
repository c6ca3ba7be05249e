"""What "it", "the others", "that lamp" and "the kitchen one" mean after what was last spoken of."""

from collections.abc import Sequence
from dataclasses import replace

from claw.names.index import bits
from claw.names.resolving import Query, Resolver, without_end
from claw.names.selection import Selection
from claw.names.words import ALL, ARTICLES, HIM, IT, ONES, OTHERS, POINTING


class Pointing(Resolver):
    """Resolves words that point at the topic, or past it."""

    def pointed(self, tokens: Sequence[str], all: bool) -> Selection:
        """What "it", "the others", "that lamp", "the kitchen one", "the lamp there" mean after what was spoken of."""
        core = [word for word in tokens if word not in ARTICLES and word not in ONES and word not in ("all", "every", "each")]
        unknown = Selection(unknown=core[0] if core and core[0] in POINTING else " ".join(core or tokens))
        if "else" in core and core[0] in ALL:  # "everything else in the kitchen"
            core = ["rest", *(word for word in core if word != "else")]
        if not core:
            two = "both" in tokens and self.topic.bit_count() == 2
            return self._these(self.topic if two else 0) or unknown
        if core[-1] == "there":
            return self._there(core[:-1], all) or unknown
        if core[0] in OTHERS:
            return self._others(core[0], core[1:], set(tokens)) or unknown
        if core[0] in HIM | IT:
            pool = self.topic & (self.index.kinds.get("vacuum", 0) if core[0] in HIM else -1)
            pool = 0 if "both" in tokens and pool.bit_count() != 2 else pool
            return (self._that(core[0], core[1:], pool) if core[1:] else self._these(pool)) or unknown
        if not ONES.isdisjoint(tokens):
            return self._one(tokens, core, all)
        return unknown

    def _these(self, mask: int, *, bare: bool = False, place: str = "") -> Selection | None:
        mask = self.able(mask)
        return Selection(self.index.members(mask), group=mask.bit_count() > 1, bare=bare, place=place) if mask else None

    def _that(self, word: str, words: Sequence[str], pool: int) -> Selection | None:
        """ "That lamp": the one spoken of, else the only one; "those lights": those spoken of, else those of the speaker."""
        query = self.query(words, True)
        if pool and (found := self.resolve(replace(query, inside=pool))).devices:
            return replace(found, group=len(found.devices) > 1)
        if word in ("it", "them", "they") or word in HIM:
            return None
        if word in ("those", "these") or query.plural:
            query = replace(query, inside=self.index.within(self.speaker_area) if self.speaker_area else 0)
        return self.resolve(replace(query, group=query.plural))

    def _there(self, words: Sequence[str], all: bool) -> Selection | None:
        """In the room of what was spoken of; when nobody knows which, it must be the only one."""
        words = without_end(words)
        areas = {self.index.area[n] for n in bits(self.topic)}
        if len(areas) == 1 and (area := areas.pop()):
            return self.resolve(replace(self.query(words, all), inside=self.index.within(area), place=area))
        found = self.resolve(self.query(words, all)) if words else Selection()
        return found if len(found.devices) == 1 and not found.bare else None

    def _others(self, word: str, words: Sequence[str], said: set[str]) -> Selection | None:
        """What else is there of the kind: in the same room first, unless all were said."""
        if not self.topic:
            return None
        words = [word for word in words if word not in IT]  # "the rest of them"
        query = self.query(words, True)
        found = self.resolve(query) if words else Selection()
        if found.unknown:
            return replace(found, unknown=" ".join((word, *words)))
        named = self.index.mask(found.devices) if found.devices else self.index.alike(self.topic)
        mask = self.able(named & ~self.topic)
        near = 0 if found.place or found.bare or not said.isdisjoint(ALL) else mask & self.index.beside(self.topic)
        if word != "other" or query.plural or "ones" in said:
            return self._these(near or mask, bare=found.bare, place=found.place)
        same = self.index.same_sort(self.topic)
        mask = next((some for some in (near & same, near, mask & same, mask) if some), 0)
        return self.pick(mask, Query(query.words), group=False) if mask else None

    def _one(self, tokens: Sequence[str], core: Sequence[str], all: bool) -> Selection:
        """ "The kitchen one": of the kind that was spoken of; "one of the lamps": any, so it must be asked which."""
        query = self.query(core, all)
        if tokens[:2] == ["one", "of"]:
            return self.resolve(replace(query, plural=False, group=False))
        inside = self.index.alike(self.topic) if self.topic else -1
        found = self.resolve(replace(query, inside=inside, one="one" in tokens, plural="ones" in tokens))
        return replace(found, bare=found.bare and not self.topic)
