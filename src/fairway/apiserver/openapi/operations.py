"""Operations: what can be done at which path, said once for both versions of OpenAPI.

Shape: ``operations(entry)`` yields every ``Operation`` of one kind in one group version, subresources included.
Source: Kubernetes docs, "Kubernetes API Concepts"; names and actions are those of upstream's documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fairway.apiserver.discovery import Entry, group_version
from fairway.kinds.kind import Subresource
from fairway.objects import patches, schema

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
STATUS, PATCH, DELETE_OPTIONS = f"{META}Status", f"{META}Patch", f"{META}DeleteOptions"
STREAMS = ("attach", "exec", "portforward", "proxy")
"""Subresources that hand over the connection: nothing is said of what they send."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query or path."""

    name: str
    description: str
    type: str = "string"
    place: str = "query"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path.  ``body`` and ``answer`` name definitions; ``answer`` may be plain ``string``."""

    path: str
    method: str
    action: str
    id: str
    description: str
    group: str
    version: str
    kind: str
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    answer: str = ""
    status: int = 200
    takes: tuple[str, ...] = ("*/*",)
    """Media types of its body."""


NAME = Parameter("name", "The name of the object.", place="path")
NAMESPACE = Parameter("namespace", "The namespace of the object.", place="path")
PRETTY = Parameter("pretty", "If 'true', the answer is indented for human readers.")
_DRY_RUN = Parameter("dryRun", "Check and answer, but store nothing. The only value is All.")
_WRITE = (
    _DRY_RUN,
    Parameter("fieldManager", "The name of the actor that is making these changes, at most 128 characters."),
    Parameter("fieldValidation", "What becomes of unknown and duplicate fields: Ignore, Warn or Strict."),
)
_FORCE = Parameter("force", "Take over fields that others manage; for apply only.", "boolean")
_SELECTION = (
    Parameter("continue", "The token of the page before, to get the next one."),
    Parameter("fieldSelector", "Restricts the list of returned objects by their fields. Everything by default."),
    Parameter("labelSelector", "Restricts the list of returned objects by their labels. Everything by default."),
    Parameter("limit", "The most objects that one answer may hold; the rest is had with continue.", "integer"),
    Parameter("resourceVersion", "How new the answer must be at least."),
    Parameter("resourceVersionMatch", "How resourceVersion is understood: NotOlderThan or Exact."),
    Parameter("sendInitialEvents", "Let a watch begin with the objects that there are.", "boolean"),
    Parameter("timeoutSeconds", "Ends the call after this time.", "integer"),
)
_LIST = (
    Parameter("allowWatchBookmarks", "Let a watch say from time to time how far it is.", "boolean"),
    *_SELECTION,
    Parameter("watch", "Watch for changes to the described resources, as a stream of events.", "boolean"),
)
_DELETE = (
    _DRY_RUN,
    Parameter("gracePeriodSeconds", "How long the object may take to stop; zero is at once.", "integer"),
    Parameter("orphanDependents", "Deprecated: use propagationPolicy.", "boolean"),
    Parameter("propagationPolicy", "What becomes of dependents: Orphan, Background or Foreground."),
)


def definition_name(group: str, version: str, kind: str) -> str:
    """The name of a kind's definition; made up for an older version and for a kind that is not built in."""
    served = group_version(group, version)
    found = schema.definition_of(served, kind)
    if found is None:
        return ".".join((*reversed(group.split(".")), version, kind))
    return found.name if schema.original_version(served) == served else older_name(group, version, kind)


def older_name(group: str, version: str, kind: str) -> str:
    """What a definition of apps/v1 is called in an older group version."""
    return f"io.k8s.api.{group}.{version}.{kind}"


def operations(entry: Entry) -> Iterator[Operation]:
    """Everything that can be done with one kind in one group version."""
    kind = entry.kind
    root = f"/{'apis' if entry.group else 'api'}/{group_version(entry.group, entry.version)}"
    collection = f"{root}/namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"
    outer = (NAMESPACE, PRETTY) if kind.namespaced else (PRETTY,)
    yield from _collection(entry, collection, outer)
    if kind.namespaced and "list" in kind.verbs:
        everywhere = f"{_stem(entry, is_namespaced=False)}ForAllNamespaces"
        yield _operation(
            entry, f"{root}/{kind.plural}", "get", "list", f"list{everywhere}",
            f"list or watch objects of kind {kind.name}", (*_LIST, PRETTY), answer=_list_name(entry),
        )  # fmt: skip
    yield from _single(entry, f"{collection}/{{name}}", (NAME, *outer))
    for below in kind.subresources:
        yield from _below(entry, below, f"{collection}/{{name}}/{below.name}", (NAME, *outer))


def _stem(entry: Entry, *, is_namespaced: bool | None = None, prefix: str = "") -> str:
    """What follows the verb in an operation's name, ``CoreV1NamespacedService``; ``prefix`` stands behind V1."""
    group = entry.group.removesuffix(".k8s.io") or "core"
    title = "".join(part[:1].upper() + part[1:] for part in group.split("."))
    version = entry.version[:1].upper() + entry.version[1:]
    namespaced = entry.kind.namespaced if is_namespaced is None else is_namespaced
    return f"{title}{version}{prefix}{'Namespaced' if namespaced else ''}{entry.kind.name}"


def _operation(
    entry: Entry, path: str, method: str, action: str, id_: str, description: str,
    parameters: tuple[Parameter, ...], *, body: str = "", answer: str = "", status: int = 200,
    of: tuple[str, str, str] | None = None,
) -> Operation:  # fmt: skip
    group, version, kind = of or (entry.group, entry.version, entry.kind.name)
    return Operation(
        path, method, action, id_, description, group, version, kind, parameters, body, answer, status,
        _patch_types(entry) if body == PATCH else ("*/*",),
    )  # fmt: skip


def _patch_types(entry: Entry) -> tuple[str, ...]:
    """Objects of custom kinds cannot be merged strategically, and clients look here for that."""
    return PATCH_TYPES if entry.kind.custom is None else (patches.JSON_PATCH, patches.MERGE_PATCH, patches.APPLY_PATCH)


def _own_name(entry: Entry) -> str:
    return definition_name(entry.group, entry.version, entry.kind.name)


def _list_name(entry: Entry) -> str:
    return definition_name(entry.group, entry.version, entry.kind.list_name)


def _collection(entry: Entry, path: str, outer: tuple[Parameter, ...]) -> Iterator[Operation]:
    kind, own, stem = entry.kind, _own_name(entry), _stem(entry)
    if "list" in kind.verbs:
        yield _operation(
            entry, path, "get", "list", f"list{stem}", f"list or watch objects of kind {kind.name}",
            (*_LIST, *outer), answer=_list_name(entry),
        )  # fmt: skip
    if "create" in kind.verbs:
        article = "an" if kind.name[0] in "AEIO" else "a"
        yield _operation(
            entry, path, "post", "post", f"create{stem}", f"create {article} {kind.name}",
            (*_WRITE, *outer), body=own, answer=own, status=201,
        )  # fmt: skip
    if "deletecollection" in kind.verbs:
        yield _operation(
            entry, path, "delete", "deletecollection",
            f"delete{_stem(entry, prefix='Collection')}", f"delete collection of {kind.name}",
            (*_SELECTION, *_DELETE, *outer), body=DELETE_OPTIONS, answer=STATUS,
        )  # fmt: skip


def _single(entry: Entry, path: str, outer: tuple[Parameter, ...]) -> Iterator[Operation]:
    kind, own, stem = entry.kind, _own_name(entry), _stem(entry)
    yield from _read_and_write(entry, path, kind.verbs, stem, f"the specified {kind.name}", own, outer)
    if "delete" in kind.verbs:
        yield _operation(
            entry, path, "delete", "delete", f"delete{stem}", f"delete the specified {kind.name}",
            (*_DELETE, *outer), body=DELETE_OPTIONS, answer=own if kind.delete_returns_object else STATUS,
        )  # fmt: skip


def _read_and_write(
    entry: Entry, path: str, verbs: tuple[str, ...], stem: str, what: str, shape: str, outer: tuple[Parameter, ...],
    of: tuple[str, str, str] | None = None,
) -> Iterator[Operation]:  # fmt: skip
    """get, update and patch, which objects and subresources have alike."""
    if "get" in verbs:
        yield _operation(entry, path, "get", "get", f"read{stem}", f"read {what}", outer, answer=shape, of=of)
    if "update" in verbs:
        yield _operation(
            entry, path, "put", "put", f"replace{stem}", f"replace {what}",
            (*_WRITE, *outer), body=shape, answer=shape, of=of,
        )  # fmt: skip
    if "patch" in verbs:
        yield _operation(
            entry, path, "patch", "patch", f"patch{stem}", f"partially update {what}",
            (*_WRITE, _FORCE, *outer), body=PATCH, answer=shape, of=of,
        )  # fmt: skip


def _below(entry: Entry, below: Subresource, path: str, outer: tuple[Parameter, ...]) -> Iterator[Operation]:
    kind = entry.kind
    title = below.name[:1].upper() + below.name[1:]
    stem = f"{_stem(entry)}{title}"
    what = f"{below.name} of the specified {kind.name}"
    if below.name in STREAMS:
        yield from _streams(entry, below, path, outer, title)
        return
    outer = (*_OF_WHY, *outer) if below.name == "why" else outer
    of = (below.group, below.version, below.kind) if below.version else (entry.group, entry.version, kind.name)
    shape = "string" if below.name == "log" else definition_name(*of)
    yield from _read_and_write(entry, path, below.verbs, stem, what, shape, outer, of)
    if "create" in below.verbs:
        yield _operation(
            entry, path, "post", "post", f"create{stem}", f"create {what}",
            (*_WRITE, *outer), body=shape, answer=shape, status=201, of=of,
        )  # fmt: skip


_OF_WHY = (
    Parameter("from", "Who calls: pod/NAME, NAMESPACE/pod/NAME, node/NAME, outside, or an IP address outside."),
    Parameter("port", "The port that is called, by number or name. All ports of the Service by default."),
    Parameter("address", "Of a namespace: what is asked about, as a caller in it types it, such as http://web:80/."),
    Parameter("protocol", "The protocol of that port: TCP, UDP or SCTP. Any by default."),
)

_METHODS = {"create": "post", "get": "get", "update": "put", "patch": "patch", "delete": "delete"}


def _streams(
    entry: Entry, below: Subresource, path: str, outer: tuple[Parameter, ...], title: str
) -> Iterator[Operation]:  # fmt: skip
    for verb in below.verbs:
        method = _METHODS[verb]
        stem = _stem(entry, prefix=method.title())
        yield _operation(
            entry, path, method, "connect", f"connect{stem}{title}",
            f"connect {method.upper()} requests to {below.name} of {entry.kind.name}", outer, answer="string",
            of=(entry.group, entry.version, below.kind or entry.kind.name),
        )  # fmt: skip


PATCH_TYPES = (*patches.CONTENT_TYPES, patches.APPLY_PATCH)
"""The media types of a patch's body."""
