"""Asks the owner for what the house cannot know: rooms and names of devices, and whether one that moved is the same."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from string import capwords

from claw.device import Device
from claw.events import Events
from claw.house import GUARDED, DeviceAdded, DeviceHeld, House
from claw.memory.calling import fits
from claw.messages.asks import Asks
from claw.messages.inbox import CODE
from claw.names import KINDS_SAID, fold, stems
from claw.reflex.alias import BYE, HELLO, NO, STOP, THANKS, YES
from claw.reflex.reading import Context, Request
from claw.turns.replies import call_of_it, capital, few, spoken, the, within
from claw.turns.turn import Turn

QUIET_SECONDS = 3.0  # after the last new device
TRIES, AGAIN_SECONDS = 3, 86400.0  # how often a question is asked that nobody answers, and after how long again
NAMES, NAMES_SECONDS = 5, 3600.0  # at most so many names are asked for in this time
NOWHERE = frozenset({"none", "nowhere", "no room", "skip"})
UNNAMED = frozenset({"skip", "none", "no", "nope", "nothing", "no name", "keep it", "leave it", "never mind", "nevermind"})
TALK = (YES | NO | STOP | THANKS | HELLO | BYE) - UNNAMED
# of makers and catalogues: a name of nothing but these, kinds and numbers says nothing to a person
WORDS = """
hue philips color colour ambiance ambience white warm filament lightstrip gradient led rgb rgbw sonos ikea tradfri shelly tasmota
esp wled tuya smart wifi zigbee dimmable dimmer lifx nanoleaf wiz kasa tapo meross eve aqara new device unknown accessory strip
"""
CATALOGUE = KINDS_SAID | set(WORDS.split())
SERIAL = re.compile(r"(?<![^\W_])(?=[^\W_]*\d)(?=[^\W_]*[^\W\d_])(?![^\W\d_]{3,}\d{1,2}(?![^\W_]))[^\W_]{4,}")  # not "lamp2"
NOUN = {"light": "lamp", "player": "speaker", "shade": "blind"}
# how a sentence begins that is no name
SENTENCE = re.compile(
    r"(?:what|which|who|when|where|why|how|is|are|was|do|does|did|can|could|will|would|should|has|have|i|you|we|please|turn|switch"
    r"|put|set|make|open|close|lock|unlock|play|stop|start|dim|show|tell|give|remind|remember|forget|undo|if|every|at|in|on|add)\b"
)
LEAD = re.compile(
    r"\W*(?:(?:we |i |please )*(?:call|name) (?:it|(?:that|this)(?: one)?)|(?:it|that|this)(?:['’]?s| is)(?: called| named)?) ",
    re.IGNORECASE,
)


class Rooms:
    """One short question at a time, each answered once; one that nobody answers comes again the next day, twice."""

    def __init__(self, house: House, events: Events, asks: Asks, tell: Callable[[str], None],
                 propose: Callable[[Request, str], None], refused: Callable[[Device, str], str]) -> None:  # fmt: skip
        """`tell`: says something to the owner unasked (Agent.tell); `propose`: asks for a yes to a request (Agent.propose);
        `refused`: why a device cannot have a name, or nothing (Agent.refused)."""
        self.house, self.asks, self.tell, self.propose, self.refused = house, asks, tell, propose, refused
        self._tries: Counter[str] = Counter()  # how often each question went unanswered
        self._put_off: set[str] = set()  # until the next day
        self.quiet: Callable[[], float] = float  # seconds until the owner may be asked
        self._new = asyncio.Event()
        self._held: dict[tuple[str, str], DeviceHeld] = {}
        self._told: set[tuple[str, str]] = set()
        self._names: list[float] = []  # when names were asked for
        events.subscribe(DeviceAdded, lambda _: self._new.set())
        events.subscribe(DeviceHeld, self._hold)

    def _hold(self, event: DeviceHeld) -> None:
        host = event.device.found.host if event.device.found else ""
        if (event.device.id, host) not in self._told:
            self._told.add((event.device.id, host))
            self._held[event.device.id, host] = event
            self._new.set()

    async def run(self) -> None:
        """Ask whenever devices came, until cancelled."""
        while True:
            await self.house.clock.until(self._new, self.quiet() or AGAIN_SECONDS)
            if not self._new.is_set():
                self._put_off.clear()
            self._new.clear()
            await self.house.clock.sleep(QUIET_SECONDS)
            while self._held:
                self._same(*self._held.popitem())
            if self.quiet():
                continue
            for device in self.house.roomless():
                if not self._new.is_set() and device.kind != "list" and device.id not in self._put_off:
                    await self._room(device.id)
            while not self._new.is_set() and (unnamed := self.unnamed()):
                await self._name(unnamed)

    # -- rooms

    async def _room(self, id: str) -> None:
        known = sorted(area.name for area in self.house.areas.values())
        it = call_of_it(self.house, self.house.devices[id])
        rooms = f"{', '.join(known)}, a new one as “in the …”, or none" if known else "for example “in the hall”, or none"

        def said(text: str) -> str:
            room = self._room_of(text)
            there = f"{capital(it)} is {within(room)} now." if room else "All right, it has no room."
            return "" if room is None else there

        answer = await self.asks.ask(f"Which room is {it} in? ({rooms})", about=id, accepts=said)
        if answer is None and self._comes_again(id):
            return
        self.house.describe(id, room_asked=True, area=self._room_of(answer or "none") or None)

    def _comes_again(self, id: str) -> bool:
        """Whether a question that nobody answered is put off to the next day, rather than dropped."""
        self._tries[id] += 1
        self._put_off.add(id)
        return self._tries[id] < TRIES

    def _room_of(self, text: str) -> str | None:
        """The room that an answer names, empty for none; None when it is no answer to this."""
        from claw.reflex.times import find  # it takes a moment to compile

        words = text.strip(" .!").casefold()
        if words in NOWHERE:
            return ""
        bare = re.sub(r"^(it'?s |it is )?(in |on |at )?(the |my )?", "", words)
        for key, area in self.house.areas.items():
            if bare == key or bare in (alias.casefold() for alias in area.aliases):
                return area.name
        named = re.fullmatch(r"(?:it'?s |it is )?(?:in|on|at) (?:the |my )?([\w' -]{2,30})", words)
        return capwords(named[1]) if named and not find(words, self.house.clock.now()) else None  # "at six" is a time

    # -- names

    def unnamed(self) -> list[Device]:
        """Devices whose name says nothing to a person, and for which nobody was asked yet; what one commands comes first."""
        done = {id for id, record in self.house.records.items() if record.name_asked} | self._put_off
        devices = [device for id, device in self.house.devices.items() if id not in done]
        nameless = [device for device in devices if device.kind != "list" and self._nameless(device)]
        return sorted(nameless, key=lambda device: (device.kind == "sensor", self.house.area(device), device.name))

    def _nameless(self, device: Device) -> bool:
        name, area = self.house.name(device).casefold(), self.house.area(device)
        if self.house.records[device.id].owner_name or name in self.house.areas:
            return False
        return says_nothing(device) or any(
            other is not device and (other.kind, other.sort) == (device.kind, device.sort) and self.house.area(other) == area
            for other in self.house.devices.values()
            if self.house.name(other).casefold() == name
        )

    async def _name(self, unnamed: list[Device]) -> None:
        """Ask for the name of the first; when enough were asked for, say how the rest can be named."""
        now = self.house.clock.monotonic()
        self._names = [at for at in self._names if now - at < NAMES_SECONDS]
        if len(self._names) >= NAMES:
            self._leave(unnamed)
            return
        self._names.append(now)
        device = unnamed[0]
        answer = await self.asks.ask(self._question(device), about=device.id, accepts=lambda text: self._said(device, text))
        if answer is None and self._comes_again(device.id):
            return
        name = _name_of(answer or "")
        if not (name and self.refused(device, name)):  # else it is asked once more
            self.house.describe(device.id, name_asked=True, name=name or None)

    def _question(self, device: Device) -> str:
        name, area = self.house.name(device), self.house.area(device)
        noun = self.house.sort(device) or NOUN.get(device.kind, device.kind)
        twins = [other for other in self.house.devices.values() if self.house.name(other).casefold() == name.casefold()]
        sayable = re.fullmatch(r"[a-z ]+\d*", name, re.IGNORECASE) and len(twins) == 1 and "turn_on" in device.commands
        hint = f"; “turn on {the(name)}” shows which one it is" if sayable else ""
        return f"What do you call the {noun} “{name}”{f' {within(area)}' if area else ''}? (a name, or skip{hint})"

    def _said(self, device: Device, text: str) -> str:
        """What to say to an answer; while something else is asked, too, only "call it ..." is one."""
        name = _name_of(text)
        if name is None or (name and len(self.asks.open()) > 1 and not LEAD.match(text)):
            return ""
        if name:
            return self.refused(device, name) or f"I call it “{name}” now."
        return f"All right, it stays “{self.house.name(device)}”."

    def _leave(self, unnamed: list[Device]) -> None:
        """Ask for no more names now, and never for these."""
        names = [spoken(self.house.name(device)) for device in unnamed]
        rest = few(names, 3)
        with self.house.store.transaction():
            for device in unnamed:
                self.house.describe(device.id, name_asked=True)
            first = the(self.house.name(unnamed[0]))
            self.tell(f"I ask for no more names now. For {rest}, write for example “call {first} Sunny”.")

    # -- devices at a new address

    def _same(self, key: tuple[str, str], held: DeviceHeld) -> None:
        """Let the owner approve that a door, lock or camera stands elsewhere now; of others they are only told."""
        if held.device.kind in GUARDED:
            wish = Request("rooms", "move", {"id": key[0], "host": key[1], "say": "is it the same one?"})
            self.propose(wish, f"{held.reason}. Is it the same one, now at {key[1]}? Yes or no?")

    def take(self, turn: Turn, request: Request, context: Context) -> None:
        """Nobody asks for a move but a device."""
        turn.reply = "Only a device can ask for that."

    def grant(self, turn: Turn, request: Request) -> None:
        """The owner says that it is the same device."""
        id, host = str(request.slots["id"]), str(request.slots["host"])
        turn.writes.append(lambda: self.house.accept_move(id, host))
        turn.reply = f"All right, {the(self.house.records[id].called)} is at {host} now."


def _name_of(text: str) -> str | None:
    """The name that an answer gives, empty for none; None when it is no answer to this."""
    said = text.strip(" .!“”\"'")
    lead = LEAD.match(said)
    name = re.sub(r"^(?:the|my|our|an?) ", "", LEAD.sub("", said), flags=re.IGNORECASE).strip(" “”\"'")
    words = " ".join(fold(name))
    if words in UNNAMED:
        return ""
    talk = words in TALK or "?" in text or CODE.fullmatch(text) or (not lead and SENTENCE.match(words))
    if talk or not fits(name) or not re.search(r"[^\W\d_]{2}", name):
        return None
    return capwords(name) if name.islower() else name


def says_nothing(device: Device) -> bool:
    """Whether a name is a model, a serial number, or a kind with a number: "Hue color lamp 3", "ESP_1A2B3C", "Light 1"."""
    if SERIAL.search(device.name) or device.name.casefold() == (device.model or "-").casefold():
        return True
    words = [word for part in re.findall(r"[^\W\d_]+|\d+", device.name) for word in stems(part)]
    return any(word.isdecimal() for word in words) and all(word.isdecimal() or word in CATALOGUE for word in words)
