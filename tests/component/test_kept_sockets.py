"""Sockets that outlive the process which opened them, handed over between real processes."""

import os
import socket
import subprocess
import sys
from contextlib import closing

from fairway.cluster.kept_sockets import MOST, KeptSockets, Shelf
from fairway.dns.server import bind

CHILD = """
import socket, sys
from fairway.cluster.kept_sockets import KeptSockets
from fairway.dns.server import bind
kept = KeptSockets(sys.argv[1], bind)
udp = kept.open("127.0.0.1", int(sys.argv[2]), socket.SOCK_DGRAM)
tcp = kept.open("127.0.0.1", int(sys.argv[2]), socket.SOCK_STREAM)
tcp.listen()
print("open", flush=True)
if sys.argv[3] == "answer":
    data, peer = udp.recvfrom(100)
    udp.sendto(data.upper(), peer)
    connection, _ = tcp.accept()
    connection.sendall(connection.recv(100).upper())
"""


def child(shelf: Shelf, port: int, what: str) -> None:
    words = [sys.executable, "-c", CHILD, shelf.words[1], str(port), what]
    done = subprocess.run(words, pass_fds=shelf.passed, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("open\n", "")
    shelf.take()


def test_who_asks_between_two_processes_is_answered_by_the_second() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with closing(Shelf()) as shelf:
        hand_over(shelf, port)


def hand_over(shelf: Shelf, port: int) -> None:
    child(shelf, port, "die")
    assert len(shelf.passed) == 3
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_connection(("127.0.0.1", port)) as tcp:
        udp.connect(("127.0.0.1", port))
        udp.send(b"question")
        tcp.sendall(b"question")
        child(shelf, port, "answer")
        for each in (udp, tcp):
            each.settimeout(5)
            assert each.recv(100) == b"QUESTION"
    assert len(shelf.passed) == 3, "the second opened nothing anew"


LISTENER = """
import socket, sys
found = socket.create_server(("127.0.0.1", 0))
print(found.fileno(), found.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_the_sockets_of_a_program_that_runs_outlive_it_and_go_to_the_supervisor() -> None:
    with closing(Shelf()) as shelf:
        words = [sys.executable, "-c", LISTENER]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            descriptor, port = map(int, program.stdout.readline().split())
            held = [os.dup(each) for each in shelf.passed]
            kept = KeptSockets(",".join(map(str, held)), bind)
            kept.take_over(program.pid, [descriptor])
            program.kill()
        with closing(kept), kept.open("127.0.0.1", port, socket.SOCK_STREAM) as found:
            shelf.take()
            assert len(shelf.passed) == 2
            with socket.create_connection(("127.0.0.1", port)) as client:
                served, _ = found.accept()
                with served:
                    served.sendall(b"served")
                    assert client.recv(100) == b"served"


def test_without_a_supervisor_sockets_are_opened_as_ever() -> None:
    kept = KeptSockets(None, bind)
    first = kept.open("127.0.0.1", 0, socket.SOCK_DGRAM)
    again = kept.open("127.0.0.1", 0, socket.SOCK_DGRAM)
    assert first.getsockname() == again.getsockname()
    first.close()
    assert again.getsockname()[1]
    again.close()
    kept.close()


def test_a_shelf_holds_only_so_much() -> None:
    with (
        closing(Shelf()) as shelf,
        socket.socket(fileno=os.dup(shelf.passed[0])) as giving,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
    ):
        for _ in range(3):
            socket.send_fds(giving, [b"\n"], [one.fileno()] * (MOST // 2))
            shelf.take()
        assert len(shelf.passed) == 1 + MOST
