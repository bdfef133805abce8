"""Connection: an rtnetlink socket of one network namespace, spoken to from one thread at a time."""

import errno
import os
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from fairway.node.rtnetlink.messages import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLMSG_DONE,
    NLMSG_ERROR,
    Answer,
    Link,
    Request,
    answers,
    dump_links,
    get_link,
    message,
    parse_link,
)

NETFILTER = 12
"""The kernel's netfilter part (``NETLINK_NETFILTER``)."""
_RECEIVE = 256 * 1024
_SOL_NETLINK, _NETLINK_CAP_ACK, _NETLINK_GET_STRICT_CHK = 270, 10, 12


class RtnetlinkRefusal(OSError):
    """The kernel refused a request; ``errno`` says why, the text names the request."""


class Connection:
    """Belongs to the network namespace that the opening thread was in, wherever it is used later.

    ``protocol`` may be another part of the kernel that is spoken to by the same kind of messages.
    """

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.bind((0, 0))
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        self._sequence = 0

    def run(self, requests: Sequence[Request]) -> None:
        """Send all at once and wait for every answer.  Raises: ``RtnetlinkRefusal`` for the first refusal.

        The kernel takes them in order and goes on after a refusal.
        """
        if not requests:
            return
        first = self._sequence + 1
        batch = bytearray()
        for request in requests:
            self._sequence += 1
            batch += message(request.kind, request.flags | NLM_F_ACK, request.payload, self._sequence)
        self._socket.send(batch)
        refusal: RtnetlinkRefusal | None = None
        waiting = len(requests)
        while waiting:
            for answer in answers(self._socket.recv(_RECEIVE)):
                if answer.sequence < first or answer.kind != NLMSG_ERROR:
                    continue
                waiting -= 1
                request = requests[answer.sequence - first]
                if answer.error and answer.error not in request.allowed_errors and refusal is None:
                    refusal = RtnetlinkRefusal(answer.error, os.strerror(answer.error), request.what)
        if refusal is not None:
            raise refusal

    def _ask(self, request: Request) -> list[Answer]:
        """All answers to one question.  Raises: ``RtnetlinkRefusal``."""
        self._sequence += 1
        self._socket.send(message(request.kind, request.flags, request.payload, self._sequence))
        found: list[Answer] = []
        dump = request.flags & NLM_F_DUMP == NLM_F_DUMP
        while True:
            for answer in answers(self._socket.recv(_RECEIVE)):
                if answer.sequence != self._sequence:
                    continue
                if answer.kind == NLMSG_ERROR and answer.error:
                    raise RtnetlinkRefusal(answer.error, os.strerror(answer.error), request.what)
                if answer.kind == NLMSG_DONE:
                    return found
                found.append(answer)
            if not dump:
                return found

    def dump(self, request: Request) -> list[bytes]:
        """The payloads of all answers to a listing request."""
        return [answer.payload for answer in self._ask(request)]

    def link(self, name: str) -> Link | None:
        """The device of that name."""
        try:
            found = self._ask(get_link(name))
        except RtnetlinkRefusal as refusal:
            if refusal.errno == errno.ENODEV:
                return None
            raise
        return parse_link(found[0].payload)

    def links(self) -> list[Link]:
        """All devices of the namespace."""
        return [parse_link(payload) for payload in self.dump(dump_links())]

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
