"""The page's door: who gets in, by which names and from which pages, and what every answer carries."""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from phone import Phone, house, phone
from whole_house import JumpClock

from claw.daemon import Daemon
from claw.supervise import cancel
from claw.testing import eventually
from claw.web.listening import MOST, MOST_OF_ONE, accept, listen
from claw.web.sessions import ALPHABET, Sessions

LAN = '[web]\nlisten = "127.7.8.9"\nhosts = ["claw.lan"]\n'  # another address of loopback plays the LAN


@pytest.fixture
def clock() -> JumpClock:
    return JumpClock()


@pytest_asyncio.fixture
async def daemon(tmp_path: Path, clock: JumpClock) -> AsyncIterator[Daemon]:
    async with house(tmp_path / "data", LAN, clock=clock) as daemon:
        yield daemon


@pytest_asyncio.fixture
async def anna(daemon: Daemon) -> AsyncIterator[Phone]:
    async with phone(daemon, paired=False) as one:
        yield one


def port(one: Phone) -> int:
    return int(one.base.rpartition(":")[2])


async def upgrade(one: Phone, **headers: str) -> int:
    """The status of an upgrade with these headers; 101 when it was accepted."""
    try:
        async with one.http.ws_connect("/live", headers=headers):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


# -- names and origins


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost:1", "127.0.0.1", "", "[::1", "a:b:c", "claw.lan:80"]
)
async def test_another_host_is_misdirected_whatever_is_asked(anna: Phone, host: str) -> None:
    for method, path in (("GET", "/"), ("POST", "/pair"), ("GET", "/live"), ("GET", "/none")):
        async with anna.http.request(method, path, headers={"Host": host.format(port=port(anna))}) as answer:
            assert answer.status == 421, (method, path)


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "CLAW.lan:{port}", "[::1]:{port}"])
async def test_our_own_names_are_served(anna: Phone, host: str) -> None:
    async with anna.http.get("/", headers={"Host": host.format(port=port(anna))}) as answer:
        assert answer.status == 200


async def test_a_loopback_name_is_no_name_of_the_lan_address(daemon: Daemon) -> None:
    async with phone(daemon, paired=False, number=1) as one:
        for host, status in (("localhost", 421), ("127.0.0.1", 421), ("127.7.8.9", 200), ("claw.lan", 200)):
            async with one.http.get("/", headers={"Host": f"{host}:{port(one)}"}) as answer:
                assert answer.status == status, host


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://localhost:{port}"]
)
async def test_another_page_can_neither_pair_nor_leave_nor_listen(daemon: Daemon, anna: Phone, origin: str) -> None:
    assert await anna.pair() == 204
    foreign = {"Origin": origin.format(port=port(anna))}
    code = daemon.web.sessions.code()
    async with anna.http.post("/pair", json={"code": code}, headers=foreign) as answer:
        assert answer.status == 403
    async with anna.http.post("/leave", headers=foreign) as answer:
        assert answer.status == 403
    assert await upgrade(anna, **foreign) == 403
    assert len(daemon.web.sessions.plain()) == 1
    assert await upgrade(anna) == 101


async def test_every_answer_carries_the_headers_and_no_cors(anna: Phone) -> None:
    for method, path in (("GET", "/"), ("GET", "/none"), ("PUT", "/"), ("POST", "/pair"), ("GET", "/live"), ("OPTIONS", "/pair")):
        async with anna.http.request(method, path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src")
            assert f"connect-src 'self' ws://127.0.0.1:{port(anna)};" in policy
            assert policy.endswith("manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
            assert (answer.headers["X-Content-Type-Options"], answer.headers["Referrer-Policy"]) == ("nosniff", "no-referrer")
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]
            assert "Python" not in answer.headers["Server"]


# -- files


async def test_files_come_packed_and_are_not_sent_twice(anna: Phone) -> None:
    async with anna.http.get("/", headers={"Accept-Encoding": "gzip"}) as answer:
        assert (answer.headers["Content-Encoding"], answer.content_type) == ("gzip", "text/html")
        assert "<html" in await answer.text()
        tag = answer.headers["ETag"]
    async with anna.http.get("/", headers={"If-None-Match": tag}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")
    async with anna.http.get("/", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/index.html/", "/../server.py", "/..%2fserver.py", "/static/index.html", "//index.html", "/.env", "/__init__.py"]
)
async def test_nothing_else_is_served(anna: Phone, path: str) -> None:
    from yarl import URL

    async with anna.http.get(URL(f"{anna.base}{path}", encoded=True)) as answer:
        assert answer.status == 404


# -- codes


async def test_a_code_is_for_one_phone_and_gives_a_guarded_cookie(daemon: Daemon, anna: Phone) -> None:
    code = daemon.web.invite().partition("/#code=")[2]
    assert len(code) == 8
    assert set(code) <= set(ALPHABET)
    async with anna.http.post(
        "/pair", json={"code": f" {code[:4].lower()}-{code[4:].lower()} ", "name": "Anna's\u202e\nphone"}
    ) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert answer.status == 204
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Strict"}
    token = cookie.split("=", 1)[1].split(";")[0]
    assert len(token) == 43
    assert token not in "\n".join(daemon.store.conn.iterdump())
    assert [one["name"] for one in daemon.web.sessions.plain()] == ["Anna's phone"]
    async with phone(daemon, paired=False) as other:
        assert await other.pair(code) == 403


async def test_a_code_ends_after_ten_minutes(daemon: Daemon, anna: Phone, clock: JumpClock) -> None:
    early, late = daemon.web.sessions.code(), daemon.web.sessions.code()
    clock.advance(595)
    assert await anna.pair(early) == 204
    clock.advance(6)
    assert await anna.pair(late) == 403


async def test_after_five_wrong_tries_the_right_code_is_wrong_too_until_there_is_a_fresh_one(daemon: Daemon, anna: Phone) -> None:
    code = daemon.web.sessions.code()
    for _ in range(5):
        assert await anna.pair("AAAAAAAA") == 403
    assert await anna.pair(code) == 403
    assert daemon.web.sessions.plain() == []
    assert await anna.pair(daemon.web.sessions.code()) == 204


def test_a_guesser_locks_out_nobody_at_another_address(daemon_store: Sessions) -> None:
    code = daemon_store.code()
    for _ in range(600):
        assert daemon_store.pair("AAAAAAAA", "", "192.168.1.66") is None
    assert daemon_store.pair(code, "", "192.168.1.66") is None
    assert daemon_store.pair(code, "", "192.168.1.20")


def test_many_guessers_together_end_a_code(daemon_store: Sessions) -> None:
    code = daemon_store.code()
    for number in range(500):
        daemon_store.pair("AAAAAAAA", "", f"10.0.{number // 5}.1")
    assert daemon_store.pair(code, "", "192.168.1.20") is None


@pytest.fixture
def daemon_store(tmp_path: Path) -> Sessions:
    from claw.clock import ManualClock
    from claw.store import Store

    return Sessions(Store(tmp_path / "house.db"), ManualClock())


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'"ABCD2345"', b"[" * 9000, b"\xff", b'{"code": {}}'])
async def test_a_body_that_is_no_code_is_refused(anna: Phone, body: bytes) -> None:
    async with anna.http.post("/pair", data=body) as answer:
        assert answer.status in (400, 403)
        assert (await answer.json())["error"]


async def test_a_long_body_is_refused(anna: Phone) -> None:
    async with anna.http.post("/pair", json={"code": "A" * (17 << 10)}) as answer:
        assert answer.status == 413


async def test_neither_code_nor_token_is_logged(daemon: Daemon, anna: Phone, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = daemon.web.invite()
    code = address.partition("=")[2]
    assert await anna.pair(code) == 204
    await anna.open()
    token = next(cookie.value for cookie in anna.http.cookie_jar)
    await anna.does("say", text="hello")
    assert "a phone was added" in caplog.text
    assert code not in caplog.text
    assert token not in caplog.text


# -- sessions


async def test_without_a_cookie_or_with_a_wrong_one_nothing_is_told(anna: Phone) -> None:
    assert await upgrade(anna) == 401
    assert await upgrade(anna, Cookie="claw=" + "A" * 43) == 401
    async with anna.http.get("/live") as answer:
        assert answer.status == 401


async def test_signing_out_ends_the_session_and_cuts_its_sockets_only(daemon: Daemon, anna: Phone) -> None:
    await anna.pair()
    await anna.open()
    async with phone(daemon) as ben:
        await ben.open()
        async with anna.http.post("/leave", json={}) as answer:
            assert answer.status == 204
            assert "Max-Age=0" in answer.headers["Set-Cookie"]
        await eventually(lambda: anna.ws.closed)
        assert await upgrade(anna) == 401
        assert (await ben.does("say", text="hello"))["ok"]
        assert daemon.web.page({"sign_out": "all"}) == {"signed_out": 1}
        await eventually(lambda: ben.ws.closed)


async def test_a_phone_stays_signed_in_over_a_restart(tmp_path: Path, clock: JumpClock) -> None:
    async with house(tmp_path / "data", clock=clock) as daemon, phone(daemon) as one:
        cookie = next(cookie.value for cookie in one.http.cookie_jar)
    async with house(tmp_path / "data", clock=clock) as daemon, phone(daemon, paired=False) as one:
        assert await upgrade(one, Cookie=f"claw={cookie}") == 101


async def test_a_session_without_the_owner_s_scope_is_not_let_in(daemon: Daemon, anna: Phone) -> None:
    await anna.pair()
    daemon.store.write("UPDATE sessions SET scopes = '[\"look\"]'")
    assert await upgrade(anna) == 401


async def test_the_owner_is_told_on_the_page_while_a_phone_is_signed_in(tmp_path: Path, clock: JumpClock) -> None:
    async with house(tmp_path / "data", clock=clock) as daemon:
        assert ("web", "web:owner") not in daemon.agent.owners
        async with phone(daemon):
            assert daemon.agent.owners.count(("web", "web:owner")) == 1
    async with house(tmp_path / "data", clock=clock) as daemon:
        assert daemon.agent.owners.count(("web", "web:owner")) == 1
        daemon.web.live.sign_out(None)
        assert ("web", "web:owner") not in daemon.agent.owners


# -- where it listens


async def test_it_listens_on_loopback_and_where_it_was_told_to(daemon: Daemon) -> None:
    assert [address.rpartition(":")[0] for address in daemon.web.addresses] == ["http://127.0.0.1", "http://127.7.8.9"]
    assert daemon.status()["page"] == daemon.web.addresses


async def test_by_default_it_listens_on_loopback_only(tmp_path: Path) -> None:
    async with house(tmp_path / "data") as daemon:
        assert [address.rpartition(":")[0] for address in daemon.web.addresses] == ["http://127.0.0.1"]


async def test_a_switched_off_page_has_no_door(tmp_path: Path) -> None:
    from phone import CONFIG

    from claw.testing import running

    async with running(tmp_path / "data", CONFIG + "[web]\nenabled = false\n") as daemon:
        part = next(one for one in daemon.parts if one.name == "web")
        await eventually(lambda: part.state == "stopped")
        assert (daemon.web.addresses, daemon.web.page({})["address"], daemon.agent.owners) == ([], "", [("terminal", "terminal")])


async def test_a_door_that_cannot_open_says_why_and_the_rest_lives(tmp_path: Path) -> None:
    from phone import CONFIG

    from claw.config import parse
    from claw.web.server import Web

    async with house(tmp_path / "data") as daemon:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            door = Web(daemon.agent, parse(f"{CONFIG}[web]\nport = {taken.getsockname()[1]}\n"), tmp_path)
            with pytest.raises(OSError, match="is taken: end what uses it"):
                await door.run()
            assert door.addresses == []
        async with phone(daemon) as one:
            assert (await one.open())["type"] == "hello"


async def test_an_address_that_is_not_there_yet_takes_nothing_from_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with house(tmp_path / "data", '[web]\nlisten = "192.0.2.199"\n') as daemon:
        assert "192.0.2.199 is no address of this machine now" in caplog.text
        async with phone(daemon) as one:
            assert (await one.open())["type"] == "hello"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6: this machine has none")
async def test_on_every_address_there_is_ipv4_is_served_and_guarded_as_on_its_own(tmp_path: Path) -> None:
    async with house(tmp_path / "data", "[web]\nlisten = '::'\n") as daemon:
        number = daemon.web.addresses[0].rpartition(":")[2]
        async with phone(daemon, paired=False) as one:
            for host, status in (("127.0.0.1", 200), ("[::1]", 200), ("127.7.8.9", 200)):
                async with one.http.get(f"http://{host}:{number}/") as answer:
                    assert answer.status == status, host
            async with one.http.get(f"http://127.7.8.9:{number}/", headers={"Host": f"localhost:{number}"}) as answer:
                assert answer.status == 421
            assert await one.pair() == 204
            assert (await one.open())["state"]["approves"] is True
            await one.close()
            one.http.headers["X-Forwarded-Proto"] = "https"  # from this machine, so it is believed
            assert await upgrade(one, Origin=one.base.replace("http", "https")) == 101


# -- a crowd


async def knock(daemon: Daemon, source: str) -> socket.socket:
    """Connect to the LAN address from this one, and begin a request."""
    own = socket.socket()
    own.setblocking(False)
    own.bind((source, 0))
    await asyncio.get_running_loop().sock_connect(own, ("127.7.8.9", int(daemon.web.addresses[1].rpartition(":")[2])))
    with contextlib.suppress(OSError):  # it may be closed already
        own.send(b"GET / HTTP/1.1\r\n")
    return own


def is_open(own: socket.socket) -> bool:
    """Whether the other side still listens to it."""
    try:
        return own.recv(65536) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


async def test_a_crowd_on_the_network_keeps_out_neither_the_house_nor_a_phone_that_is_there(daemon: Daemon) -> None:
    async with phone(daemon, number=1) as anna:
        await anna.open()
        many = [await knock(daemon, f"127.7.8.{10 + number % 6}") for number in range(300)]
        try:
            await eventually(lambda: len([one for one in many if is_open(one)]) < MOST)
            by_address = Counter(one.getsockname()[0] for one in many if is_open(one))
            assert max(by_address.values()) <= MOST_OF_ONE
            assert MOST - 4 <= by_address.total() < MOST  # the phone's own are among them
            assert (await anna.does("say", text="turn on the kitchen lamp"))["ok"]
            async with phone(daemon) as here:
                assert (await here.open())["type"] == "hello"
        finally:
            for one in many:
                one.close()
        async with asyncio.timeout(10), aiohttp.ClientSession(daemon.web.addresses[1]) as later:
            while True:  # until it is known that the crowd has gone
                with contextlib.suppress(aiohttp.ClientError):
                    async with later.get("/") as answer:
                        assert answer.status == 200
                        break


async def test_one_address_alone_does_not_keep_out_the_others(daemon: Daemon) -> None:
    many = [await knock(daemon, "127.7.8.10") for _ in range(30)]
    await eventually(lambda: len([one for one in many if is_open(one)]) == MOST_OF_ONE)
    async with phone(daemon, number=1) as anna:
        assert (await anna.open())["type"] == "hello"
    for one in many:
        one.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost:",
        b"POST /pair HTTP/1.1\r\nHost: claw.lan:PORT\r\nOrigin: http://claw.lan:PORT\r\nContent-Length: 50\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: claw.lan:PORT\r\n\r\nGET / HT",
    ],
)
async def test_who_sends_no_whole_request_is_dropped(tmp_path: Path, sent: bytes) -> None:
    from claw.web.routes import Routes

    async with house(tmp_path / "data", LAN) as daemon:
        runner = await Routes(daemon.web.live, daemon.config.web.hosts, tmp_path, patience=0.2).runner()
        sock = listen("127.7.8.9", 0)
        accepting = asyncio.create_task(accept(sock, runner.server))  # type: ignore[arg-type]
        number = int(sock.getsockname()[1])
        reader, writer = await asyncio.open_connection("127.7.8.9", number)
        writer.write(sent.replace(b"PORT", str(number).encode()))
        async with asyncio.timeout(8):
            answer = await reader.read()
        assert answer.count(b"HTTP/1.1 ") == sent.count(b"\r\n\r\n")
        assert (b" 408 " in answer) is (b"POST" in sent)
        writer.close()
        await cancel(accepting)
        sock.close()
        await runner.cleanup()
