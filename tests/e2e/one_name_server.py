"""A name server on port 53 that knows one name and its IPv4 address; ends with its input.  Standard library alone."""

import select
import socket
import sys


def main(name: str, address: str) -> None:
    wanted = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("0.0.0.0", 53))
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([sock, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        query, peer = sock.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        is_known = query[12 : end - 4].lower() == wanted
        has_answer = is_known and query[end - 3] == 1
        head = query[:2] + (b"\x85\x80" if is_known else b"\x85\x83") + b"\0\1" + bytes((0, has_answer)) + bytes(4)
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x05\0\4" + socket.inet_aton(address) if has_answer else b""
        sock.sendto(head + query[12:end] + answer, peer)


if __name__ == "__main__":
    main(*sys.argv[1:])
