"""Clients of Services: on this machine, in a node's network, or beyond the machine."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from fairway.objects.authority import authority

ANSWER = re.compile(r"You've hit (\S+)")
"""What a pod of the kubia image says: its name."""


def hits(where: Sequence[str], url: str, *, times: int = 1, patience_s: float = 10) -> list[str]:
    """The pods that answered; fewer than ``times`` if some requests failed."""
    each = ["curl", "-s", "-g", "-m", str(patience_s), url]
    texts = [subprocess.run([*where, *each], capture_output=True, text=True).stdout for _ in range(times)]
    return [found[1] for text in texts if (found := ANSWER.search(text))]


def answered_by(address: str, port: int = 80, *, where: str = "", patience_s: float = 10) -> str:
    """The pod that answers there, asked from the network namespace ``where``; empty if none does."""
    inside = ["ip", "netns", "exec", where] if where else []
    return "".join(hits(inside, f"http://{authority(address, port)}", patience_s=patience_s))


class Traffic:
    """New connections, one after the other, each for one request, until the block ends."""

    def __init__(self, where: Sequence[str], url: str) -> None:
        self.answers, self.failures = 0, []  # type: int, list[str]
        self._words = [*where, "curl", "-sS", "-g", "-m", "20", url]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            done = subprocess.run(self._words, capture_output=True, text=True)
            if ANSWER.search(done.stdout):
                self.answers += 1
            else:
                self.failures.append(done.stderr)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def beyond(host: str, client: str, mark: str = "o") -> Iterator[str]:
    """A client beyond this machine: a namespace with the address ``client``, whose router is this machine, ``host``.

    Several at a time differ in ``mark``, one letter.
    """
    name, device = f"fw-e2e-{os.getpid()}-{mark}", f"fw{mark}{os.getpid()}"[:15]
    length = "64 nodad" if ":" in host else "30"
    commands = (
        f"ip netns add {name}",
        f"ip link add {device} type veth peer name eth0 netns {name}",
        f"ip addr add {host}/{length} dev {device}",
        f"ip link set {device} up",
        f"ip -n {name} addr add {client}/{length} dev eth0",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} link set lo up",
        f"ip -n {name} route add default via {host}",
    )
    _sweep()
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", device], check=False, capture_output=True)


def _sweep() -> None:
    """Remove what killed runs left: their routes would take the answers to the addresses of this one."""
    for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
        found = re.fullmatch(r"fw-e2e-(\d+)-(\w)", name)
        if found and not os.path.exists(f"/proc/{found[1]}"):
            subprocess.run(["ip", "link", "del", f"fw{found[2]}{found[1]}"[:15]], check=False, capture_output=True)
            subprocess.run(["ip", "netns", "del", name], check=False)
