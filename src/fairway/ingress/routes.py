"""Routes: what all Ingresses together say about hosts, paths and certificates.  Pure.

Rules: of two Ingresses that claim the same place the older wins, then the first by namespace and name; a request is
looked up under its host, then under ``*.`` and all but the first label of it, then under no host; each time an exact
path before the longest prefix, element by element; default backends come last, in the same order of hosts.
Source: Kubernetes docs, "Ingress", "Path types", "Multiple matches", "Hostname wildcards", "Default backend".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from fairway.ingress.model import Backend, Place, Problem, Route
from fairway.objects import Object

REDIRECT_ANNOTATIONS: Final = ("fairway.dev/ssl-redirect", "nginx.ingress.kubernetes.io/ssl-redirect")
"""``false`` leaves plain HTTP as it is where an Ingress has TLS."""
FORCE_ANNOTATIONS: Final = ("fairway.dev/force-ssl-redirect", "nginx.ingress.kubernetes.io/force-ssl-redirect")
"""``true`` sends plain HTTP to HTTPS even where TLS ends before us."""
LONGEST_KEY: Final = 8000
"""Characters of a host and a path together."""
NO_BACKEND: Final = Backend("", "")


class Claim(NamedTuple):
    """What an Ingress says of a place: the route, and who says it."""

    route: Route
    ingress: str


class TlsClaim(NamedTuple):
    """The Secret that an Ingress names for a host, ``namespace/name``; empty: none is named."""

    secret: str
    ingress: str


@dataclass(slots=True)
class Routing:
    """All of it.  ``tls`` is by host; ``own_hosts`` are Secrets that are to be served under the names they hold."""

    claims: dict[Place, Claim] = field(default_factory=dict)
    tls: dict[str, TlsClaim] = field(default_factory=dict)
    own_hosts: dict[str, TlsClaim] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def key_of(ingress: Object) -> str:
    """``namespace/name``."""
    meta = ingress["metadata"]
    return f"{meta.get('namespace') or ''}/{meta['name']}"


def age_order(ingress: Object) -> tuple[str, str]:
    """The older first, then by name."""
    return ingress["metadata"].get("creationTimestamp") or "", key_of(ingress)


def routing(ingresses: Iterable[Object]) -> Routing:
    """What Ingresses say together; all of them are ours."""
    found = Routing()
    for ingress in sorted(ingresses, key=age_order):
        _add(found, ingress)
    return found


def _add(found: Routing, ingress: Object) -> None:
    key, spec = key_of(ingress), ingress["spec"]
    _add_tls(found, ingress, key)
    tls_hosts = {host.lower() for tls in spec.get("tls") or () for host in tls.get("hosts") or ()}
    hosts: list[str] = []
    for rule in spec.get("rules") or ():
        host = (rule.get("host") or "").lower()
        hosts.append(host)
        redirects = _redirects(ingress, host, tls_hosts)
        for path in (rule.get("http") or {}).get("paths") or ():
            place = place_of(host, path.get("pathType") or "", path.get("path") or "")
            _claim(found, place, Route(_backend(found, ingress, path["backend"]), redirects), key)
    default = spec.get("defaultBackend")
    if default is None:
        return
    backend = _backend(found, ingress, default)
    for host in dict.fromkeys([*hosts, *tls_hosts]):
        if host:
            place = Place("default", host)
            found.claims.setdefault(place, Claim(Route(backend, _redirects(ingress, host, tls_hosts)), key))
    everywhere = Claim(Route(backend, _redirects(ingress, "", tls_hosts)), key)
    if not spec.get("rules"):
        _claim(found, Place("default", ""), everywhere.route, key)
    else:
        found.claims.setdefault(Place("default", ""), everywhere)


def _claim(found: Routing, place: Place, route: Route, ingress: str) -> None:
    if len(place.key) > LONGEST_KEY:
        text = f"a path of {len(place.key)} characters is longer than any request may be: it is left out"
        found.problems.append(Problem(ingress, "PathTooLong", text))
        return
    known = found.claims.setdefault(place, Claim(route, ingress))
    if known.ingress != ingress:
        text = (
            f"the older Ingress {known.ingress} has {shown(place)} already: this one's backend gets no requests there"
        )
        found.problems.append(Problem(ingress, "Conflict", text))


def _add_tls(found: Routing, ingress: Object, key: str) -> None:
    namespace = key.partition("/")[0]
    for tls in ingress["spec"].get("tls") or ():
        name = tls.get("secretName")
        claim = TlsClaim(f"{namespace}/{name}" if name else "", key)
        hosts = [host.lower() for host in tls.get("hosts") or ()]
        if not hosts and name:
            found.own_hosts.setdefault(claim.secret, claim)
        for host in hosts:
            known = found.tls.setdefault(host, claim)
            if known.secret != claim.secret and known.ingress != key:
                text = f"the certificate of {host} is chosen by the older Ingress {known.ingress}"
                found.problems.append(Problem(key, "Conflict", text))


def place_of(host: str, path_type: str, path: str) -> Place:
    """Where a path of a rule is looked up."""
    written = "".join(_written(path or "/"))
    if path_type == "Exact":
        return Place("exact", host + written)
    return Place("prefix", f"{host}{written.rstrip('/')}/")


def _written(path: str) -> Iterator[str]:
    """As a client writes it: what is not plain ASCII, or would end the path, is percent-encoded."""
    for byte in path.encode():
        yield chr(byte) if 0x20 < byte < 0x7F and chr(byte) not in "?#" else f"%{byte:02X}"


def shown(place: Place) -> str:
    """A place in words."""
    if place.table == "default":
        return f"the default backend of {place.key}" if place.key else "the default backend"
    host, slash, path = place.key.partition("/")
    what = "path" if place.table == "exact" else "paths below"
    return f"{what} {slash}{path} of {f'host {host}' if host else 'all hosts'}"


def _backend(found: Routing, ingress: Object, backend: Object) -> Backend:
    key = key_of(ingress)
    service = backend.get("service")
    if service is None:
        kind = (backend.get("resource") or {}).get("kind")
        text = f"a backend is a {kind} resource, only Services can be served: it answers 503"
        found.problems.append(Problem(key, "ResourceBackend", text))
        return NO_BACKEND
    port = service.get("port") or {}
    return Backend(f"{key.partition('/')[0]}/{service['name']}", port.get("name") or str(port.get("number") or ""))


def _redirects(ingress: Object, host: str, tls_hosts: set[str]) -> bool:
    """Whether plain HTTP of a host is sent to HTTPS: where the Ingress has TLS for it, unless told otherwise."""
    annotations = ingress["metadata"].get("annotations") or {}
    if any(annotations.get(name) == "true" for name in FORCE_ANNOTATIONS):
        return True
    if any(annotations.get(name) == "false" for name in REDIRECT_ANNOTATIONS):
        return False
    if not ingress["spec"].get("tls"):
        return False
    return not tls_hosts or covers(tls_hosts, host)


def covers(names: Iterable[str], host: str) -> bool:
    """Whether a host is among names, of which ``*.`` ones stand for any first label."""
    known = set(names)
    return bool(host) and (host in known or f"*.{host.partition('.')[2]}" in known)
