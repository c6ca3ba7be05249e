"""The adapters of the language model against servers that others wrote: fakellm, aimock, and llama.cpp with a small model.

fakellm 0.3.5 has no errors for who streams; aimock has.
"""

import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from claw.config import ModelConfig
from claw.mind.adapters.adapter import Adapter
from claw.mind.adapters.completions import Completions
from claw.mind.adapters.messages import Messages
from claw.mind.wire import Answer, Ask, ModelError
from claw.testing import eventually
from tests.peers import npm

pytestmark = pytest.mark.peers
AIMOCK = "@copilotkit/aimock@1.43.0"
TOOL = {
    "name": "light", "description": "A light",
    "input_schema": {"type": "object", "properties": {"targets": {"type": "array", "items": {"type": "string"}}}},
}  # fmt: skip
RULES = """
version: 1
rules:
  - {name: done, when: {turn: 2, tool_result_contains: "is on"}, respond: {content: "Das Licht in der Küche ist an 💡."}}
  - {name: act, when: {messages_contain: "licht"}, respond: {tool_calls: [
      {name: light, arguments: {targets: ["Küche"]}}, {name: light, arguments: {targets: ["Flur"]}}]}}
  - {name: talk, when: {messages_contain: "hello"}, respond: {content: "Hello yourself, how are you today?"}}
"""
FIXTURES = [
    {"match": {"userMessage": "Licht", "hasToolResult": True}, "response": {"content": "Das Licht in der Küche ist an 💡."}},
    {"match": {"userMessage": "Licht"}, "response": {"toolCalls": [
        {"name": "light", "arguments": json.dumps({"targets": [room]})} for room in ("Küche", "Flur")]}},
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello yourself, how are you today?"}},
]  # fmt: skip


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(command: list[str], at: int, folder: Path) -> Iterator[str]:
    """The address of a server in a process of its own."""
    with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server:
        try:
            yield f"http://127.0.0.1:{at}"
        finally:
            server.terminate()


@contextmanager
def fakellm(folder: Path, *options: str) -> Iterator[str]:
    program = Path(sys.prefix) / "models" / "bin" / "fakellm"
    if not program.exists():
        pytest.skip(f"there is no {program}: `make test-peers` installs it")
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    at = port()
    with serving([str(program), "serve", "--port", str(at), "--config", "rules.yaml"], at, folder) as url:
        yield url


@contextmanager
def aimock(folder: Path, *options: str) -> Iterator[str]:
    place = Path(sys.prefix) / "aimock"
    if not (place / "node_modules" / ".bin" / "llmock").exists():
        npm.install(place, AIMOCK, scripts=False)
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": FIXTURES}), "utf-8")
    at = port()
    program = str(place / "node_modules" / ".bin" / "llmock")
    with serving([program, "--port", str(at), "--fixtures", "fixtures.json", "--strict", *options], at, folder) as url:
        yield url


@pytest.fixture(params=["messages", "completions"])
def api(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[fakellm, aimock], ids=["fakellm", "aimock"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with request.param(tmp_path) as address:
        yield address


@asynccontextmanager
async def adapter(api: str, url: str) -> AsyncIterator[Adapter]:
    """A model of this wire at a server, which may still be starting."""

    def answers() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0

    await eventually(answers, seconds=30)
    model = (Messages if api == "messages" else Completions)(
        "peer", ModelConfig(model="small", base_url=url, key="k"), lambda: "sk-test"
    )
    try:
        yield model
    finally:
        await model.close()


async def say(model: Adapter, *messages: object, heard: list[str] | None = None) -> Answer:
    said = [one if isinstance(one, dict) else {"role": "user", "content": [{"type": "text", "text": one}]} for one in messages]
    ask = Ask([{"type": "text", "text": "You switch lights."}], [TOOL], said, 40)
    return await model.step(ask, (heard if heard is not None else []).append, seconds=60)


async def test_words_tools_and_their_results_go_over_the_wire(api: str, url: str) -> None:
    heard: list[str] = []
    async with adapter(api, url) as model:
        answer = await say(model, "hello", heard=heard)
        assert (answer.stop, answer.content) == ("end_turn", [{"type": "text", "text": "Hello yourself, how are you today?"}])
        assert "".join(heard) == "Hello yourself, how are you today?"
        assert len(heard) > 1
        answer = await say(model, "Licht!")
        assert answer.stop == "tool_use"
        assert [block["input"] for block in answer.content] == [{"targets": ["Küche"]}, {"targets": ["Flur"]}]
        results = [{"type": "tool_result", "tool_use_id": block["id"], "content": "it is on"} for block in answer.content]
        answer = await say(
            model, "Licht!", {"role": "assistant", "content": answer.content}, {"role": "user", "content": results}
        )
        assert [block["text"] for block in answer.content] == ["Das Licht in der Küche ist an 💡."]


@pytest.mark.parametrize(
    ("chaos", "kinds"), [("drop", {"down"}), ("malformed", {"wrong"}), ("disconnect", {"down", "cut"}), ("ratelimit", {"busy"})]
)
async def test_the_chaos_of_aimock_has_kinds(api: str, chaos: str, kinds: set[str], tmp_path: Path) -> None:
    with aimock(tmp_path, f"--chaos-{chaos}", "1") as url:
        async with adapter(api, url) as model:
            with pytest.raises(ModelError) as error:
                await say(model, "hello")
    assert error.value.kind in kinds


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp with real weights."""
    python = Path(sys.prefix) / "models" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"there is no {python}: `make test-peers` installs it")
    folder = tmp_path_factory.mktemp("llama")
    command = [str(python), str(Path(__file__).parent / "llama_server.py"), str(folder / "weights.gguf")]
    with (folder / "log").open("w") as log, subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
    ) as server:  # fmt: skip
        assert server.stdout
        yield server.stdout.readline().strip()
        server.kill()


async def test_a_real_engine_streams_counts_and_caches(api: str, llama: str) -> None:
    heard: list[str] = []
    async with adapter(api, llama) as model:
        answer = await say(model, "Count from one to ten.", heard=heard)
        assert answer.stop in ("end_turn", "max_tokens")
        assert len(heard) > 3
        assert answer.usage.output > 3
        assert (await say(model, "Count from one to ten.")).usage.read > 0
        ask = Ask([], [], [{"role": "user", "content": "one two three"}], 10)
        tokens, (prompt, _) = await model.count(ask), await model.limits()
        assert (tokens or 0) > 3 if api == "messages" else prompt == 8192


async def test_a_prompt_that_is_too_long_for_a_real_engine_is_large(api: str, llama: str) -> None:
    async with adapter(api, llama) as model:
        with pytest.raises(ModelError) as error:
            await say(model, "lamp " * 9000)
        assert error.value.kind == "large", error.value
