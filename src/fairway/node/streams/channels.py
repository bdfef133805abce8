"""Channels: several streams in the messages of one WebSocket connection.  Pure.

A binary message begins with a byte that names the channel; in the base64 forms a text message begins with the digit
of the channel and the rest is base64.  From version 5 on, the byte 255 and a channel number close that channel.
Source: services.md 11.9; KEP-4006.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
CLOSE = 255

V5, V4, V3, V2 = (f"v{version}.channel.k8s.io" for version in (5, 4, 3, 2))
V1 = "channel.k8s.io"
BASE64_V4, BASE64_V1 = "v4.base64.channel.k8s.io", "base64.channel.k8s.io"

COMMAND_PROTOCOLS = (V5, V4, BASE64_V4, V1, BASE64_V1)
"""What a WebSocket client may ask for exec and attach, best first."""
SPDY_PROTOCOLS = (V4, V3, V2, V1)
"""What a SPDY client may ask for exec and attach, best first."""


class ChannelProblem(Exception):
    """A message that names no channel."""


@dataclass(frozen=True, slots=True)
class Message:
    """Bytes of one channel, or its end."""

    channel: int
    content: bytes
    is_close: bool = False


def choose(offered: Sequence[str], served: Sequence[str]) -> str | None:
    """The first of the client's protocols that is served; ``None`` if there is none."""
    return next((name for name in offered if name in served), None)


def is_base64(protocol: str) -> bool:
    """Whether messages are text."""
    return "base64" in protocol


def has_status(protocol: str) -> bool:
    """Whether the error channel carries a Status object (version 4 and later), or else plain text."""
    return protocol.startswith(("v4.", "v5."))


def decode(protocol: str, message: bytes | str) -> Message:
    """Read one message.  Raises: ``ChannelProblem``."""
    if not message:
        raise ChannelProblem("a message must name its channel")
    if is_base64(protocol):
        return _decode_text(message if isinstance(message, str) else message.decode("ascii", errors="replace"))
    raw = message.encode() if isinstance(message, str) else message
    if raw[0] == CLOSE and protocol == V5:
        if len(raw) != 2:
            raise ChannelProblem("a close message holds one channel number")
        return Message(raw[1], b"", is_close=True)
    return Message(raw[0], raw[1:])


def _decode_text(text: str) -> Message:
    if not text[0].isdigit():
        raise ChannelProblem(f"{text[0]!r} is no channel")
    try:
        return Message(int(text[0]), base64.b64decode(text[1:], validate=True))
    except (binascii.Error, ValueError) as error:
        raise ChannelProblem(f"a message is not base64: {error}") from error


def encode(protocol: str, channel: int, content: bytes) -> bytes | str:
    """One message."""
    if is_base64(protocol):
        return f"{channel}{base64.b64encode(content).decode()}"
    return bytes((channel,)) + content
