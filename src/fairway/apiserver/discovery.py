"""Discovery: which groups, versions and resources there are, for clients that ask before they speak.

Shape: ``Discovery(kinds).answer(request)`` gives a ``Response`` or ``None``; a document is made when first asked for,
and then kept as bytes.  ``replace(kinds)`` starts anew, for kinds that come at run time.
Rules for those who change it: clients and tests compare the bytes of a resource, so the order of its fields counts.
What is also served in an older group has no short names and no categories there: ``kubectl get all`` would list it
twice.
Source: Kubernetes docs, "The Kubernetes API", "Discovery API"; KEP-3352 (aggregated discovery).
"""

import base64
import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import orjson

from fairway.apiserver.negotiation import AS_IT_IS, PROTOBUF, YAML, accepted, check_routed, preferred
from fairway.kinds.group_priorities import group_rank, version_rank
from fairway.kinds.kind import Kind, Subresource
from fairway.objects import Object
from fairway.objects.errors import no_such_resource
from fairway.transport.interface import Request, Response

AGGREGATED_GROUP = "apidiscovery.k8s.io"
_AGGREGATED_VERSIONS = ("v2", "v2beta1")
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind in one of the group versions that it is served in."""

    kind: Kind
    group: str
    version: str

    @property
    def has_short_names(self) -> bool:
        """Whether this is the kind's own group, or one in which it is as well known."""
        return self.group == self.kind.group or any(
            also.is_twin for also in self.kind.also if (also.group, also.version) == (self.group, self.version)
        )


def group_version(group: str, version: str) -> str:
    """``v1`` for the core group, ``apps/v1`` for others."""
    return f"{group}/{version}" if group else version


def entries(kinds: Iterable[Kind], places: Iterable[tuple[str, str]] = ()) -> dict[str, dict[str, list[Entry]]]:
    """Group -> version -> what is served there; groups, versions and resources in the order of discovery.

    ``places`` are groups and versions that are told of though nothing may be served there.
    """
    found: dict[str, dict[str, list[Entry]]] = {}
    for group, version in places:
        found.setdefault(group, {})[version] = []
    for kind in kinds:
        for group, version in kind.served:
            found.setdefault(group, {}).setdefault(version, []).append(Entry(kind, group, version))
    return {
        group: {
            version: sorted(found[group][version], key=lambda entry: entry.kind.plural)
            for version in sorted(found[group], key=version_rank)
        }
        for group in sorted(found, key=group_rank)
    }


def storage_version_hash(kind: Kind) -> str:
    """Eight bytes that change when the form in which a kind is stored does."""
    stored = f"{kind.group}/{kind.version}/{kind.name}".encode()
    return base64.b64encode(hashlib.sha256(stored).digest()[:8]).decode()


def resource(entry: Entry) -> Object:
    """The APIResource of a kind, fields in upstream's order."""
    kind = entry.kind
    shown: Object = {
        "name": kind.plural, "singularName": kind.singular_name, "namespaced": kind.namespaced,
        "kind": kind.name, "verbs": list(kind.verbs),
    }  # fmt: skip
    if entry.has_short_names and kind.short_names:
        shown["shortNames"] = list(kind.short_names)
    if entry.has_short_names and kind.categories:
        shown["categories"] = list(kind.categories)
    if {"create", "get"} <= set(kind.verbs):  # What is worked out when somebody asks is not stored.
        shown["storageVersionHash"] = storage_version_hash(kind)
    return shown


def subresource(entry: Entry, below: Subresource) -> Object:
    """The APIResource of one subresource; group and version stand where they are not the parent's."""
    shown: Object = {
        "name": f"{entry.kind.plural}/{below.name}", "singularName": "", "namespaced": entry.kind.namespaced,
    }  # fmt: skip
    if below.version:
        shown |= {"group": below.group, "version": below.version} if below.group else {"version": below.version}
    return shown | {"kind": below.kind or entry.kind.name, "verbs": list(below.verbs)}


def resource_list(served: str, found: Sequence[Entry]) -> Object:
    """The APIResourceList of one group version."""
    resources = []
    for entry in found:
        resources.append(resource(entry))
        resources.extend(subresource(entry, below) for below in _subresources(entry))
    # That of the core group does not say of which version it is, for the oldest clients.
    about = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if "/" in served else {})
    return about | {"groupVersion": served, "resources": resources}


def _subresources(entry: Entry) -> list[Subresource]:
    """By name; of custom kinds as upstream adds them, the status first."""
    if entry.kind.custom is not None:
        return list(entry.kind.subresources)
    return sorted(entry.kind.subresources, key=lambda below: below.name)


def api_group(group: str, versions: Iterable[str], *, is_item: bool = False) -> Object:
    """The APIGroup of one group; as an item of the list of groups it does not say what it is."""
    found = [{"groupVersion": group_version(group, version), "version": version} for version in versions]
    about: Object = {} if is_item else {"kind": "APIGroup", "apiVersion": "v1"}
    return about | {"name": group, "versions": found, "preferredVersion": found[0]}


def aggregated(
    found: dict[str, dict[str, list[Entry]]], version: str, stale: Container[tuple[str, str]] = ()
) -> Object:
    """All of some groups in one document, an APIGroupDiscoveryList of ``version``; those that are ``stale`` say so."""
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [
                {
                    "version": served,
                    "resources": [_aggregated_resource(entry) for entry in below],
                    "freshness": "Stale" if (group, served) in stale else "Current",
                }
                for served, below in versions.items()
            ],
        }
        for group, versions in found.items()
    ]
    return {
        "kind": "APIGroupDiscoveryList", "apiVersion": f"{AGGREGATED_GROUP}/{version}", "metadata": {}, "items": items,
    }  # fmt: skip


def _aggregated_resource(entry: Entry) -> Object:
    kind = entry.kind
    shown: Object = {
        "resource": kind.plural,
        "responseKind": {"group": entry.group, "version": entry.version, "kind": kind.name},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular_name,
        "verbs": list(kind.verbs),
    }
    if entry.has_short_names and kind.short_names:
        shown["shortNames"] = list(kind.short_names)
    if entry.has_short_names and kind.categories:
        shown["categories"] = list(kind.categories)
    if kind.subresources:
        shown["subresources"] = [
            {
                "subresource": below.name,
                "responseKind": {
                    "group": below.group if below.version else entry.group,
                    "version": below.version or entry.version,
                    "kind": below.kind or kind.name,
                },
                "verbs": list(below.verbs),
            }
            for below in _subresources(entry)
        ]
    return shown


def aggregated_version(accept: str) -> str:
    """The version of the aggregated form that ``Accept`` wants more than plain JSON, or empty."""
    for media, parameters in preferred(accept):
        if media == _JSON and not parameters.keys() & {"as", "g"}:
            return ""
        if (
            media in (_JSON, "*/*")
            and parameters.get("g") == AGGREGATED_GROUP
            and parameters.get("as") == "APIGroupDiscoveryList"
            and parameters.get("v") in _AGGREGATED_VERSIONS
        ):
            return parameters["v"]
    return ""


def etag_of(body: bytes) -> str:
    """The ETag of a document, quotation marks included."""
    return f'"{hashlib.sha512(body).hexdigest().upper()}"'


class Discovery:
    """The documents of a set of kinds.  ``server_address`` (host:port) is what ``/api`` tells clients to use."""

    def __init__(self, kinds: Iterable[Kind], server_address: str = "") -> None:
        self._server_address = server_address
        self._documents: dict[tuple[str, str], tuple[bytes, str]] = {}
        self._own = tuple(kinds)
        self._others: Mapping[tuple[str, str], Sequence[Kind]] = {}
        self._stale: Container[tuple[str, str]] = ()
        self._entries = entries(self._own)

    def replace(self, kinds: Iterable[Kind]) -> None:
        """From now on serve ``kinds``."""
        self._own = tuple(kinds)
        self._begin()

    def aggregate(
        self, others: Mapping[tuple[str, str], Sequence[Kind]], stale: Container[tuple[str, str]] = ()
    ) -> None:
        """From now on tell also of the groups and versions that ``others`` answer for.

        Who does not answer now is ``stale``: what there is of him is what he said last.
        """
        self._others, self._stale = others, stale
        self._begin()

    def _begin(self) -> None:
        self._documents.clear()
        own = (kind for kind in self._own if (kind.group, kind.version) not in self._others)
        self._entries = entries((*own, *chain.from_iterable(self._others.values())), self._others)

    def answer(self, request: Request) -> Response | None:
        """The document that is asked for, or ``None`` if it is none of discovery's.

        Raises: ``StatusError`` 404 below a group that is served; upstream's mux answers for other groups.
        """
        path = request.path.rstrip("/")
        if path != "/api" and path != "/apis" and not path.startswith(("/api/", "/apis/")):
            return None
        version = aggregated_version(request.headers.get("accept", "")) if path in ("/api", "/apis") else ""
        kept = self._documents.get((path, version))
        if kept is None:
            document = aggregated(self._part(path), version, self._stale) if version else self._document(path)
            if document is None:
                return None
            body = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
            kept = self._documents[path, version] = (body, etag_of(body) if version else "")
        return _answered(request, *kept, version)

    def paths(self) -> Iterator[str]:
        """All that it answers, but for what lies below a group's version."""
        yield from ("/api", "/apis")
        for group, versions in self._entries.items():
            if group:
                yield f"/apis/{group}"
            yield from (f"/apis/{group}/{version}" if group else f"/api/{version}" for version in versions)

    def _part(self, path: str) -> dict[str, dict[str, list[Entry]]]:
        is_core = path == "/api"
        return {group: versions for group, versions in self._entries.items() if (group == "") is is_core}

    def _document(self, path: str) -> Object | None:
        """The plain form of one path."""
        match path.split("/")[1:]:
            case ["api"]:
                return self._versions()
            case ["apis"]:
                groups = [api_group(group, found, is_item=True) for group, found in self._part(path).items()]
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
            case ["apis", group] if group in self._entries and group:
                return api_group(group, self._entries[group])
            case ["api", version, *rest]:
                return self._resources("", version, rest)
            case ["apis", group, version, *rest] if group:
                return self._resources(group, version, rest)
        return None

    def _resources(self, group: str, version: str, rest: list[str]) -> Object | None:
        found = self._entries.get(group, {})
        if version in found and not rest:
            return resource_list(group_version(group, version), found[version])
        if (group and found) or version in found:
            raise no_such_resource()
        return None

    def _versions(self) -> Object:
        address = {"clientCIDR": "0.0.0.0/0", "serverAddress": self._server_address}
        return {
            "kind": "APIVersions",
            "versions": list(self._entries.get("", ())),
            "serverAddressByClientCIDRs": [address],
        }


def _answered(request: Request, body: bytes, etag: str, version: str) -> Response:
    if not version:
        return _in_form(request, body)
    headers = [("ETag", etag), ("Vary", "Accept"), ("Cache-Control", "public")]
    content_type = f"{_JSON};g={AGGREGATED_GROUP};v={version};as=APIGroupDiscoveryList"
    if request.headers.get("if-none-match") == etag:
        return Response(304, b"", content_type, headers)
    return Response(200, body, content_type, headers)


_ROUTED_FROM = 2
"""/apis and the groups below it are served by another part of upstream than what is below them."""


def _in_form(request: Request, body: bytes) -> Response:
    """A plain document, in YAML or protobuf if that is asked for.  Raises: ``StatusError`` 406."""
    accept, parts = request.headers.get("accept", ""), request.path.strip("/").split("/")
    if parts[0] == "api" or len(parts) > _ROUTED_FROM:
        check_routed(accept)
    form = accepted(accept, shapes=AS_IT_IS)
    if form.media == YAML:
        from fairway.apiserver import yaml_text  # few ask for it

        return Response(200, yaml_text.dump(orjson.loads(body)), YAML)
    if form.media == PROTOBUF:
        from fairway.apiserver import protobuf

        found = orjson.loads(body)
        head, tail = protobuf.ends(found.get("apiVersion", ""), found["kind"])
        return Response(200, b"".join((head, protobuf.content(f"meta.v1.{found['kind']}", body), tail)), PROTOBUF)
    return Response(200, body)
