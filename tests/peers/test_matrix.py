"""Matrix against a real synapse on loopback, with people who write by matrix-nio on devices of their own."""

import asyncio
import hashlib
import hmac
import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from claw.bridges.arriving import Arriving, Incoming, watched
from claw.bridges.matrix import UNREAD, Matrix
from claw.clock import Clock
from claw.supervise import Supervised, cancel
from claw.testing import eventually
from tests.peers.telegram_people import picture
from tests.simulated_house import SmallHouse

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::DeprecationWarning")]  # of matrix-nio's own
PYTHON = Path(__file__).parent.parent.parent / ".venv" / "synapse" / "bin" / "python"
SECRET = "shared by the tests"
CONFIG = """
server_name: localhost
report_stats: false
suppress_key_server_warning: true
trusted_key_servers: []
pid_file: {folder}/pid
signing_key_path: {folder}/key
media_store_path: {folder}/media
registration_shared_secret: {secret}
macaroon_secret_key: m
form_secret: f
database: {{name: sqlite3, args: {{database: {folder}/db}}}}
listeners: [{{port: {port}, type: http, tls: false, bind_addresses: [127.0.0.1], resources: [{{names: [client]}}]}}]
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_registration: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}, account: {{per_second: 1000, burst_count: 1000}}}}
rc_invites: {{per_room: {{per_second: 1000, burst_count: 1000}}, per_user: {{per_second: 1000, burst_count: 1000}}}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a synapse of this module's own."""
    if not PYTHON.exists():
        pytest.skip("there is no synapse: `make test-peers` installs it into .venv/synapse")
    folder = tmp_path_factory.mktemp("synapse")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "homeserver.yaml").write_text(CONFIG.format(folder=folder, port=port, secret=SECRET))
    command = [str(PYTHON), "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
    subprocess.run([*command, "--generate-keys"], cwd=folder, check=True, capture_output=True)
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as synapse:
        try:
            asyncio.run(_up(synapse, port))
            yield f"http://127.0.0.1:{port}"
        finally:
            synapse.terminate()


async def _up(synapse: "subprocess.Popen[bytes]", port: int) -> None:
    def answers() -> bool:
        assert synapse.poll() is None, "synapse ended at its start"
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    await eventually(answers, seconds=60)


async def registered(server: str, name: str) -> str:
    """A new account, and its id (https://element-hq.github.io/synapse/latest/admin_api/register_api.html)."""
    name += os.urandom(3).hex()
    async with aiohttp.ClientSession(server) as session:
        async with session.get("/_synapse/admin/v1/register") as answer:
            nonce = (await answer.json())["nonce"]
        mac = hmac.new(SECRET.encode(), "\0".join((nonce, name, "pass", "notadmin")).encode(), hashlib.sha1).hexdigest()
        data = {"nonce": nonce, "username": name, "displayname": name[:-6].title(), "password": "pass", "mac": mac}
        async with session.post("/_synapse/admin/v1/register", json=data) as answer:
            return str((await answer.json())["user_id"])


class Someone:
    """A person with a device: what the room shows them, decrypted, the newest text of each message."""

    def __init__(self, server: str, user: str, folder: Path, device: str = "PHONE") -> None:
        import nio

        folder.mkdir(exist_ok=True)
        self.user, self.shown, self.reactions = user, dict[str, str](), dict[str, list[str]]()
        self.client: Any = nio.AsyncClient(server, user, device, str(folder))
        self.room, self.plain = "", list[str]()
        self.client.add_event_callback(self._saw, nio.Event)
        self.task: asyncio.Task[None] | None = None

    async def enter(self) -> None:
        await self.client.login("pass")
        self.task = asyncio.create_task(self.client.sync_forever(1000, full_state=True))

    async def _saw(self, room: Any, event: Any) -> None:
        content = event.source.get("content", {})
        about = content.get("m.relates_to") or {}
        if event.sender == self.user or room.room_id != self.room:
            return
        if about.get("rel_type") == "m.annotation":
            self.reactions.setdefault(about["event_id"], []).append(about["key"])
        elif about.get("rel_type") == "m.replace":
            self.shown[about["event_id"]] = content["m.new_content"]["body"]
        elif "msgtype" in content:
            self.shown[event.event_id] = content["body"]
            self.plain += [] if event.decrypted else [content["body"]]

    async def calls(self, *users: str, encrypted: bool = True, direct: bool = True) -> None:
        """Make a room and wait until all have come."""
        state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]
        made = await self.client.room_create(is_direct=direct, invite=users, initial_state=state if encrypted else ())
        self.room = made.room_id

    async def met(self, user: str) -> None:
        """Wait until the other has come and has keys."""
        await eventually(lambda: user in self.users() and not self.users()[user].invited, seconds=20)

    def users(self) -> Any:
        return self.client.rooms[self.room].users if self.room in self.client.rooms else {}

    async def sends(self, content: dict[str, Any], kind: str = "m.room.message") -> str:
        if self.client.should_query_keys:
            await self.client.keys_query()
        sent = await self.client.room_send(self.room, kind, content, ignore_unverified_devices=True)
        return str(sent.event_id)

    async def writes(self, text: str, **more: Any) -> str:
        return await self.sends({"msgtype": "m.text", "body": text, **more})

    async def edits(self, event: str, text: str) -> None:
        new = {"msgtype": "m.text", "body": text}
        await self.writes(f"* {text}", **{"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event}})

    async def reacts(self, event: str, sign: str) -> None:
        about = {"rel_type": "m.annotation", "event_id": event, "key": sign}
        await self.sends({"m.relates_to": about}, "m.reaction")

    async def replies(self, event: str, text: str) -> None:
        await self.writes(text, **{"m.relates_to": {"m.in_reply_to": {"event_id": event}}})

    def heard(self) -> list[str]:
        return list(self.shown.values())

    async def hears(self, *texts: str) -> None:
        """Wait until the room shows them exactly this of the others."""
        try:
            await eventually(lambda: self.heard() == list(texts), seconds=20)
        except AssertionError:
            assert self.heard() == list(texts)

    async def close(self) -> None:
        if self.task:
            await cancel(self.task)
        await self.client.close()
        if self.client.store:
            self.client.store.database.close()


@dataclass
class Home:
    """A small house with an account, on a folder that outlives it."""

    folder: Path
    server: str
    user: str
    people: list[Someone] = field(default_factory=list)
    house: SmallHouse = field(init=False)
    bridge: Matrix = field(init=False)
    arriving: Arriving = field(init=False)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    text: str = ""

    def build(self) -> None:
        self.text = self.text or json.dumps({"homeserver": self.server, "user": self.user, "password": "pass"})
        clock = Clock("UTC")
        self.house = SmallHouse(self.folder, clock)  # type: ignore[arg-type]
        self.bridge = Matrix(lambda: self.text, self.folder / "matrix-secret", self.folder / "matrix", clock)
        self.house.agent.outbox.bridges["matrix"] = self.bridge
        self.arriving = Arriving(self.house.agent, self.folder / "media")

    def start(self) -> None:
        agent, clock = self.house.agent, self.house.clock
        part = Supervised("matrix", lambda: watched(self.bridge, self.arriving, clock), clock, lasting=True)
        self.tasks = [asyncio.create_task(one) for one in (agent.run(), agent.outbox.run(), part.run())]

    async def stop(self) -> None:
        await cancel(*self.tasks)
        await self.arriving.close()
        self.house.close()

    async def someone(self, name: str) -> Someone:
        user = await registered(self.server, name)
        one = Someone(self.server, user, self.folder / f"{name}-{len(self.people)}")
        self.people.append(one)
        await one.enter()
        return one

    def pair(self, one: Someone, name: str = "Anna", role: str = "owner") -> None:
        """Let somebody in, as if it had been long ago."""
        people = self.house.agent.people
        id = "owner" if role == "owner" and people.first() else people.add(name, role).id
        people._reach(id, "matrix", one.user, f"matrix:{one.room}")
        self.arriving._chats = self.arriving._reached()
        self.arriving._look()

    def rows(self) -> list[str]:
        return [row["text"] for row in self.house.store.all("SELECT text FROM inbox WHERE kind = 'message' ORDER BY id")]


@pytest.fixture
async def home(tmp_path: Path, server: str) -> AsyncIterator[Home]:
    one = Home(tmp_path, server, await registered(server, "claw"))
    one.build()
    one.start()
    yield one
    for person in one.people:
        await person.close()
    await one.stop()


@pytest.fixture
async def anna(home: Home) -> Someone:
    """The owner, paired long ago, in an encrypted room with the claw."""
    await eventually(lambda: home.bridge._ready, seconds=20)
    one = await home.someone("anna")
    await one.calls(home.user)
    home.pair(one)
    await one.met(home.user)
    return one


async def test_a_message_does_a_deed_and_is_answered_encrypted(home: Home, anna: Someone) -> None:
    event = await anna.writes("turn on the kitchen lamp")
    await anna.hears("The kitchen lamp is on.")
    assert home.house["lamp"].state["on"]
    assert home.house.last().key == f"mx:{event}"
    assert home.house.last().person == "owner"
    assert anna.client.rooms[anna.room].encrypted
    assert anna.plain == []


async def test_an_edited_message_never_runs_again(home: Home, anna: Someone) -> None:
    event = await anna.writes("turn on the kitchen lamp")
    await anna.hears("The kitchen lamp is on.")
    await anna.edits(event, "turn off the kitchen lamp")
    await anna.edits(event, "turn off the bedroom lamp")
    await anna.writes("turn on the bedroom fan")
    await anna.hears(
        "The kitchen lamp is on.", "I take no message twice: please write the changed one anew.", "The bedroom fan is on."
    )
    assert home.house["lamp"].state["on"]
    assert home.rows() == ["turn on the kitchen lamp", "turn on the bedroom fan"]


async def test_a_reaction_of_the_right_person_approves_and_the_question_says_so(home: Home, anna: Someone) -> None:
    await anna.writes("open the garage door")
    await anna.hears("Open the garage door? Yes or no?")
    (question,) = anna.shown
    await eventually(lambda: anna.reactions.get(question) == ["✅", "❌"])
    await anna.reacts(question, "👀")
    await anna.reacts(question, "✅")
    await eventually(lambda: home.house["gate"].state["open"], seconds=20)
    await eventually(lambda: "Approved by owner at" in anna.shown[question], seconds=20)
    assert home.rows() == ["open the garage door"]


async def test_a_choice_is_made_by_a_numbered_reply_or_reaction(home: Home, anna: Someone) -> None:
    await anna.writes("turn on the lamp")
    await eventually(lambda: anna.shown and anna.heard()[0].startswith("Which one: 1 Kitchen Lamp, 2"), seconds=20)
    await anna.replies(next(iter(anna.shown)), "1")
    await eventually(lambda: home.house["lamp"].state["on"], seconds=20)
    await anna.writes("turn off the lamp")
    await eventually(lambda: anna.heard()[-1].startswith("Which one:") and len(anna.shown) == 3, seconds=20)
    question = list(anna.shown)[-1]
    await eventually(lambda: anna.reactions.get(question) == ["1\u20e3", "2\u20e3"], seconds=20)
    await anna.reacts(question, "1\ufe0f\u20e3")
    await eventually(lambda: not home.house["lamp"].state["on"], seconds=20)


async def test_a_picture_of_a_person_is_decrypted_and_kept_and_one_goes_out(home: Home, anna: Someone) -> None:
    data = picture(320, 240)
    sent, keys = await anna.client.upload(lambda *_: data, "image/png", "x.png", encrypt=True, filesize=len(data))
    file = {**keys, "url": sent.content_uri}
    await anna.sends({"msgtype": "m.image", "body": "turn on the kitchen lamp", "filename": "x.png", "file": file})
    await anna.hears("The kitchen lamp is on.")
    (kept,) = (home.house.last().extra or {})["images"]
    assert Path(kept).read_bytes() == data
    place = f"matrix:{anna.room}"
    home.house.agent.outbox.put("The door.", key="still", bridge="matrix", chat=place, image=kept)
    await anna.hears("The kitchen lamp is on.", "The door.")


async def test_a_stranger_gets_a_code_once_and_is_served_when_the_owner_lets_them_in(home: Home, anna: Someone) -> None:
    ben = await home.someone("ben")
    await ben.calls(home.user)
    await ben.met(home.user)
    await ben.writes("unlock the front door")
    await ben.reacts(await ben.writes("hello?"), "✅")
    await eventually(lambda: ben.shown, seconds=20)
    code = ben.heard()[0].split()[-1]
    assert home.rows() == []
    home.house.agent.people.claim(code, "Ben", "adult")
    await anna.writes("thanks")
    await eventually(lambda: len(ben.shown) == 2, seconds=20)
    assert ben.heard()[1].startswith("Hello, Ben.")
    await ben.writes("turn on the kitchen lamp")
    await eventually(lambda: ben.heard()[-1] == "The kitchen lamp is on.", seconds=20)
    assert home.rows() == ["thanks", "turn on the kitchen lamp"]


async def test_a_stranger_calls_it_into_no_group_and_a_group_needs_a_mention(home: Home, anna: Someone) -> None:
    ben = await home.someone("ben")
    await ben.calls(home.user, direct=False)
    await eventually(lambda: home.user not in ben.users() and ben.room in ben.client.rooms, seconds=20)
    first = anna.room
    await anna.calls(home.user, ben.user, encrypted=False, direct=False)
    await anna.met(home.user)
    await anna.writes("turn on the kitchen lamp")
    await anna.writes(f"{home.user}: turn off the bedroom lamp")
    await anna.hears("The bedroom lamp is off.")
    assert home.rows() == ["turn off the bedroom lamp"]
    await anna.writes("Claw, open the garage door")
    await eventually(lambda: "Others read this chat" in anna.heard()[-1], seconds=20)
    anna.room = first
    assert not home.house["gate"].state["open"]


async def test_what_is_not_encrypted_in_an_encrypted_room_is_not_taken(home: Home, anna: Someone) -> None:
    """As a homeserver might put it there."""
    anna.client.olm, olm = None, anna.client.olm
    await anna.client.room_send(anna.room, "m.room.message", {"msgtype": "m.text", "body": "open the garage door"})
    anna.client.olm = olm
    await anna.hears(UNREAD)
    assert home.rows() == []


async def test_a_second_device_is_trusted_and_the_owner_is_told(home: Home, anna: Someone) -> None:
    await anna.writes("turn on the kitchen lamp")
    await anna.hears("The kitchen lamp is on.")
    tablet = Someone(home.server, anna.user, home.folder / "tablet", "TABLET")
    home.people.append(tablet)
    await tablet.enter()
    tablet.room = anna.room
    await tablet.met(home.user)
    await tablet.writes("turn off the kitchen lamp")
    await eventually(lambda: not home.house["lamp"].state["on"], seconds=20)
    await eventually(lambda: any("has a new device on Matrix" in one for one in anna.heard()), seconds=20)


async def test_what_was_written_meanwhile_is_read_after_a_restart(home: Home, anna: Someone) -> None:
    """More than one sync hands over; the keys of the device are the same."""
    await anna.writes("turn on the kitchen lamp")
    await anna.hears("The kitchen lamp is on.")
    await home.stop()
    for number in range(110):
        await anna.writes(f"hello {number}")
    await anna.writes("turn off the kitchen lamp")
    home.build()
    home.start()
    await eventually(lambda: anna.heard()[-1] == "The kitchen lamp is off.", seconds=60)
    assert home.rows() == ["turn on the kitchen lamp", *(f"hello {number}" for number in range(110)), "turn off the kitchen lamp"]


class Dying(Arriving):
    """The process dies after a sync, before anything of it is committed."""

    async def take(self, bridge: Any, batch: Any, cursor: Any = None) -> None:
        await super().take(bridge, [], None)
        if any(isinstance(one, Incoming) and one.text for one in batch):
            self.died = True
            await asyncio.Event().wait()


async def test_a_death_between_sync_and_commit_loses_nothing_and_answers_once(home: Home, anna: Someone) -> None:
    """The key of the room came with that very sync; the sync is read again."""
    await home.stop()
    home.build()
    dying = home.arriving = Dying(home.house.agent, home.folder / "media")
    home.start()
    await anna.writes("turn on the kitchen lamp")
    await eventually(lambda: getattr(dying, "died", False), seconds=20)
    await home.stop()
    home.build()
    home.start()
    await anna.hears("The kitchen lamp is on.")
    await anna.writes("turn on the bedroom fan")
    await anna.hears("The kitchen lamp is on.", "The bedroom fan is on.")
    assert home.rows() == ["turn on the kitchen lamp", "turn on the bedroom fan"]


async def test_the_same_key_twice_shows_one_message(home: Home, anna: Someone) -> None:
    place = f"matrix:{anna.room}"
    await eventually(lambda: anna.room in home.bridge._client.rooms, seconds=20)
    refs = {await home.bridge.send(place, "hello", "one key", ()) for _ in range(2)}
    await home.bridge.send(place, "bye", "another", ())
    await anna.hears("hello", "bye")
    assert len(refs) == 1


async def test_a_wrong_password_is_told_and_another_account_waited_for(home: Home, server: str) -> None:
    await home.stop()
    home.text = json.dumps({"homeserver": server, "user": home.user, "password": "not this one"})
    home.build()
    home.start()
    await eventually(lambda: "does not take this account (M_FORBIDDEN" in home.bridge.trouble, seconds=20)
    assert "not this one" not in home.bridge.trouble


async def test_a_token_will_do(home: Home, server: str) -> None:
    await home.stop()
    async with aiohttp.ClientSession(server) as session:
        who = {"type": "m.id.user", "user": home.user}
        data = {"type": "m.login.password", "identifier": who, "password": "pass"}
        async with session.post("/_matrix/client/v3/login", json=data) as answer:
            token = (await answer.json())["access_token"]
    home.text = json.dumps({"homeserver": server, "user": home.user, "token": token})
    home.build()
    home.start()
    await eventually(lambda: home.bridge._ready and home.bridge.trouble == "", seconds=20)
