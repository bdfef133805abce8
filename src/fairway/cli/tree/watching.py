"""Watching: the picture drawn anew whenever something in its namespace changes.

Each kind is watched in a thread with a connection of its own; changes that come close together make one picture.
"""

import sys
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from fairway.cli.describe.world import within
from fairway.client.blocking import Api, ApiError, Unreachable

WATCHED = (
    ("services", ""), ("endpointslices", "discovery.k8s.io"), ("pods", ""), ("ingresses", "networking.k8s.io"),
    ("replicasets", "apps"), ("deployments", "apps"),
)  # fmt: skip
CALM_S = 0.05
"""So long nothing must have changed before a picture is drawn."""
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"

Change = Exception | None


def run_watch(connect: Callable[[], Api], namespace: str, text_of: Callable[[], str]) -> int:
    """Draw until Ctrl-C, or until what is drawn is gone.  Raises: what the API refuses."""
    changes: SimpleQueue[Change] = SimpleQueue()
    for plural, group in WATCHED:
        path = within(namespace, plural, group)
        threading.Thread(target=_follow, args=(connect(), path, changes), daemon=True).start()
    shown = ""
    while True:
        text = text_of()
        if text != shown:
            sys.stdout.write(_CLEAR + text if sys.stdout.isatty() else f"\n{text}" if shown else text)
            sys.stdout.flush()
            shown = text
        _await_calm(changes)


def _await_calm(changes: "SimpleQueue[Change]") -> None:
    _raised(changes.get())
    while True:
        try:
            _raised(changes.get(timeout=CALM_S))
        except Empty:
            return


def _raised(change: Change) -> None:
    if change is not None:
        raise change


def _follow(api: Api, path: str, changes: "SimpleQueue[Change]") -> None:
    """Tell of every change at ``path``; a watch that ends is begun anew."""
    while True:
        try:
            for _ in api.watch(path):
                changes.put(None)
        except ApiError as error:
            if error.code != 410:
                return  # a kind that may not be watched leaves the picture as it is
        except Unreachable as error:
            changes.put(error)
            return
