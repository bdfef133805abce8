"""Operations: what can be done at which path, said once for both versions of OpenAPI.

Shape: ``operations(entry)`` yields every ``Operation`` of one kind in one group version, subresources included;
``about_version`` and ``about_group`` are those that tell what there is.  What all operations of a path take alike is
``shared``.
Source: Kubernetes docs, "Kubernetes API Concepts"; names and actions are those of upstream's documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fairway.apiserver.discovery import Entry, group_version
from fairway.apiserver.openapi.parameters import (
    DELETE,
    FORCE,
    LIST,
    NAMESPACE,
    OPTIONS,
    PRETTY,
    SELECTION,
    WATCH,
    WRITE,
    Parameter,
)  # fmt: skip
from fairway.kinds.kind import Subresource
from fairway.objects import patches, schema

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
STATUS, PATCH, DELETE_OPTIONS = f"{META}Status", f"{META}Patch", f"{META}DeleteOptions"
WATCH_EVENT, VERSION = f"{META}WatchEvent", "io.k8s.apimachinery.pkg.version.Info"
_CREATED = ("200", "201", "202")
STREAMS = ("attach", "exec", "portforward", "proxy")
"""Subresources that hand over the connection: nothing is said of what they send."""


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
    shared: tuple[Parameter, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    answer: str = ""
    codes: tuple[str, ...] = ("200",)
    """The codes of success; all have the same answer."""
    takes: tuple[str, ...] = ("*/*",)
    """Media types of its body."""
    tag: str = ""
    is_custom: bool = False
    """Whether it is one of a custom kind, which speaks neither protobuf nor of watching."""


OF_CUSTOM_KINDS = ("application/json", "application/yaml")
"""What custom kinds take and give."""


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


def root_of(group: str, version: str) -> str:
    """The path of a group version."""
    return f"/{'apis' if group else 'api'}/{group_version(group, version)}"


def operations(entry: Entry) -> Iterator[Operation]:
    """Everything that can be done with one kind in one group version."""
    kind = entry.kind
    root = root_of(entry.group, entry.version)
    inner = f"namespaces/{{namespace}}/{kind.plural}" if kind.namespaced else kind.plural
    outer = (NAMESPACE, PRETTY) if kind.namespaced else (PRETTY,)
    named = (Parameter("name", f"The name of the {kind.name}.", place="path"), *outer)
    yield from _collection(entry, f"{root}/{inner}", outer)
    if kind.namespaced and "list" in kind.verbs:
        everywhere = f"{_stem(entry, is_namespaced=False)}ForAllNamespaces"
        yield _operation(
            entry, f"{root}/{kind.plural}", "get", "list", f"list{everywhere}",
            f"list or watch objects of kind {kind.name}", WATCH, (), answer=_list_name(entry),
        )  # fmt: skip
    yield from _single(entry, f"{root}/{inner}/{{name}}", named)
    for below in kind.subresources:
        yield from _below(entry, below, f"{root}/{inner}/{{name}}/{below.name}", named)
    if "watch" in kind.verbs and kind.custom is None:
        yield from _watches(entry, root, inner, outer, named)


def title_of(group: str, version: str = "") -> str:
    """How a group, or a version of it, is written in an operation's name: ``CoreV1``, ``RbacAuthorizationV1``."""
    parts = (group.removesuffix(".k8s.io") or "core").split(".")
    return "".join(part[:1].upper() + part[1:] for part in (*parts, version))


def _stem(entry: Entry, *, is_namespaced: bool | None = None, prefix: str = "") -> str:
    """What follows the verb in an operation's name, ``CoreV1NamespacedService``; ``prefix`` stands behind V1."""
    namespaced = entry.kind.namespaced if is_namespaced is None else is_namespaced
    title = title_of(entry.group, entry.version)
    return f"{title}{prefix}{'Namespaced' if namespaced else ''}{entry.kind.name}"


def tag_of(group: str, version: str = "") -> str:
    """What operations of a group, or of a version of it, are filed under."""
    start = title_of(group)
    start = start[:1].lower() + start[1:]
    return f"{start}_{version}" if version else start


def _operation(
    entry: Entry, path: str, method: str, action: str, id_: str, description: str,
    shared: tuple[Parameter, ...], parameters: tuple[Parameter, ...], *, body: str = "", answer: str = "",
    codes: tuple[str, ...] = ("200",), of: tuple[str, str, str] | None = None,
) -> Operation:  # fmt: skip
    group, version, kind = of or (entry.group, entry.version, entry.kind.name)
    return Operation(
        path, method, action, id_, description, group, version, kind, shared, parameters, body, answer, codes,
        _patch_types(entry) if body == PATCH else _taken(entry), tag_of(entry.group, entry.version),
        entry.kind.custom is not None,
    )  # fmt: skip


def _taken(entry: Entry) -> tuple[str, ...]:
    return ("*/*",) if entry.kind.custom is None else OF_CUSTOM_KINDS


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
            outer, LIST, answer=_list_name(entry),
        )  # fmt: skip
    if "create" in kind.verbs:
        article = "an" if kind.name[0] in "AEIO" else "a"
        yield _operation(
            entry, path, "post", "post", f"create{stem}", f"create {article} {kind.name}",
            outer, WRITE, body=own, answer=own, codes=_CREATED,
        )  # fmt: skip
    if "deletecollection" in kind.verbs:
        yield _operation(
            entry, path, "delete", "deletecollection",
            f"delete{_stem(entry, prefix='Collection')}", f"delete collection of {kind.name}",
            outer, (*SELECTION, *DELETE), body=DELETE_OPTIONS, answer=STATUS,
        )  # fmt: skip


def _single(entry: Entry, path: str, outer: tuple[Parameter, ...]) -> Iterator[Operation]:
    kind, own, stem = entry.kind, _own_name(entry), _stem(entry)
    yield from _read_and_write(entry, path, kind.verbs, stem, f"the specified {kind.name}", own, outer)
    if "delete" in kind.verbs:
        yield _operation(
            entry, path, "delete", "delete", f"delete{stem}", f"delete the specified {kind.name}",
            outer, DELETE, body=DELETE_OPTIONS, answer=own if kind.delete_returns_object else STATUS,
            codes=("200", "202"),
        )  # fmt: skip


def _read_and_write(
    entry: Entry, path: str, verbs: tuple[str, ...], stem: str, what: str, shape: str, outer: tuple[Parameter, ...],
    of: tuple[str, str, str] | None = None, reading: tuple[Parameter, ...] = (),
) -> Iterator[Operation]:  # fmt: skip
    """get, update and patch, which objects and subresources have alike."""
    if "get" in verbs:
        yield _operation(entry, path, "get", "get", f"read{stem}", f"read {what}", outer, reading, answer=shape, of=of)
    if "update" in verbs:
        yield _operation(
            entry, path, "put", "put", f"replace{stem}", f"replace {what}",
            outer, WRITE, body=shape, answer=shape, codes=("200", "201"), of=of,
        )  # fmt: skip
    if "patch" in verbs:
        yield _operation(
            entry, path, "patch", "patch", f"patch{stem}", f"partially update {what}",
            outer, (*WRITE, FORCE), body=PATCH, answer=shape, codes=("200", "201"), of=of,
        )  # fmt: skip


def _watches(
    entry: Entry, root: str, inner: str, outer: tuple[Parameter, ...], named: tuple[Parameter, ...]
) -> Iterator[Operation]:
    """The old paths of watches, which clients know still."""
    stem, name = _stem(entry), entry.kind.name
    instead = "deprecated: use the parameter watch of a list"
    one, all_ = f"watch an object of kind {name}. {instead}", f"watch a list of objects of kind {name}. {instead}"
    found = [(inner, "watchlist", f"{stem}List", all_, outer), (f"{inner}/{{name}}", "watch", stem, one, named)]
    if entry.kind.namespaced:
        everywhere = f"{_stem(entry, is_namespaced=False)}ListForAllNamespaces"
        found.append((entry.kind.plural, "watchlist", everywhere, all_, ()))
    for below, action, id_, text, more in found:
        shared = (*WATCH[:-1], *(parameter for parameter in more if parameter is not PRETTY), WATCH[-1])
        path = f"{root}/watch/{below}"
        yield _operation(entry, path, "get", action, f"watch{id_}", text, shared, (), answer=WATCH_EVENT)


def _below(entry: Entry, below: Subresource, path: str, outer: tuple[Parameter, ...]) -> Iterator[Operation]:
    kind = entry.kind
    title = below.name[:1].upper() + below.name[1:]
    stem = f"{_stem(entry)}{title}"
    what = f"{below.name} of the specified {kind.name}"
    options = OPTIONS.get(below.name, ())
    if below.name in STREAMS:
        yield from _streams(entry, below, path, (*options, *outer), title)
        return
    of = (below.group, below.version, below.kind) if below.version else (entry.group, entry.version, kind.name)
    shape = "string" if below.name == "log" else definition_name(*of)
    yield from _read_and_write(entry, path, below.verbs, stem, what, shape, outer, of, options)
    if "create" in below.verbs:
        yield _operation(
            entry, path, "post", "post", f"create{stem}", f"create {what}",
            outer, WRITE, body=shape, answer=shape, codes=_CREATED, of=of,
        )  # fmt: skip


def _streams(
    entry: Entry, below: Subresource, path: str, outer: tuple[Parameter, ...], title: str
) -> Iterator[Operation]:  # fmt: skip
    methods = [_METHODS[verb] for verb in below.verbs]
    places = [(path, outer, title)]
    if below.name == "proxy":
        methods += ["head", "options"]
        rest = Parameter("path", "The path behind the object.", place="path")
        places.append((f"{path}/{{path}}", (rest, *outer), f"{title}WithPath"))
    for place, shared, name in places:
        for method in methods:
            yield _operation(
                entry, place, method, "connect", f"connect{_stem(entry, prefix=method.title())}{name}",
                f"connect {method.upper()} requests to {below.name} of {entry.kind.name}", shared, (), answer="string",
                of=(entry.group, entry.version, below.kind or entry.kind.name),
            )  # fmt: skip


def about_version(group: str, version: str) -> Operation:
    """The list of what a group version serves."""
    return _about(
        f"{root_of(group, version)}/", f"get{title_of(group, version)}APIResources", "get available resources",
        f"{META}APIResourceList", tag_of(group, version),
    )  # fmt: skip


def about_group(group: str) -> Operation:
    """What versions a group has; of the core group, which has no name, at a path of its own."""
    if not group:
        return _about("/api/", "getCoreAPIVersions", "get available API versions", f"{META}APIVersions", "core")
    id_ = f"get{title_of(group)}APIGroup"
    return _about(f"/apis/{group}/", id_, "get information of a group", f"{META}APIGroup", tag_of(group))


def about_server() -> tuple[Operation, ...]:
    """What belongs to no group: which groups there are, what is running, and how its tokens are checked."""
    return (
        _about("/apis/", "getAPIVersions", "get available API versions", f"{META}APIGroupList", "apis"),
        _about("/version/", "getCodeVersion", "get the version information for this server", VERSION, "version"),
        _about(
            "/.well-known/openid-configuration/", "getServiceAccountIssuerOpenIDConfiguration",
            "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'", "string",
            "WellKnown",
        ),
        _about(
            "/openid/v1/jwks/", "getServiceAccountIssuerOpenIDKeyset",
            "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)", "string",
            "openid",
        ),
    )  # fmt: skip


def _about(path: str, id_: str, description: str, answer: str, tag: str) -> Operation:
    return Operation(path, "get", "", id_, description, "", "", "", answer=answer, tag=tag)


_METHODS = {"create": "post", "get": "get", "update": "put", "patch": "patch", "delete": "delete"}
MEANINGS = {"200": "OK", "201": "Created", "202": "Accepted", "401": "Unauthorized"}
"""What the codes of answers mean."""
PATCH_TYPES = (*patches.CONTENT_TYPES, patches.APPLY_PATCH)
"""The media types of a patch's body."""
