"""Commands: what to tell HAProxy's runtime socket so that it holds one program instead of another.  Pure.

Rules for the order: what is new is there before anything leads to it, and nothing leads any more to what goes.
Source: HAProxy 2.6 Management Guide, "Unix Socket commands".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairway.ingress.haproxy.config_text import Layout, certificate_file, crt_list_line
from fairway.ingress.haproxy.program import Program
from fairway.ingress.model import TABLES, Table


@dataclass(slots=True)
class Held:
    """What HAProxy holds.  A server is there and serves, or is there and takes nothing new.

    ``certificates`` have a digest by host; an empty one is not known.
    """

    maps: dict[Table, dict[str, str]] = field(default_factory=lambda: {table: {} for table in TABLES})
    servers: dict[str, dict[str, bool]] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)


def additions(layout: Layout, held: Held, program: Program, digests: Mapping[str, str]) -> Iterator[str]:
    """The first commands, each without its line end.  Until all of them are obeyed nothing may be withdrawn."""
    yield from _new_certificates(layout, held, program, digests)
    yield from _new_servers(held, program)
    for table in TABLES:
        yield from _map(layout, table, held.maps[table], program.maps[table])


def withdrawals(layout: Layout, held: Held, program: Program) -> Iterator[str]:
    """The commands after those."""
    yield from _old_servers(held, program)
    yield from _old_certificates(layout, held, program)


def _new_certificates(layout: Layout, held: Held, program: Program, digests: Mapping[str, str]) -> Iterator[str]:
    for host, pem in program.certificates.items():
        if held.certificates.get(host) == digests[host]:
            continue
        path, is_new = certificate_file(layout, host), host not in held.certificates
        if is_new:
            yield f"new ssl cert {path}"
        yield f"set ssl cert {path} <<\n{pem.strip()}\n"
        yield f"commit ssl cert {path}"
        if is_new:
            yield f"add ssl crt-list {layout.path('crt-list')} <<\n{crt_list_line(layout, host)}\n"


def _old_certificates(layout: Layout, held: Held, program: Program) -> Iterator[str]:
    for host in held.certificates:
        if host not in program.certificates:
            path = certificate_file(layout, host)
            yield f"del ssl crt-list {layout.path('crt-list')} {path}"
            yield f"del ssl cert {path}"


def _new_servers(held: Held, program: Program) -> Iterator[str]:
    for slot, lines in program.servers.items():
        known = held.servers.get(slot, {})
        for name, line in lines.items():
            if name not in known:
                yield f"add server {slot}/{name} {line.text}"
                yield f"enable server {slot}/{name}"
            elif not known[name]:
                yield f"set server {slot}/{name} state ready"


def _old_servers(held: Held, program: Program) -> Iterator[str]:
    for slot, known in held.servers.items():
        for name, is_serving in known.items():
            if is_serving and name not in program.servers.get(slot, {}):
                yield f"set server {slot}/{name} state maint"


def _map(layout: Layout, table: Table, held: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    path = layout.path(f"{table}.map")
    for key, value in wanted.items():
        if key not in held:
            yield f"add map {path} {_escaped(key)} {_escaped(value)}"
        elif held[key] != value:
            yield f"set map {path} {_escaped(key)} {_escaped(value)}"
    for key in held:
        if key not in wanted:
            yield f"del map {path} {_escaped(key)}"


def _escaped(text: str) -> str:
    r"""Of a command, ``;`` would end it and ``<<`` begin a payload."""
    return "".join(f"\\{sign}" if sign in " ;<\\" else sign for sign in text)


def after(held: Held, program: Program, digests: Mapping[str, str]) -> Held:
    """What is held when the commands have been obeyed."""
    servers = {slot: dict.fromkeys(lines, True) for slot, lines in program.servers.items()}
    for slot, known in held.servers.items():
        for name in known:
            servers.setdefault(slot, {}).setdefault(name, False)
    return Held({table: dict(program.maps[table]) for table in TABLES}, servers, dict(digests))


def removals(held: Held) -> Iterator[tuple[str, str, str]]:
    """Slot, name and command for each server that only waits for its last requests."""
    for slot, known in held.servers.items():
        for name, is_serving in known.items():
            if not is_serving:
                yield slot, name, f"del server {slot}/{name}"
