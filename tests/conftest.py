"""Markers come from the folder; what the machine lacks is a named skip."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure of a property; on CI the same examples are tried each time.
settings.register_profile("fairway", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("fairway")

# A run in the background has them ignored, and so would every program that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

TIERS = ("pure", "component", "e2e", "house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        tier = Path(item.path).relative_to(Path(__file__).parent).parts[0]
        if tier in TIERS:
            item.add_marker(tier)
