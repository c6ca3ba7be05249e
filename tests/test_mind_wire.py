"""The adapters of the language model over the fake of model_server.py: one body for both wires, with all that may go wrong."""

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import process
import pytest

from claw.config import ModelConfig, parse
from claw.hosting.secrets import FileSecrets
from claw.mind.adapters import adapter as limits
from claw.mind.adapters.adapter import Adapter
from claw.mind.adapters.growing import Growing
from claw.mind.adapters.models import model, models
from claw.mind.check import LONG, Finding, ask_all, words
from claw.mind.wire import Answer, Ask, ModelError, Usage
from claw.testing import eventually
from tests.model_server import Fail, ModelServer, Say

KEY = "sk-test-0123456789"
RULES = [{"type": "text", "text": "Rules."}, {"type": "text", "text": "The house: Küche 🏠."}]
TOOL = {"name": "light", "description": "A light", "input_schema": {"type": "object", "properties": {"value": {}}}}
ASK = Ask(RULES, [TOOL], [{"role": "user", "content": [{"type": "text", "text": "Mach Licht in der Küche 💡"}]}], 500)
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
CALL = {"type": "tool_use", "id": "call_1", "name": "light", "input": {"value": "ä"}}
DEEDS = [
    *ASK.messages,
    {"role": "assistant", "content": [{"type": "text", "text": "Gleich."}, CALL, {**CALL, "id": "call_2"}]},
    {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "call_1", "content": "on"},
        {"type": "tool_result", "tool_use_id": "call_2", "content": [{"type": "text", "text": "seen"}, PICTURE]},
        {"type": "text", "text": "and now?"},
    ]},
]  # fmt: skip


@pytest.fixture(params=["messages", "completions"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


Script = list[Say | Fail] | Callable[[dict[str, Any]], Say | Fail]


@asynccontextmanager
async def asked(
    api: Any, script: Script, *, bare: bool = False, key: str = KEY, **config: Any
) -> AsyncIterator[tuple[Adapter, ModelServer]]:
    """A model of this wire, and the fake that it asks."""
    async with ModelServer(script, bare=bare).serving() as server:
        named = ModelConfig(
            **{"api": api, "model": "small", "base_url": server.url, "key": "k" * bool(key), "images": True, **config}
        )
        one = model("tiny", named, KeyIs(key))
        try:
            yield one, server
        finally:
            await one.close()


class KeyIs(FileSecrets):
    """A secret without a file."""

    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, name: str) -> str | None:
        return self.key or None


async def step(one: Adapter, ask: Ask = ASK, *, seconds: float = 10.0) -> tuple[Answer, list[str]]:
    heard: list[str] = []
    return await one.step(ask, heard.append, seconds=seconds), heard


async def refused(one: Adapter, *, seconds: float = 10.0) -> ModelError:
    """The error that a step ends in, with nothing of the key in it."""
    with pytest.raises(ModelError) as caught:
        await step(one, seconds=seconds)
    assert KEY not in str(caught.value)
    return caught.value


# -- what comes


async def test_words_come_as_they_are_said(api: str) -> None:
    async with asked(api, [Say("Das Licht ist an. 💡", usage=Usage(100, 7, 50, 0))]) as (one, _):
        answer, heard = await step(one)
    assert answer == Answer([{"type": "text", "text": "Das Licht ist an. 💡"}], "end_turn", Usage(100, 7, 50, 0), "small", [])
    assert heard == ["Das Lich", "t ist an", ". 💡"]


@pytest.mark.parametrize("chunk", [1, 3, 7, 1000])
async def test_characters_that_are_split_on_the_way_are_whole(api: str, chunk: int) -> None:
    async with asked(api, [Say("Küche 🏠 und 浴室", [("light", {"value": "grün 🟢"})], chunk=chunk)]) as (one, _):
        answer, heard = await step(one)
    assert [block.get("text") or block["input"] for block in answer.content] == ["Küche 🏠 und 浴室", {"value": "grün 🟢"}]
    assert "".join(heard) == "Küche 🏠 und 浴室"


async def test_several_calls_come_whole_and_in_order(api: str) -> None:
    async with asked(api, [Say("", [("light", {"value": 5}), ("look", {}), ("light", {"value": None})])]) as (one, _):
        answer, heard = await step(one)
    assert answer.stop == "tool_use"
    assert [(block["name"], block["input"]) for block in answer.content] == [
        ("light", {"value": 5}),
        ("look", {}),
        ("light", {"value": None}),
    ]
    assert len({block["id"] for block in answer.content}) == 3
    assert (heard, answer.broken) == ([], [])


@pytest.mark.parametrize("stop", ["end_turn", "max_tokens", "refusal", "pause_turn", "context"])
async def test_each_way_to_stop_is_told(api: str, stop: str) -> None:
    without = {"pause_turn": "end_turn", "context": "max_tokens"} if api == "completions" else {}  # which has no word for them
    async with asked(api, [Say("Well", stop=stop)]) as (one, _):
        assert (await step(one))[0].stop == without.get(stop, stop)


@pytest.mark.parametrize("input", ['{"value": 1', "[1]", '"on"', "light on", '{"value": "\\ud83d"}', "[" * 100_000])
async def test_a_call_that_is_no_object_is_only_named(api: str, input: str) -> None:
    async with asked(api, [Say("Ok", [("light", input), ("look", {})], part=50_000)]) as (one, _):
        answer, _ = await step(one)
    assert (answer.stop, answer.broken, [block.get("name") for block in answer.content]) == (
        "tool_use",
        ["light"],
        [None, "look"],
    )


@pytest.mark.parametrize("input", ['{"targets": ["all"', ""])
async def test_a_call_cut_off_by_the_limit_is_only_named(api: str, input: str) -> None:
    async with asked(api, [Say("", [("light", input)], stop="max_tokens")]) as (one, _):
        answer, _ = await step(one)
    assert (answer.stop, answer.content, answer.broken) == ("max_tokens", [], ["light"])


async def test_a_stop_that_contradicts_the_calls_is_put_right(api: str) -> None:
    async with asked(api, [Say("", [("light", {})], stop="end_turn"), Say("Done", stop="tool_use")]) as (one, _):
        assert [(await step(one))[0].stop for _ in range(2)] == ["tool_use", "end_turn"]


# -- what is sent


async def test_what_is_sent_is_the_body_that_is_shown(api: str) -> None:
    ask = replace(ASK, messages=[*DEEDS, {"role": "assistant", "content": "\ud83d half a character"}])
    async with asked(api, [Say("Hi")]) as (one, server):
        await step(one, ask)
        assert server.asked[0].raw == one.body(ask)
        assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"


async def test_the_messages_wire_gets_our_own_blocks_and_caches_them() -> None:
    async with asked("messages", [Say("Hi")], strong="large", max_output=300) as (one, server):
        await step(one, replace(ASK, messages=DEEDS, strong=True))
    sent = server.asked[0].body
    assert sent == {
        "model": "large", "max_tokens": 300, "system": RULES, "tools": [TOOL], "messages": DEEDS, "stream": True,
        "cache_control": {"type": "ephemeral"},
    }  # fmt: skip


async def test_chat_completions_get_the_same_in_their_own_shape() -> None:
    async with asked("completions", [Say("Hi")]) as (one, server):
        await step(one, replace(ASK, messages=DEEDS))
    call = {"type": "function", "function": {"name": "light", "arguments": '{"value": "ä"}'}}
    seen = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    assert server.asked[0].body == {
        "model": "small", "max_tokens": 500, "stream": True, "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": {"name": "light", "description": "A light", "parameters": TOOL["input_schema"]}}],
        "messages": [
            {"role": "system", "content": "Rules.\n\nThe house: Küche 🏠."},
            {"role": "user", "content": "Mach Licht in der Küche 💡"},
            {"role": "assistant", "content": "Gleich.", "tool_calls": [{"id": "call_1", **call}, {"id": "call_2", **call}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "on"},
            {"role": "tool", "tool_call_id": "call_2", "content": "seen"},
            {"role": "user", "content": [{"type": "text", "text": "and now?"}, seen]},
        ],
    }  # fmt: skip


async def test_a_model_that_cannot_see_is_sent_no_picture(api: str) -> None:
    async with asked(api, [Say("Hi")], images=False) as (one, server):
        await step(one, replace(ASK, messages=DEEDS))
    assert b"aGk=" not in server.asked[0].raw
    assert b"which this model cannot see" in server.asked[0].raw


async def test_without_a_key_no_key_is_sent(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "sk-of-somebody")
    async with asked(api, [Say("Hi")], key="") as (one, server):
        await step(one)
    assert not {"authorization", "x-api-key"} & {name.lower() for name in server.asked[0].headers}


async def test_the_key_is_read_anew_at_each_step(api: str, tmp_path: Path) -> None:
    secrets = FileSecrets(tmp_path, "secrets")
    async with ModelServer([Say("a"), Say("b")]).serving() as server:
        one = model("tiny", ModelConfig(api, "small", base_url=server.url, key="mine"), secrets)  # type: ignore[arg-type]
        error = await refused(one)
        assert (error.kind, str(error)) == ("key", one.trouble())
        assert "put its key into secrets/mine of the data folder" in one.trouble()
        for key in ("first-key-1", "second-key-2\n"):
            secrets.set("mine", key)
            await step(one)
        await one.close()
    assert [request.headers["Authorization"] for request in server.asked] == ["Bearer first-key-1", "Bearer second-key-2"]


async def test_proxies_of_the_environment_are_not_used(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    async with asked(api, [Say("Hi")]) as (one, server):
        await step(one)
    assert len(server.asked) == 1


def test_a_server_outside_is_not_asked_over_http(api: str) -> None:
    with pytest.raises(ValueError, match=r"\[models\.tiny\] base_url must be https"):
        model("tiny", ModelConfig(api, "m", base_url="http://example.org"), KeyIs(KEY))  # type: ignore[arg-type]


async def test_a_server_that_closes_each_connection_unannounced_can_be_asked_again_at_once(api: str) -> None:
    async with asked(api, lambda _: Say("Hi", closes=True)) as (one, server):
        for _ in range(20):
            await step(one)
        await one.close()
        await step(one)
    assert len(server.asked) == 21


# -- what goes wrong

FAULTS = [
    (Fail(401, "authentication_error", f"no such key {KEY}"), "key"), (Fail(403), "key"), (Fail(402, "billing_error"), "money"),
    (Fail(429, "insufficient_quota"), "money"), (Fail(404, "not_found_error", "model: small"), "missing"), (Fail(413), "large"),
    (Fail(400, "invalid_request_error", "prompt is too long: 300000 tokens"), "large"), (Fail(429, "rate_limit_error"), "busy"),
    (Fail(529, "overloaded_error"), "busy"), (Fail(500), "down"), (Fail(503, body=b"<html>\xff"), "down"), (Fail(400), "wrong"),
    (Fail(418, body=b'{"error": "a teapot"}'), "wrong"), (Fail(401, body=b"[]"), "key"),
    (Fail(302, headers={"Location": "http://127.0.0.1:9/"}), "wrong"),
    (Fail(200, body=b"<html>a login page</html>", headers={"Content-Type": "text/html"}), "wrong"),
    (Fail(200, body=b"{}", headers={"Content-Type": "text/event-stream"}), "wrong"), (Fail(200, body=b"[1]"), "wrong"),
    (Say("Hello", fault="drop", after=4), "cut"), (Say("Hello you there", fault="end", after=3), "cut"),
    (Say("Hello", fault="drop"), "down"), (Say("Hello you", fault="error", after=4), "cut"),
    (Say("Hello", fault="error", after=1), "busy"), (Say("Hello", fault="error", after=1, type="api_error"), "down"),
    (Say("Hello", fault="error", after=1, type="authentication_error"), "key"),
    (Say("Hello", fault="garbage", after=2), "wrong"), (Say("Hello", fault="shape", after=2), "wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "kind"), FAULTS, ids=[f"{kind}-{number}" for number, (_, kind) in enumerate(FAULTS)])
async def test_each_fault_has_its_kind_and_nothing_is_asked_twice(api: str, fault: Say | Fail, kind: str) -> None:
    async with asked(api, [fault, Say("fine")]) as (one, server):
        error = await refused(one)
        assert error.kind == kind, error
        assert len(server.asked) == 1
        assert (await step(one))[0].content, "the model can be asked again"


@pytest.mark.parametrize(
    ("said", "wait"), [("3", 3), ("999999", 999999), ("", 0), ("-5", 0), ("nan", 0), ("inf", 0), ("soon", 0)]
)
async def test_what_an_overloaded_server_asks_for_is_told_and_not_waited_for(api: str, said: str, wait: float) -> None:
    async with asked(api, [Fail(529, headers={"retry-after": said})]) as (one, _):
        error = await refused(one, seconds=5)
    assert (error.kind, error.wait) == ("busy", wait)


async def test_a_date_to_wait_for_is_understood(api: str) -> None:
    async with asked(api, [Fail(429, headers={"retry-after": "Wed, 01 Jan 2121 00:00:00 GMT"})]) as (one, _):
        assert (await refused(one)).wait > 1e9


@pytest.mark.parametrize("fault", ["silent", "hang"])
async def test_a_server_that_says_nothing_more_ends_at_the_deadline(api: str, fault: Any) -> None:
    async with asked(api, [Say("warm"), Say("Hello you", fault=fault, after=3)]) as (one, _):
        await step(one)  # the SDK is imported
        began = time.monotonic()
        assert (await refused(one, seconds=0.1)).kind == "slow"
        assert time.monotonic() - began < 2


async def test_an_endless_answer_ends(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LARGEST", 1 << 18)
    async with asked(api, [Say("Hello you", fault="endless", after=3)]) as (one, _):
        error = await refused(one)
    assert error.kind == "wrong"
    assert "sent more than" in str(error)


async def test_an_endless_error_ends(api: str) -> None:
    async with asked(api, [Fail(500, body=b"x" * (9 << 20))]) as (one, _):
        assert (await refused(one)).kind == "wrong"


async def test_a_step_that_is_cancelled_ends_the_request(api: str) -> None:
    async with asked(api, [Say("warm"), Say("Hello you", fault="hang", after=4)]) as (one, server):
        await step(one)
        heard: list[str] = []
        task = asyncio.create_task(one.step(ASK, heard.append, seconds=60))
        await eventually(lambda: heard or task.done())
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        await eventually(server.asked[1].gone)


async def test_what_a_listener_raises_is_not_taken_for_a_fault_of_the_server(api: str) -> None:
    def broken(_: str) -> None:
        raise KeyError("a mistake of ours")

    async with asked(api, [Say("Hello")]) as (one, _):
        with pytest.raises(KeyError):
            await one.step(ASK, broken, seconds=5)


async def test_nobody_there_is_down(api: str) -> None:
    one = model("tiny", ModelConfig(api, "m", base_url="http://127.0.0.1:9"), KeyIs(""))  # type: ignore[arg-type]
    assert (await refused(one)).kind == "down"
    assert await one.count(ASK) is None
    await one.close()


async def test_nothing_that_people_say_is_logged(api: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with asked(api, [Say("Das Licht ist an"), Fail(500, message="Küche")]) as (one, _):
        await step(one)
        await refused(one)
    assert "Küche" not in caplog.text
    assert KEY not in caplog.text


# -- other servers


def _grown(*events: dict[str, Any]) -> Answer:
    from claw.mind.adapters.completions import Completions, _Came

    one = Completions("tiny", ModelConfig("completions", "m", base_url="http://127.0.0.1:9"), str)
    came = _Came(one, Growing(lambda _: None))
    for event in events:
        came.take(event)
    return came.answer()


def test_calls_that_a_server_numbers_alike_are_told_apart_by_their_ids() -> None:
    calls = [
        {"index": 0, "id": f"functions.light:{n}", "function": {"name": "light", "arguments": json.dumps({"value": n})}}
        for n in (1, 2)
    ]
    answer = _grown(
        *({"choices": [{"delta": {"tool_calls": [call]}}]} for call in calls), {"choices": [{"finish_reason": "stop"}]}
    )
    assert [(block["id"], block["input"]) for block in answer.content] == [
        ("functions_light_1", {"value": 1}),
        ("functions_light_2", {"value": 2}),
    ]


def test_an_answer_in_one_piece_and_without_ids_is_read() -> None:
    message = {"content": "Ok", "tool_calls": [{"function": {"name": "light", "arguments": {"value": 1}}}]}
    answer = _grown(
        {
            "choices": [{"message": message, "finish_reason": "tool_calls"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": None},
        }
    )
    assert [block.get("input") for block in answer.content] == [None, {"value": 1}]
    assert answer.content[1]["id"]
    assert answer.usage == Usage(9)


def test_a_refusal_that_stops_as_usual_is_a_refusal() -> None:
    answer = _grown({"choices": [{"delta": {"refusal": "I will not."}}]}, {"choices": [{"delta": {}, "finish_reason": "stop"}]})
    assert (answer.stop, answer.content) == ("refusal", [{"type": "text", "text": "I will not."}])


async def test_tokens_and_limits_are_those_of_the_server(api: str) -> None:
    async with asked(api, []) as (one, _):
        tokens = await one.count(ASK)
        assert (tokens is None) == (api == "completions")
        assert (await one.limits())[0] == 32000
    async with asked(api, [], bare=True) as (one, _):
        assert (await one.count(ASK), await one.limits()) == (None, (None, None))


# -- configuration and `claw mind check`


def test_models_come_in_the_order_of_the_config() -> None:
    config = parse(
        '[mind]\nmodels = ["b", "a"]\n[models.a]\nmodel = "x"\n[models.b]\nmodel = "y"\napi = "completions"\nbase_url = "http://127.0.0.1:9"'
    )
    assert [(one.name, type(one).__name__) for one in models(config, KeyIs(""))] == [("b", "Completions"), ("a", "Messages")]
    assert models(parse(""), KeyIs("")) == []


def test_a_model_is_made_without_importing_its_sdk() -> None:
    code = (
        "import sys; from claw.config import ModelConfig; from claw.mind.adapters.models import model; from claw.mind.wire import Ask\n"
        "print(len(model('a', ModelConfig(model='m'), None).body(Ask([], [], [], 5))), 'anthropic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(said[0]) > 50
    assert said[1] == "False"


def clever(body: dict[str, Any]) -> Say:
    """What a good model says to the questions of check.py."""
    asked = json.dumps(body["messages"])
    if "image" in asked:
        return Say("Red.")
    if "bulb" in asked:
        return Say("The bulb of the desk lamp is broken.")
    lamps = [lamp for lamp in ("desk", "floor") if f"{lamp} lamp" in json.dumps(body["messages"][-1]) and LONG not in str(body)]
    return Say("" if lamps else "one two three", [("turn_on", {"lamp": lamp}) for lamp in lamps])


async def found(api: str, script: Script, **config: Any) -> tuple[list[Finding], int]:
    seen: list[Finding] = []
    async with asked(api, script, **config) as (one, server):
        await ask_all([one], seen.append)
    return seen, len(server.asked)


async def test_a_good_model_can_all(api: str) -> None:
    seen, requests = await found(api, clever)
    missing = [one.feature for one in seen if not one.ok]
    assert missing == (["counts tokens"] if api == "completions" else [])
    assert [one.feature for one in seen][:2] == ["answers", "streams"]
    assert len(seen) == 9
    assert requests <= 8
    assert "yes" in words(seen[0])


async def test_a_model_that_only_talks_can_little(api: str) -> None:
    seen, _ = await found(api, lambda _: Say("hm", usage=Usage(9, 1)), bare=True)
    assert [one.feature for one in seen if one.ok] == ["answers"]


async def test_pictures_are_asked_for_only_where_they_are_on(api: str) -> None:
    assert "sees a picture" not in [one.feature for one in (await found(api, clever, images=False))[0]]


async def test_a_model_that_does_not_answer_is_asked_once(api: str) -> None:
    seen, requests = await found(api, lambda _: Fail(401, "authentication_error", "who are you?"))
    assert [(one.feature, one.ok) for one in seen] == [("answers", False)]
    assert seen[0].note == "key: tiny answered 401: authentication_error authentication_error who are you?"
    assert requests == 1


async def test_the_command_asks_the_models_of_the_config(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    async with ModelServer(clever).serving() as server:
        config.write_text(
            f'[mind]\nmodels = ["local"]\n[models.local]\nmodel = "m"\nbase_url = "{server.url}"\n[models.far]\nmodel = "m"\nkey = "far"\n'
        )

        async def run(*args: str) -> subprocess.CompletedProcess[str]:
            return await asyncio.to_thread(process.claw, "mind", "check", *args, "--config", config, "--data", tmp_path)

        ended = await run("--json")
        assert ended.returncode == 0, ended.stderr
        rows = [json.loads(line) for line in ended.stdout.splitlines()]
        assert {row["feature"] for row in rows if row["ok"]} >= {"answers", "streams", "calls a tool"}
        ended = await run("far")
        assert (ended.returncode, ended.stdout.split()[:3]) == (1, ["far", "answers", "no"])
        assert "put its key into secrets/far" in ended.stdout
        ended = await run("near")
        assert (ended.returncode, ended.stderr) == (1, "claw: no model is named near; there is local, far\n")


async def test_the_size_of_a_request_is_told_and_counted_where_a_model_is_configured(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("")
    async with ModelServer(clever).serving() as server:

        async def rows() -> list[dict[str, Any]]:
            ended = await asyncio.to_thread(process.claw, "prompt-size", "--json", "--config", config, "--data", tmp_path)
            assert ended.returncode == 0, ended.stderr
            return [json.loads(line) for line in ended.stdout.splitlines()]

        offline = await rows()
        config.write_text(f'[mind]\nmodels = ["local"]\n[models.local]\nmodel = "m"\nbase_url = "{server.url}"\n')
        counted = await rows()
    assert [set(row) for row in offline] == [{"devices", "tokens", "bytes", "parts"}] * 4
    assert {
        row["devices"]: row["tokens"] <= most for row, most in zip(offline, (2000, 2000, 2500, 2500), strict=True)
    } == dict.fromkeys((10, 60, 500, 1000), True)
    assert all(0 < row["counted"] <= row["tokens"] for row in counted)


def test_the_config_check_says_which_key_is_missing(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[mind]\nmodels = ["far"]\n[models.far]\nmodel = "m"\nkey = "far"\n')
    ended = process.claw("config", "check", config, "--data", tmp_path)
    assert ended.returncode == 0
    assert ended.stdout.splitlines() == [
        "the configuration is right",
        "the model far is left out: put its key into secrets/far of the data folder (chmod 600)",
    ]
