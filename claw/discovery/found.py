"""One thing found on the network: how, where, and what it said about itself (text from strangers, already cleaned)."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True, eq=False)
class Found:
    """A service at an address. `id` names it across addresses as far as the protocol can tell."""

    via: str  # mdns, ssdp, static
    type: str
    name: str
    host: str
    port: int
    id: str
    txt: dict[str, str] = field(default_factory=dict)  # TXT record, or the headers of an SSDP answer in lower case
    location: str = ""  # SSDP: the address of its description
    allows: Callable[[str], bool] | None = field(default=None, repr=False)  # which other addresses its skill may talk to

    @cached_property
    def http(self) -> Any:
        """A client for this address only (claw.kit.http.Http), imported at the first use."""
        from claw.kit.http import Http

        return Http(self.host, self.port, allows=self.allows)


def clean(text: str, limit: int = 64) -> str:
    """A name that is safe to show: NFKC, no control, format or bidirectional characters, one line, at most `limit` characters."""
    folded = unicodedata.normalize("NFKC", text[: limit * 16])
    kept = "".join(" " if char.isspace() else char for char in folded if char.isspace() or unicodedata.category(char)[0] != "C")
    return " ".join(kept.split())[:limit].strip()
