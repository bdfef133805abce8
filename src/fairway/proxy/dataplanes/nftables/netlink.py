"""Netlink: messages to and from the kernel's netfilter part, as bytes.

Shape: attributes and messages are packed by functions; ``NetlinkSocket`` sends a request, a dump or a batch.
Source: netlink(7), RFC 3549, linux/netlink.h, linux/netfilter/nfnetlink.h.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final

NETLINK_NETFILTER: Final = 12
F_REQUEST: Final = 0x001
F_ACK: Final = 0x004
F_DUMP: Final = 0x300
F_CREATE: Final = 0x400
F_APPEND: Final = 0x800
F_DUMP_INTERRUPTED: Final = 0x010

NOOP, ERROR, DONE = 1, 2, 3
BATCH_BEGIN: Final = 0x10
BATCH_END: Final = 0x11
NFTABLES: Final = 10

_SOL_NETLINK = 270
_CAP_ACK, _EXT_ACK = 10, 11
_SNDBUFFORCE, _RCVBUFFORCE = 32, 33
_BUFFER_BYTES = 64 << 20
_NESTED = 0x8000
_TYPE_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHIIBBH")
_ATTRIBUTE = struct.Struct("=HH")
_MESSAGE = struct.Struct("=IHHI")
_ERROR = struct.Struct("=i")
HEADER_BYTES: Final = _HEADER.size

pack_be32 = struct.Struct(">I").pack
pack_be64 = struct.Struct(">Q").pack


class NetlinkError(OSError):
    """The kernel's answer to a message; ``position`` is the message's place in its batch."""

    def __init__(self, code: int, position: int, text: str = "") -> None:
        super().__init__(code, f"{os.strerror(code)}{f' ({text})' if text else ''}")
        self.position = position


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    size = 4 + len(payload)
    return _ATTRIBUTE.pack(size, kind) + payload + bytes(-size & 3)


def nested(kind: int, *inner: bytes) -> bytes:
    """An attribute made of attributes."""
    payload = b"".join(inner)
    return _ATTRIBUTE.pack(4 + len(payload), kind | _NESTED) + payload


def text(kind: int, value: str) -> bytes:
    """A text attribute."""
    return attribute(kind, value.encode() + b"\0")


def be32(kind: int, value: int) -> bytes:
    """A number in network order."""
    return attribute(kind, pack_be32(value & 0xFFFFFFFF))


def attributes(buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Type, start and end of the payload of each attribute between two positions."""
    unpack = _ATTRIBUTE.unpack_from
    while start + 4 <= end:
        size, kind = unpack(buffer, start)
        if size < 4:
            return
        yield kind & _TYPE_MASK, start + 4, start + size
        start += (size + 3) & ~3


def first(buffer: bytes, start: int, end: int, kind: int) -> bytes | None:
    """The payload of the first attribute of that type."""
    for found, begin, stop in attributes(buffer, start, end):
        if found == kind:
            return buffer[begin:stop]
    return None


def message(kind: int, flags: int, family: int, payload: bytes, *, resource: int = 0) -> bytes:
    """A netfilter message; the sequence number is written when it is sent."""
    return (
        _HEADER.pack(HEADER_BYTES + len(payload), kind, F_REQUEST | flags, 0, 0, family, 0, socket.htons(resource))
        + payload
    )


Batch = list[bytes]
"""Messages that take effect together."""


class NetlinkSocket:
    """One netlink socket of the network namespace it was opened in.  Not for two threads at once."""

    def __init__(self, protocol: int = NETLINK_NETFILTER) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        for option in (_SNDBUFFORCE, _RCVBUFFORCE):
            self._socket.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        for option in (_CAP_ACK, _EXT_ACK):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @property
    def port(self) -> int:
        """The netlink port, by which notifications name their cause."""
        port: int = self._socket.getsockname()[0]
        return port

    def commit(self, batch: Batch) -> None:
        """All messages of ``batch`` as one transaction.  Raises: ``NetlinkError``; nothing was changed then."""
        begin = message(BATCH_BEGIN, 0, 0, b"", resource=NFTABLES)
        end = message(BATCH_END, 0, 0, b"", resource=NFTABLES)
        last = bytearray(batch[-1])
        last[6] |= F_ACK
        first_sequence = self._send([begin, *batch[:-1], bytes(last), end])
        self._acknowledged(first_sequence, first_sequence + len(batch))

    def request(self, wanted: bytes) -> bytes | None:
        """The answer to one request; ``None`` if there is no such thing.  Raises: ``NetlinkError``."""
        sequence = self._send([wanted])
        while True:
            buffer = self._socket.recv(65536)
            for kind, found, start, end in _messages(buffer):
                if found != sequence:
                    continue
                if kind != ERROR:
                    return buffer[start:end]
                code = _error(buffer, start)
                if code == errno.ENOENT:
                    return None
                raise NetlinkError(code, 0)

    def dump(self, wanted: bytes) -> Iterator[bytes]:
        """Each message of the answer to a dump.  Raises: ``NetlinkError`` (EINTR if it was marked as torn)."""
        request = bytearray(wanted)
        struct.pack_into("=H", request, 6, struct.unpack_from("=H", request, 6)[0] | F_DUMP)
        sequence = self._send([bytes(request)])
        torn = False
        while True:
            buffer = self._socket.recv(1 << 18)
            for kind, found, start, end in _messages(buffer):
                if found != sequence:
                    continue
                torn = torn or bool(buffer[start + 6] & F_DUMP_INTERRUPTED)
                if kind == ERROR:
                    raise NetlinkError(_error(buffer, start), 0)
                if kind == DONE:
                    if torn:
                        raise NetlinkError(errno.EINTR, 0)
                    return
                yield buffer[start:end]

    def send_all(self, messages: Sequence[bytes]) -> list[int]:
        """Requests that stand alone, each acknowledged; the answer is the error number of each, 0 where it worked."""
        first_sequence = self._send([_acknowledge(each) for each in messages])
        codes = [-1] * len(messages)
        waiting = len(messages)
        while waiting:
            buffer = self._socket.recv(1 << 18)
            for kind, sequence, start, _ in _messages(buffer):
                if kind == ERROR and 0 <= sequence - first_sequence < len(messages):
                    codes[sequence - first_sequence] = _error(buffer, start)
                    waiting -= 1
        return codes

    def _send(self, messages: Sequence[bytes]) -> int:
        first_sequence = self._sequence + 1
        self._sequence += len(messages)
        packed = bytearray(b"".join(messages))
        offset = 0
        for sequence, each in enumerate(messages, first_sequence):
            struct.pack_into("=I", packed, offset + 8, sequence)
            offset += len(each)
        self._socket.send(packed)
        return first_sequence

    def _acknowledged(self, first_sequence: int, last_sequence: int) -> None:
        """Read the answers to a batch, which are all there once it was sent."""
        failure: NetlinkError | None = None
        done = False
        while not done and failure is None:
            failure, done = self._answer(first_sequence, last_sequence)
        if failure is not None:
            self._drain()
            raise failure

    def _answer(self, first_sequence: int, last_sequence: int) -> tuple[NetlinkError | None, bool]:
        buffer = self._socket.recv(65536)
        for kind, sequence, start, end in _messages(buffer):
            if kind != ERROR or sequence < first_sequence:
                continue
            code = _error(buffer, start)
            if code:
                return NetlinkError(code, sequence - first_sequence, _error_text(buffer, start, end)), False
            if sequence == last_sequence:
                return None, True
        return None, False

    def _drain(self) -> None:
        try:
            while True:
                self._socket.recv(1 << 18, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise


def _acknowledge(wanted: bytes) -> bytes:
    changed = bytearray(wanted)
    changed[6] |= F_ACK
    return bytes(changed)


def _messages(buffer: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Type, sequence number, start and end of each message."""
    start = 0
    while start + 16 <= len(buffer):
        size, kind, _, sequence = _MESSAGE.unpack_from(buffer, start)
        if size < 16:
            return
        yield kind, sequence, start, start + size
        start += (size + 3) & ~3


def _error(buffer: bytes, start: int) -> int:
    code: int = _ERROR.unpack_from(buffer, start + 16)[0]
    return -code


def _error_text(buffer: bytes, start: int, end: int) -> str:
    found = first(buffer, start + 36, end, 1)
    return found.rstrip(b"\0").decode(errors="replace") if found else ""
