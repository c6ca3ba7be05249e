"""What aiohttp raises, as `Bridge.send` says it; never with a URL, which may hold a token."""

import contextlib
from collections.abc import Iterator

from claw.messages.outbox import NotSent


class Unreached(NotSent, OSError):
    """There was no connection, so nothing went out."""

    def __init__(self, why: str, seconds: float = 5.0) -> None:
        NotSent.__init__(self, seconds)
        self.args = (why,)


@contextlib.contextmanager
def faults(seconds: float = 0.0) -> Iterator[None]:
    """Around a request with this limit: Unreached when it surely did not go out, OSError when nobody knows."""
    import aiohttp

    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise Unreached("no connection") from None
    except TimeoutError:
        raise OSError(f"no answer within {seconds:g} s") from None
    except aiohttp.ClientError as error:
        raise OSError(type(error).__name__) from None
