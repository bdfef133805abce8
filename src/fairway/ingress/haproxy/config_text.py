"""Config text: HAProxy's configuration file.  Pure.

Source: HAProxy 2.6 Configuration Manual; Management Guide, "Master-worker mode".
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairway.ingress.certificates import digest
from fairway.ingress.haproxy.program import NOWHERE, Line, Program, slot_name

VERSION: Final = 6
"""Raised with every change of the text, so that a HAProxy of an earlier release is reloaded."""
LONGEST_NAME: Final = 200
NOT_FOUND_TEXT: Final = "no Ingress has a rule for this host and path\\n"
UNAVAILABLE_TEXT: Final = "no endpoint of the Service behind this path is ready\\n"
BAD_HOST_TEXT: Final = "the Host header names no host\\n"
_HAS_ODD_HOST: Final = "{ req.fhdr(host) -m reg '[/,@?#[:space:]]' }"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the configuration is made for.

    ``folder`` holds everything; ``http`` and ``https`` are descriptors of listening sockets; ``ports`` are those that
    clients know, 0 for none; ``account`` is the user that HAProxy works as; ``connections`` are how many at most.
    """

    folder: Path
    http: tuple[int, ...] = ()
    https: tuple[int, ...] = ()
    ports: tuple[int, int] = (80, 443)
    account: str = "haproxy"
    threads: int = 2
    connections: int = 4000

    def path(self, name: str) -> Path:
        """A file of HAProxy's."""
        return self.folder / name


def header(layout: Layout, capacity: Mapping[int, int]) -> str:
    """The first line: what the file was made from, for a later process of ours to read."""
    told = {
        "version": VERSION, "capacity": {str(key): count for key, count in sorted(capacity.items())},
        "http": layout.http, "https": layout.https, "ports": layout.ports,
    }  # fmt: skip
    return "# " + json.dumps(told)


def config_text(layout: Layout, program: Program) -> str:
    """The whole file."""
    parts = [header(layout, program.capacity), *_global(layout), *_defaults(), *_frontend(layout), *_metrics(layout)]
    parts += ["", f"backend {NOWHERE}"]
    for affinity_s, count in sorted(program.capacity.items()):
        for number in range(count):
            name = slot_name(affinity_s, number)
            parts += _slot(name, affinity_s, program.servers.get(name, {}).values())
    return "\n".join(parts) + "\n"


def _global(layout: Layout) -> Iterator[str]:
    yield "global"
    yield f"    stats socket {layout.path('runtime.sock')} mode 600 level admin"
    yield "    stats timeout 1h"
    yield f"    user {layout.account}"
    yield f"    nbthread {layout.threads}"
    yield f"    maxconn {layout.connections}"
    yield "    hard-stop-after 1h"
    yield "    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets"
    yield "    tune.ssl.default-dh-param 2048"


def _defaults() -> Iterator[str]:
    yield "defaults"
    yield "    mode http"
    yield "    timeout connect 2s"
    yield "    timeout http-request 10s"
    yield "    timeout http-keep-alive 75s"
    yield "    timeout client 10m"
    yield "    timeout server 10m"
    yield "    timeout tunnel 24h"
    yield "    timeout queue 5s"
    yield "    retries 3"
    yield "    option redispatch 1"
    yield "    retry-on conn-failure empty-response"
    yield "    option dontlognull"
    yield "    option idle-close-on-response"  # at a reload, a request may be on its way on an idle connection
    yield "    http-reuse safe"
    yield "    balance roundrobin"
    yield f'    http-error status 503 content-type text/plain string "{UNAVAILABLE_TEXT}"'


def _frontend(layout: Layout) -> Iterator[str]:
    yield "frontend ingress"
    for descriptor in layout.http:
        yield f"    bind fd@{descriptor}"
    for descriptor in layout.https:
        yield f"    bind fd@{descriptor} ssl crt-list {layout.path('crt-list')} alpn h2,http/1.1"
    yield from _odd_requests()
    set_var, folder = "    http-request set-var", layout.folder
    # Without the port: Ubuntu 22.04 has HAProxy 2.4, which has no converter for that.
    yield f"{set_var}(txn.named) req.hdr(host),regsub(:[0-9]*$,)"
    yield f"{set_var}(txn.host) var(txn.named),regsub([.]$,),lower"
    yield f"{set_var}(txn.wild) var(txn.host),regsub(^[^.]+,*)"
    yield f"{set_var}(txn.exact) path"
    yield f"{set_var}(txn.below) path,concat(/)"
    unless_found = "if !{ var(txn.route) -m found }"
    for host in ("txn.host", "txn.wild", ""):
        for table, path, match in (("exact", "txn.exact", "map_str"), ("prefix", "txn.below", "map_beg")):
            key = f"var({host}),concat(,{path})" if host else f"var({path})"
            yield f"{set_var}(txn.route) {key},{match}({folder}/{table}.map) {unless_found}"
    for key in ("var(txn.host)", "var(txn.wild)", "str(*)"):
        yield f"{set_var}(txn.route) {key},map_str({folder}/default.map) {unless_found}"
    yield f'    http-request return status 404 content-type text/plain string "{NOT_FOUND_TEXT}" {unless_found}'
    if layout.https:
        port = "" if layout.ports[1] == 443 else f":{layout.ports[1]}"
        yield (
            f"    http-request redirect code 308 location https://%[var(txn.named)]{port}%[pathq] "
            "if !{ ssl_fc } { var(txn.route),field(2,:) redirect }"
        )
    yield "    http-request disable-l7-retry unless METH_GET or { method HEAD OPTIONS }"
    yield from _forwarded()
    yield "    use_backend %[var(txn.route),field(1,:)]"


def _odd_requests() -> Iterator[str]:
    """A host that could be taken for a host and a path, or for two, is refused; absolute URIs become plain paths.

    Source: RFC 9112, 3.2 "Request Target".  HAProxy itself refuses an absolute URI of another host than ``Host``.
    """
    yield f'    http-request return status 400 content-type text/plain string "{BAD_HOST_TEXT}" if {_HAS_ODD_HOST}'
    is_old = "!{ req.ver 2.0 }"
    yield f"    http-request set-uri %[pathq] if {{ url -m reg -i ^https?://[^/]*/ }} {is_old}"
    yield f"    http-request set-uri / if {{ url -m reg -i ^https?://[^/?]*$ }} {is_old}"


def _forwarded() -> Iterator[str]:
    """What the pods are told of the client.  Nobody before us is trusted, so what came with the request is replaced.

    Source of the header that only goes: RFC 7239; some frameworks believe it before all others.
    """
    yield "    http-request del-header Forwarded"
    for name, what in (
        ("X-Forwarded-For", "%[src]"), ("X-Real-IP", "%[src]"), ("X-Forwarded-Host", "%[req.hdr(host)]"),
        ("X-Forwarded-Port", "%[dst_port]"),
    ):  # fmt: skip
        yield f"    http-request set-header {name} {what}"
    for name in ("X-Forwarded-Proto", "X-Forwarded-Scheme"):
        yield f"    http-request set-header {name} https if {{ ssl_fc }}"
        yield f"    http-request set-header {name} http if !{{ ssl_fc }}"


def _metrics(layout: Layout) -> Iterator[str]:
    yield "frontend metrics"
    yield f"    bind unix@{layout.path('metrics.sock')} mode 600"
    yield "    http-request use-service prometheus-exporter"


def _slot(name: str, affinity_s: int, servers: Iterable[Line]) -> Iterator[str]:
    yield f"backend {name}"
    if affinity_s:
        yield f"    stick-table type ipv6 size 100k expire {affinity_s}s"
        yield "    stick on src"
    for line in servers:
        yield f"    server {line.name} {line.text}"


def map_text(entries: Mapping[str, str]) -> str:
    """A map file."""
    return "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))


def certificate_file(layout: Layout, host: str) -> Path:
    """Where the certificate of a host is; ``*`` is no name for a file, and the longest hosts are too long for one.

    ``host`` may be followed by others that the certificate is not for, as ``server_names`` has it.
    """
    first, _, others = host.partition(" ")
    name = first.replace("*", "_") if len(first) <= LONGEST_NAME else f"_{digest(first)}"
    name += f"+{digest(others)}" if others else ""
    return layout.folder / "certificates" / f"{name or '_'}.pem"


def crt_list_text(layout: Layout, hosts: Iterable[str]) -> str:
    """Which certificate is for which name; the first is for all others."""
    return "".join(crt_list_line(layout, host) + "\n" for host in sorted(hosts))


def crt_list_line(layout: Layout, host: str) -> str:
    """One line of it."""
    return f"{certificate_file(layout, host)} {host}".rstrip()
