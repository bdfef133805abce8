"""What listens in a network namespace, seen from outside of it."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairway.node.sockets import Listening, listening, parse
from fairway.node.syscalls import CLONE_NEWNET, unshare

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
"""
TABLE6 = """  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_tables_of_the_kernel() -> None:
    assert list(parse(TABLE, "TCP", "0A")) == [Listening("TCP", "127.0.0.1", 8080), Listening("TCP", "0.0.0.0", 80)]
    assert [each.address for each in parse(TABLE6, "TCP", "0A")] == ["::1", "::", "::ffff:127.0.0.1"]
    assert list(parse("header only\n", "TCP", "0A")) == []


@pytest.fixture
def pod() -> Iterator[str]:
    """A network namespace with a server on localhost, one for all, and one of datagrams; its path."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    made, done = threading.Event(), threading.Event()
    place: list[str] = []

    def live() -> None:
        unshare(CLONE_NEWNET)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with (
            socket.create_server(("127.0.0.1", 8080)), socket.create_server(("0.0.0.0", 80)),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        ):  # fmt: skip
            datagrams.bind(("0.0.0.0", 53))
            place.append(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net")
            made.set()
            done.wait()

    thread = threading.Thread(target=live)
    thread.start()
    made.wait(10)
    yield place[0]
    done.set()
    thread.join()


def test_a_look_into_another_namespace_sees_it_and_leaves_us_here(pod: str) -> None:
    own = Path("/proc/thread-self/ns/net").readlink()
    assert listening(pod) == [
        Listening("TCP", "0.0.0.0", 80), Listening("TCP", "127.0.0.1", 8080), Listening("UDP", "0.0.0.0", 53),
    ]  # fmt: skip
    assert Path("/proc/thread-self/ns/net").readlink() == own


def test_the_machine_itself_and_a_pod_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert Listening("TCP", "127.0.0.1", server.getsockname()[1]) in listening("")
    with pytest.raises(OSError, match="No such file"):
        listening("/run/netns/none-of-ours")
