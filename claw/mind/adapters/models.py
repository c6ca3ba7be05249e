"""The configured models, ready to be asked."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from claw.config import Config, ModelConfig
from claw.hosting.secrets import FileSecrets

if TYPE_CHECKING:
    from claw.mind.adapters.adapter import Adapter


def models(config: Config, secrets: FileSecrets) -> "list[Adapter]":
    """Those of [mind] in the order in which they are tried, also those whose key is missing now (`trouble`): it may come."""
    return [model(name, config.models[name], secrets) for name in config.mind.models]


def model(name: str, config: ModelConfig, secrets: FileSecrets) -> "Adapter":
    """One model; its key is read anew at each step. Imports no model SDK."""
    key: Callable[[], str] = (lambda: (secrets.get(config.key) or "").strip()) if config.key else str
    if config.api == "messages":
        from claw.mind.adapters.messages import Messages

        return Messages(name, config, key)
    from claw.mind.adapters.completions import Completions

    return Completions(name, config, key)
