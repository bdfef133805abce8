"""Device: what a network device of this namespace is at the moment."""

import errno
import fcntl
import socket
import struct
from dataclasses import dataclass

_SIOCGIFFLAGS, _SIOCGIFHWADDR, _SIOCGIFINDEX = 0x8913, 0x8927, 0x8933
_UP, _RUNNING = 0x1, 0x40
_ETHERNET = 1
_GONE = (errno.ENODEV, errno.ENXIO)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that frames can be sent through."""

    name: str
    index: int
    mac: bytes


def look_up(name: str) -> Device | None:
    """The device if it is there, up, has a carrier and speaks Ethernet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            index = struct.unpack_from("=i", _ask(asking, _SIOCGIFINDEX, name), 16)[0]
            flags = _ask(asking, _SIOCGIFFLAGS, name)
            hardware = _ask(asking, _SIOCGIFHWADDR, name)
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise
    is_up = struct.unpack_from("=H", flags, 16)[0] & (_UP | _RUNNING) == _UP | _RUNNING
    is_ethernet = struct.unpack_from("=H", hardware, 16)[0] == _ETHERNET
    return Device(name, index, hardware[18:24]) if is_up and is_ethernet else None


def _ask(asking: socket.socket, request: int, name: str) -> bytes:
    return fcntl.ioctl(asking, request, struct.pack("40s", name.encode()))


def is_own(at: str) -> bool:
    """Whether a device of this machine has the address itself: then it is its own source.  Sends nothing."""
    with socket.socket(socket.AF_INET6 if ":" in at else socket.AF_INET, socket.SOCK_DGRAM) as trying:
        try:
            trying.connect((at, 9))
        except OSError:
            return False
        found: str = trying.getsockname()[0]
        return found == at
