"""In-process publish and subscribe, by the type of the event. Nothing here survives a restart: what must, is in the store."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

E = TypeVar("E")


class Events:
    """Synchronous delivery in the order of subscription."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)

    def subscribe(self, kind: type[E], subscriber: Callable[[E], None]) -> Callable[[], None]:
        """Call `subscriber` with every event of this type; returns unsubscribe."""
        self._subscribers[kind].append(subscriber)
        return lambda: self._subscribers[kind].remove(subscriber)

    def publish(self, event: object) -> None:
        """Hand the event to whoever subscribed to its type."""
        for subscriber in list(self._subscribers[type(event)]):
            subscriber(event)
