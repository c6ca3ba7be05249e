"""The event stream of a Hue hub: server-sent events, one JSON list of changes in each."""

import asyncio
import json
import time
import uuid
from datetime import UTC, datetime

from aiohttp import web

from claw.demo.hue.lamp import JSON


class EventStream:
    """Tells every connected client of each change; a client that is not connected misses it."""

    def __init__(self) -> None:
        self._clients: set[asyncio.Queue[bytes]] = set()
        self._count = 0
        self.connected = asyncio.Event()  # set while somebody listens

    def tell(self, type: str, *data: JSON) -> None:
        """Send one event of this type: add, update or delete."""
        self._count += 1
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {"creationtime": created, "data": list(data), "id": str(uuid.uuid4()), "type": type}
        self.send_raw(f"id: {int(time.time())}:{self._count}\ndata: {json.dumps([event])}\n\n".encode())

    def send_raw(self, chunk: bytes) -> None:
        """Send these bytes as they are."""
        for client in self._clients:
            client.put_nowait(chunk)

    def end(self) -> None:
        """Close every stream; b"" is the end."""
        self.send_raw(b"")

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One client, until it leaves or end()."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        await response.write(b": hi\n\n")
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._clients.add(queue)
        self.connected.set()
        try:
            while chunk := await queue.get():
                await response.write(chunk)
        except ConnectionError:
            pass
        finally:
            self._clients.discard(queue)
            if not self._clients:
                self.connected.clear()
        return response
