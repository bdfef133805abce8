"""A cluster of its own for a bench, gone afterwards."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fairway.client.http import HttpClient
from fairway.client.kubeconfig import connect, load, select

HOUSE = Path(__file__).resolve().parent.parent
IMAGE = HOUSE / "build" / "kubia.tar"
WRITERS = 32


class Cluster:
    """The commands on it."""

    def __init__(self, name: str, folder: str) -> None:
        self.name, self.folder, self.data_dir = name, folder, f"{folder}/data"
        self.kubeconfig = f"{folder}/kubeconfig"
        self.environment = {**os.environ, "KUBECONFIG": self.kubeconfig}

    def fairway(self, command: str, *words: str) -> str:
        own = ["--name", self.name, "--data-dir", self.data_dir]
        return subprocess.run(
            [sys.executable, "-m", "fairway", command, *words, *own],
            env=self.environment, check=True, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    def kubectl(self, *words: str, text: str = "") -> str:
        return subprocess.run(
            ["kubectl", *words], env=self.environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, input=text or None,
        ).stdout  # fmt: skip

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(Path(self.data_dir, self.name, "config.json").read_text())
        return found

    def client(self) -> HttpClient:
        """Over TLS, as any program beside the cluster."""
        return connect(select(load([Path(self.kubeconfig)])), agent="bench")

    def purge(self) -> None:
        self.fairway("down", "--purge")


async def many(work: Callable[[int], Awaitable[object]], numbers: Iterable[int]) -> None:
    """Do it for each number, so many at once as a busy cluster has writers."""
    left = iter(numbers)

    async def writer() -> None:
        for number in left:
            await work(number)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))


@contextmanager
def cluster(name: str = "bench", *, is_up: bool = True, up: Sequence[str] = ()) -> Iterator[Cluster]:
    """Up, if wanted, with the flags ``up`` and the kubia image; purged at the end."""
    if os.geteuid() != 0:
        raise SystemExit("error: this bench needs root\n  fix: sudo scripts/bench")
    with tempfile.TemporaryDirectory(prefix="fairway-bench-") as folder:
        made = Cluster(name, folder)
        try:
            if is_up:
                made.fairway("image", "import", str(IMAGE))
                made.fairway("up", *up)
            yield made
        finally:
            made.purge()
