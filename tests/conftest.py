"""Rules for all tests."""

import pytest

import claw  # noqa: F401  # before numpy: it says how many threads that may use


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests against peers that system packages bring run in `make test-peers`; elsewhere they skip, saying so."""
    if "peers" not in str(config.option.markexpr):
        for item in items:
            if item.get_closest_marker("peers"):
                item.add_marker(pytest.mark.skip(reason="a peer that system packages bring: run `make test-peers`"))
