"""For authors of skills: a home for one skill, without a daemon. Nothing here touches a network."""

import importlib.util
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from claw.clock import Clock
from claw.skill import Home


class DictSecrets:
    """Secrets that are kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


class Answers:
    """A person who answers questions from a list and keeps what was asked."""

    def __init__(self, *answers: str | None) -> None:
        self.answers, self.asked = list(answers), list[str]()

    async def __call__(self, question: str) -> str | None:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else None


def home_for(name: str, folder: Path, *, answers: Sequence[str | None] = (), zeroconf: Any = None, **config: Any) -> Home:
    """A Home as the daemon would hand it to the skill `name`."""
    return Home(
        name=name, secrets=DictSecrets(), config=config, ask=Answers(*answers), log=logging.getLogger(f"skill.{name}"),
        clock=Clock(), folder=folder, zeroconf=zeroconf, listen_address=lambda host: "127.0.0.1",
    )  # fmt: skip


def load_skill(path: Path) -> ModuleType:
    """Import a skill file by its path."""
    name = f"claw_skill_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
