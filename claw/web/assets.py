"""The files that a browser loads: an exact list, each once as it is and once packed."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}  # fmt: skip


@dataclass(frozen=True)
class Asset:
    """One file; a browser asks each time whether its copy is still the right one."""

    kind: str
    body: bytes
    packed: bytes
    tag: str

    def answer(self, request: web.Request) -> web.Response:
        """The file, or 304 when the browser has it."""
        headers = {"ETag": self.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if self.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.packed, content_type=self.kind, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=self.body, content_type=self.kind, headers=headers)


def assets() -> dict[str, Asset]:
    """Every file of static/ by its path; index.html is "/"."""
    files = [path for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES]
    return {f"/{path.name.removeprefix('index.html')}": _asset(path) for path in files}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:16]}"'
    return Asset(TYPES[path.suffix], body, gzip.compress(body, 9, mtime=0), tag)
