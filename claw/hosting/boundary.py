"""The skill boundary: whatever a skill or its library raises becomes a DeviceError for people, with a traceback in the log."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Iterator
from typing import TypeVar

from claw.device import DeviceError
from claw.discovery.found import clean
from claw.hosting.secrets import redact

T = TypeVar("T")
log = logging.getLogger("claw.skill")


NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
NO_SENSE = "it answered something that makes no sense"
LONGEST = 300  # characters of an error's text, which may be a device's own


@contextlib.contextmanager
def sense(*errors: type[BaseException]) -> Iterator[None]:
    """For a skill that reads what a device sent: what garbage makes Python raise becomes a DeviceError for people.

    `errors` are a library's own, whose text is for people already.
    """
    try:
        yield
    except errors as error:
        raise DeviceError(_shown(error, 200) or type(error).__name__) from error
    except NONSENSE as error:
        raise DeviceError(NO_SENSE) from error


async def guard(work: Awaitable[T], *, who: str, seconds: float | None, errors: tuple[type[BaseException], ...] = ()) -> T:
    """Await a skill's work for at most `seconds`; raises only DeviceError (and cancellation)."""
    with as_device_error(who, errors):
        async with asyncio.timeout(seconds):
            return await work


@contextlib.contextmanager
def as_device_error(who: str, errors: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
    """Turn everything that a skill raises, even SystemExit, into a DeviceError with a text that is safe to show."""
    try:
        yield
    except DeviceError as error:
        error.args = (_shown(error, LONGEST),)
        raise
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) and task.cancelling():
            raise  # we were cancelled; else something inside the skill's library was
        raise DeviceError("its skill failed (it cancelled itself)") from None
    except ModuleNotFoundError as error:
        raise DeviceError(_missing(error)) from error
    except TimeoutError:
        raise DeviceError("it did not answer in time") from None
    except errors as error:
        raise DeviceError(_shown(error, 200) or type(error).__name__) from error
    except OSError as error:
        raise DeviceError(f"it cannot be reached ({_shown(error.strerror or type(error).__name__)})") from error
    except _client_errors() as error:
        raise DeviceError(f"it cannot be reached ({type(error).__name__})") from error
    except (Exception, SystemExit) as error:
        log.exception("%s failed", who)
        raise DeviceError(f"its skill failed ({type(error).__name__}: {_shown(error, 120)})") from error


def _shown(error: object, limit: int = 64) -> str:
    """A text of a skill or its library that is safe to show."""
    return clean(redact(str(error)), limit)


def _missing(error: ModuleNotFoundError) -> str:
    """Which library is not installed, and how to get it."""
    name = (error.name or "").partition(".")[0]
    known = not name or name == "claw" or name in sys.modules or name in sys.stdlib_module_names
    if known:
        return f"it cannot be imported ({_shown(error, 200)})"
    return f"it needs the library {clean(name)}, which is missing: pip install {clean(name)}"


def _client_errors() -> tuple[type[BaseException], ...]:
    """aiohttp's errors, if a skill has imported it."""
    aiohttp = sys.modules.get("aiohttp")
    return (aiohttp.ClientError,) if aiohttp else ()
