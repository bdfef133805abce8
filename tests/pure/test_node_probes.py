"""Probes: thresholds, the hasty first phase, and what is sent and read."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.probes.grpc_health import (
    DATA,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    SETTINGS,
    Reply,
    frame,
    request_bytes,
)
from fairway.node.probes.handlers import UnknownPort, port_number
from fairway.node.probes.http_get import HttpRequest, judged, parse_head, reason, request_head
from fairway.node.probes.listening import awaited_ports
from fairway.node.probes.tally import Tally, Timing, timing
from fairway.node.runtimes.crun.listeners import listening_ports
from fairway.objects import Object
from pure.node_cases import pod

EVERY_10 = Timing(0, 10, 1, 1, 3)


def test_what_is_left_out_has_its_default() -> None:
    assert timing({}) == Timing(0, 10, 1, 1, 3)


def test_three_failures_in_a_row_are_a_verdict() -> None:
    tally = Tally(EVERY_10)
    verdicts = []
    for is_success in (True, False, False, True, False, False, False):
        tally.take(is_success=is_success)
        verdicts.append(tally.verdict)
    assert verdicts == [True, True, True, True, True, True, False]


def test_success_may_need_to_be_repeated() -> None:
    tally = Tally(Timing(0, 10, 1, 2, 1))
    tally.take(is_success=True)
    assert tally.verdict is None
    tally.take(is_success=True)
    assert tally.verdict is True


def test_a_hasty_probe_asks_again_soon_and_counts_only_after_its_period() -> None:
    tally = Tally(EVERY_10, is_hasty=True)
    delays = []
    while not tally.is_counted():
        delays.append(tally.take(is_success=False))
    assert delays[:5] == [0.01, 0.02, 0.04, 0.08, 0.16]
    assert sum(delays) == pytest.approx(10)
    assert tally.verdict is None
    assert [tally.take(is_success=False) for _ in range(3)] == [10, 10, 10]
    assert tally.verdict is False


def test_a_first_success_ends_the_haste() -> None:
    tally = Tally(EVERY_10, is_hasty=True)
    tally.take(is_success=False)
    assert tally.take(is_success=True) == 10
    assert tally.verdict is True
    assert tally.take(is_success=False) == 10


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_the_pause_is_never_longer_than_the_period(
    answers: list[bool], successes: int, failures: int, is_hasty: bool
) -> None:
    tally = Tally(Timing(0, 7, 1, successes, failures), is_hasty)
    for is_success in answers:
        assert 0 <= tally.take(is_success=is_success) <= 7


def test_ports_are_found_by_number_and_by_name() -> None:
    container = {"ports": [{"name": "http", "containerPort": 8080}]}
    assert [port_number(container, port) for port in (80, "81", "http")] == [80, 81, 8080]
    with pytest.raises(UnknownPort, match="couldn't find port: x"):
        port_number(container, "x")


def test_a_request_says_who_asks() -> None:
    url = HttpRequest("HTTP", "10.0.0.1", 8080, "/ready?x=1").url
    assert request_head(url, [("X-Own", "yes")]) == (
        b"GET /ready?x=1 HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: kube-probe/1.36\r\nAccept: */*\r\n"
        b"X-Own: yes\r\nConnection: close\r\n\r\n"
    )


def test_own_headers_go_before_the_usual_ones() -> None:
    head = request_head("http://10.0.0.1:80/", [("Host", "web"), ("Accept", "")])
    assert b"Host: web\r\n" in head
    assert b"Accept" not in head


def test_the_head_of_an_answer_is_read() -> None:
    assert parse_head(b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n") == (302, {"location": "/x"})
    with pytest.raises(ValueError, match="malformed HTTP response"):
        parse_head(b"SSH-2.0\r\n\r\n")


@pytest.mark.parametrize(("code", "text"), [(200, ""), (399, ""), (500, "HTTP probe failed with statuscode: 500")])
def test_codes_are_judged(code: int, text: str) -> None:
    assert judged(code).text == text
    assert judged(code).is_success is (text == "")


def test_a_refused_connection_is_told_in_known_words() -> None:
    text = reason(ConnectionRefusedError(), "http://10.0.0.1:80/")
    assert text == "dial tcp 10.0.0.1:80: connect: connection refused"


# gRPC


def test_a_health_check_is_one_call() -> None:
    sent = request_bytes("10.0.0.1:9000", "web")
    assert sent.startswith(PREFACE)
    assert sent.endswith(frame(DATA, END_STREAM, 1, b"\0\0\0\0\x05\x0a\x03web"))


@given(st.integers(0, 3), st.lists(st.integers(1, 60), max_size=10))
def test_the_status_is_read_however_the_answer_was_split(status: int, cuts: list[int]) -> None:
    message = bytes((0x08, status)) if status else b""
    body = b"\0\0\0\0" + bytes((len(message),)) + message
    answer = frame(SETTINGS, 0, 0, b"") + frame(HEADERS, 4, 1, b"\x88") + frame(DATA, 0, 1, body)
    answer += frame(HEADERS, 4 | END_STREAM, 1, b"\x88")
    places = sorted({cut % len(answer) for cut in cuts} | {0, len(answer)})
    reply = Reply()
    for start, end in itertools.pairwise(places):
        reply.receive(answer[start:end])
    assert (reply.is_over, reply.status()) == (True, status)
    assert bytes(reply.answers) == frame(SETTINGS, 1, 0, b"")


def test_pings_of_a_server_are_answered() -> None:
    reply = Reply()
    reply.receive(frame(PING, 0, 0, b"12345678"))
    assert bytes(reply.answers) == frame(PING, 1, 0, b"12345678")


def test_a_call_without_a_body_has_failed() -> None:
    reply = Reply()
    reply.receive(frame(HEADERS, 4 | END_STREAM, 1, b"\x88"))
    assert reply.status() is None


def aiming(*ports: dict[str, object], namespace: str = "default", **spec: object) -> Object:
    wanted = {"selector": {"app": "a"}, "ports": list(ports), **spec}
    return {"metadata": {"name": "s", "namespace": namespace}, "spec": wanted}


@pytest.mark.parametrize(
    ("service", "awaited"),
    [
        (aiming({"port": 80}), {80}),
        (aiming({"port": 80, "targetPort": 8080}, {"port": 443, "targetPort": "web"}), {8080, 8443}),
        (aiming({"port": 80, "targetPort": "ghost"}), set()),
        (aiming({"port": 53, "protocol": "UDP"}), set()),
        (aiming({"port": 80, "targetPort": 9090}), set()),
        (aiming({"port": 80}, selector={"app": "b"}), set()),
        (aiming({"port": 80}, selector=None), set()),
        (aiming({"port": 80}, type="ExternalName"), set()),
        (aiming({"port": 80}, namespace="other"), set()),
    ],
)
def test_a_container_is_awaited_where_services_aim_at_but_not_at_another_container_s_ports(
    service: Object, awaited: set[int]
) -> None:
    mine = {"name": "mine", "ports": [{"name": "web", "containerPort": 8443}]}
    other = {"name": "other", "ports": [{"containerPort": 9090}]}
    called = pod(containers=[mine, other])
    called["metadata"]["labels"] = {"app": "a"}
    assert awaited_ports(called, mine, [service]) == awaited


def test_listeners_that_only_the_pod_itself_reaches_do_not_count() -> None:
    table = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0200F40A:01BB 0100F40A:0050 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
"""
    assert listening_ports(table) == {8080}
    assert listening_ports("") == set()
