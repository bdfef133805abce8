"""Inventory: all that is known of the cluster, and what follows from it.

Shape: ``put_*`` take what changes; ``wanted`` works out anew only what a change touches.  No I/O.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from fairway.ingress.certificates import Chosen, Secret, chosen
from fairway.ingress.classes import Whose, class_name, whose
from fairway.ingress.model import Backend, Place, Problem, Route, Upstream
from fairway.ingress.routes import Routing, key_of, routing
from fairway.ingress.upstreams import Fault, Service, Slice, resolve
from fairway.objects import Object

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class View:
    """What follows; ``certificates`` are by host, ``None`` where one is to be generated."""

    routes: Mapping[Place, Route]
    upstreams: Mapping[Backend, Upstream]
    certificates: Mapping[str, str | None]
    problems: tuple[Problem, ...]


class Inventory:
    """The known objects; ``namespace/name`` is how they are called, a class by its name.

    ``is_vouched_for`` says whether a certificate that is generated for a host can be trusted.
    """

    def __init__(self, is_vouched_for: Callable[[str], bool] = lambda host: True) -> None:
        self._is_vouched_for = is_vouched_for
        self._controllers: dict[str, str] = {}
        self._ingresses: dict[str, Object] = {}
        self._services: dict[str, Service] = {}
        self._slices: dict[str, dict[str, Slice]] = {}
        self._secrets: dict[str, Secret] = {}
        self._ours: dict[str, Object] = {}
        self._strays: list[Problem] = []
        self._routing = Routing()
        self._routes: dict[Place, Route] = {}
        self._users: dict[Backend, list[str]] = {}
        self._upstreams: dict[Backend, tuple[Upstream, Fault | None]] = {}
        self._chosen: Chosen = Chosen({}, [])
        self._is_stale = True
        self._stale_services: set[str] = set()
        self._has_stale_secrets = False

    # What comes in

    def put_class(self, name: str, new: Object | None) -> None:
        """A class came, changed or went."""
        controller = None if new is None else new["spec"].get("controller") or ""
        if controller != self._controllers.get(name):
            _put(self._controllers, name, controller)
            self._is_stale = True

    def put_ingress(self, new: Object | None, old: Object | None) -> None:
        """An Ingress came, changed or went; its status is no news."""
        found = new if new is not None else old
        assert found is not None
        key = key_of(found)
        known = self._ingresses.get(key)
        _put(self._ingresses, key, new)
        if new is not None and known is not None and _same(known, new):
            if key in self._ours:
                self._ours[key] = new
            return
        self._is_stale = True

    def put_service(self, key: str, new: Service | None) -> None:
        """A Service came, changed or went."""
        if new != self._services.get(key):
            _put(self._services, key, new)
            self._stale_services.add(key)

    def put_slice(self, name: str, old: Slice | None, new: Slice | None) -> None:
        """A slice, ``namespace/name``, came, changed or went."""
        for each in (old, new):
            if each is not None:
                _put(self._slices.setdefault(each.service, {}), name, new if each is new else None)
                self._stale_services.add(each.service)

    def put_secret(self, key: str, new: Secret | None) -> None:
        """A Secret came, changed or went."""
        if new != self._secrets.get(key):
            _put(self._secrets, key, new)
            self._has_stale_secrets = True

    # What follows

    def refused(self, said: Mapping[str, str]) -> Iterable[Problem]:
        """What the Ingresses are told whose certificates, by host, the engine cannot serve."""
        for host, text in said.items():
            claims = [self._routing.tls.get(host), *self._routing.own_hosts.values()]
            if claim := next(filter(None, claims), None):
                yield Problem(claim.ingress, "SecretInvalid", f"the certificate of {host} cannot be served: {text}")

    @property
    def ours(self) -> Mapping[str, Object]:
        """The Ingresses that are ours to serve."""
        self._sort_out()
        return self._ours

    @property
    def others(self) -> Iterable[str]:
        """The names of those that are not."""
        return [key for key in self._ingresses if key not in self.ours]

    def object(self, key: str) -> Object | None:
        """An Ingress as it was last seen."""
        return self._ingresses.get(key)

    def wanted(self) -> View:
        """What should be served."""
        self._sort_out()
        if self._has_stale_secrets:
            self._chosen = chosen(self._routing, self._secrets.get, self._is_vouched_for)
            self._has_stale_secrets = False
        stale, self._stale_services = self._stale_services, set()
        for backend in self._users:
            if backend.service in stale:
                self._resolve(backend)
        return View(
            routes=self._routes,
            upstreams={backend: found[0] for backend, found in self._upstreams.items()},
            certificates=self._chosen.certificates,
            problems=tuple(self._problems()),
        )

    def _sort_out(self) -> None:
        """Work out what depends on classes and Ingresses."""
        if not self._is_stale:
            return
        self._is_stale, self._has_stale_secrets = False, True
        self._tell_apart()
        self._routing = routing(self._ours.values())
        self._routes = {place: claim.route for place, claim in self._routing.claims.items()}
        users: dict[Backend, list[str]] = {}
        for claim in self._routing.claims.values():
            known = users.setdefault(claim.route.backend, [])
            if claim.ingress not in known:
                known.append(claim.ingress)
        self._users = users
        for backend in [backend for backend in self._upstreams if backend not in users]:
            del self._upstreams[backend]
        for backend in users:
            if backend not in self._upstreams:
                self._resolve(backend)

    def _tell_apart(self) -> None:
        """Ours, and those that nobody serves."""
        self._ours, self._strays = {}, []
        for key, ingress in self._ingresses.items():
            kind = whose(ingress, self._controllers)
            if kind is Whose.OURS:
                self._ours[key] = ingress
            elif kind is Whose.UNKNOWN:
                text = f'IngressClass "{class_name(ingress)}" does not exist: nobody serves this Ingress'
                self._strays.append(Problem(key, "ClassNotFound", text, is_early=True))
            elif kind is Whose.NOBODYS:
                text = "spec.ingressClassName names no class, and no class was the default: nobody serves this Ingress"
                self._strays.append(Problem(key, "NoClass", text, is_early=True))

    def _resolve(self, backend: Backend) -> None:
        slices = self._slices.get(backend.service, {}).values()
        found = resolve(backend, self._services.get(backend.service), slices)
        if self._upstreams.get(backend) != found:
            self._upstreams[backend] = found

    def _problems(self) -> Iterable[Problem]:
        yield from self._strays
        yield from self._routing.problems
        yield from self._chosen.problems
        for backend, (_, fault) in self._upstreams.items():
            if fault is not None:
                for ingress in self._users[backend]:
                    yield Problem(ingress, fault.reason, fault.message, fault.is_early)


def _same(old: Object, new: Object) -> bool:
    """Whether nothing changed that decides anything: spec, annotations, identity."""
    before, after = old["metadata"], new["metadata"]
    return old["spec"] == new["spec"] and all(
        before.get(name) == after.get(name) for name in ("uid", "annotations", "creationTimestamp")
    )


def _put(known: dict[str, _Value], key: str, new: _Value | None) -> None:
    if new is None:
        known.pop(key, None)
    else:
        known[key] = new
