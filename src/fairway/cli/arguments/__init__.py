"""Arguments: which objects the words and flags of a command mean.

Shape: a command adds ``FILE_FLAGS`` and ``SELECTOR_FLAGS`` to its own; ``requests(call)`` gives what is asked for,
unresolved (a list of a type is one ``Request``); ``targets(call)`` gives one ``Target`` an object: by name, from
manifests, or from lists that the selector or ``--all`` names, which are asked of the server.  Words: ``TYPE``, ``TYPE
NAME ...``, ``TYPE/NAME ...``, ``TYPE1,TYPE2``.  Raises: ``Failure``, in kubectl's words.
Source: what kubectl does with its arguments.
"""

from fairway.cli.arguments.target import Request, Target
from fairway.cli.failure import Failure, Failures
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from fairway.cli.arguments.manifests import Check
    from fairway.cli.call import Call
    from fairway.cli.failure import Gathered
    from fairway.cli.resources import Resource

__all__ = [
    "FILE_FLAGS",
    "SELECTOR_FLAGS",
    "Request",
    "Target",
    "fetched",
    "objects_of_files",
    "requests",
    "selection",
    "targets",
]

FILE_FLAGS = (
    Flag("filename", "f", "strings", "file, folder or URL of manifests, - for standard input"),
    Flag("kustomize", "k", help="a kustomization folder, read by the program kustomize or kubectl"),
    Flag("recursive", "R", "bool", "with -f: folders and all that is below them"),
)
SELECTOR_FLAGS = (
    Flag("selector", "l", help="only objects with these labels (key1=value1,key2!=value2,key in (a,b))"),
    Flag("field-selector", help="only objects with these fields (metadata.name=web)"),
    Flag("all-namespaces", "A", "bool", "in all namespaces, whatever the context says"),
)
ALL_FLAG = Flag("all", type="bool", help="all objects of the type in the namespace")

NOTHING = (
    "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n"
    "   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'"
)
NO_TYPE_TO_SELECT = "at least one resource must be specified to use a selector"
ALL_AND_SELECTOR = "setting 'all' parameter but found a non empty selector. "
NOT_BESIDE_FILES = "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well"
_SEPARATE = (
    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
    "(e.g. '{program} get resource/<resource_name>' instead of '{program} get resource resource/<resource_name>'"
)


def requests(
    call: "Call",
    words: "Sequence[str] | None" = None,
    *,
    lists: bool = True,
    default_type: str = "",
    has_picks: bool = True,
    failures: "list[Exception] | None" = None,
) -> "list[Request]":
    """What is asked for, in its order.

    ``lists``: a type without names, selector or ``--all`` means all of it (``get``), else it is refused (``delete``).
    ``default_type``: the type of words without one (``pod`` for ``logs`` and ``exec``).
    ``failures``: what is wrong with manifests is put there, and the others follow.
    ``has_picks``: ``--selector`` and its like pick objects (with ``expose`` they do not).
    """
    words = list(call.words if words is None else words)
    flags = call.flags
    if _has_files(call):
        _check_alone(call, words)
        return [
            Request(t.resource, t.namespace, t.name, object=t.object, source=t.source, is_of_list=t.is_of_list)
            for t in from_files(call, failures=failures, has_picks=has_picks)
        ]
    picks = _Picks(flags if has_picks else None, is_all=getattr(flags, "all", False) and not lists)
    if not words:
        raise Failure(NO_TYPE_TO_SELECT if picks.selector or picks.fields else NOTHING)
    if picks.is_all and (picks.selector or picks.fields):
        raise Failure(ALL_AND_SELECTOR)
    if default_type and len(words) == 1 and "/" not in words[0] and "," not in words[0]:
        words = [default_type, *words]
    pairs = _pairs(words)
    if pairs is None:
        return _of_types(call, words, picks, lists=lists)
    if picks.are_any:
        raise Failure("selectors and the all flag cannot be used when passing resource/name arguments")
    return [_named(call, call.session.resources.find(type), name) for type, name in pairs]


def _has_files(call: "Call") -> bool:
    return bool(getattr(call.flags, "filename", None) or getattr(call.flags, "kustomize", ""))


def _check_alone(call: "Call", words: "Sequence[str]") -> None:
    """Raises: ``Failure`` for words beside files, of which those that are missing are told first."""
    if words:
        from fairway.cli.arguments.manifests import check_paths

        check_paths(call.flags.filename)
        raise Failure(NOT_BESIDE_FILES)


class _Picks:
    """What the flags pick of a list."""

    def __init__(self, flags: "Any", *, is_all: bool) -> None:
        self.selector: str = getattr(flags, "selector", "")
        self.fields: str = getattr(flags, "field_selector", "")
        self.is_all = is_all

    @property
    def are_any(self) -> bool:
        """Whether they pick at all."""
        return bool(self.selector or self.fields or self.is_all)


def _of_types(call: "Call", words: "Sequence[str]", picks: _Picks, *, lists: bool) -> "list[Request]":
    """``TYPE1,TYPE2`` and perhaps names."""
    names = words[1:]
    if names and (picks.selector or picks.is_all or (picks.fields and not lists)):
        raise Failure("name cannot be provided when a selector is specified")
    resources = _types(call, words[0])
    if names:
        return [_named(call, resource, name) for resource in resources for name in names]
    if not (lists or picks.are_any):
        raise Failure("resource(s) were provided, but no name was specified")
    return [Request(each, _namespace(call, each), selector=picks.selector, fields=picks.fields) for each in resources]


def targets(
    call: "Call",
    words: "Sequence[str] | None" = None,
    *,
    default_type: str = "",
    lists: bool = False,
    has_picks: bool = True,
    failures: "list[Exception] | None" = None,
    is_grouped: bool = False,
) -> "Iterator[Target]":
    """One target an object; lists are asked of the server (and bring the objects).

    Targets by name have no ``object`` until ``target.fetch(api)``.  With ``failures``, what goes wrong with one file or
    list is put there, and the others follow; without, it is raised.  ``is_grouped``: see ``from_files``.
    """
    from fairway.client.blocking import ApiError

    if _has_files(call):
        _check_alone(call, call.words if words is None else words)
        yield from from_files(call, failures=failures, is_grouped=is_grouped, has_picks=has_picks)
        return

    for request in requests(call, words, lists=lists, default_type=default_type, has_picks=has_picks):
        if not request.is_list:
            yield Target(request.resource, request.namespace, request.name, request.object, request.source)
            continue
        try:
            found = request.listed(call.session.api)
        except ApiError as error:
            failed = request.failed(error)
            if failures is None:
                raise failed from None
            failures.append(failed)
            continue
        for item in found:
            item.setdefault("apiVersion", request.resource.api_version)
            item.setdefault("kind", request.resource.kind)
            meta = item["metadata"]
            yield Target(request.resource, meta.get("namespace") or "", meta["name"], item)


def fetched(
    call: "Call", failures: "Gathered", words: "Sequence[str] | None" = None, *, lists: bool = False
) -> "list[Target]":
    """The targets that are there, with their objects; why others are not is put into ``failures``."""
    found = []
    for target in targets(call, words, lists=lists, failures=failures):
        with failures:
            target.fetch(call.session.api)
            found.append(target)
    return found


def objects_of_files(
    call: "Call", *, problems: "list[Exception] | None" = None, check: "Check | None" = None
) -> "Iterator[tuple[dict[str, Any], str, bool]]":
    """The objects of ``-f`` and ``-k`` as they are written; see ``manifests.objects``."""
    from fairway.cli.arguments.manifests import objects

    flags = call.flags
    return objects(flags.filename, flags.kustomize, is_recursive=flags.recursive, problems=problems, check=check)


class NamespaceMismatch(Failure):
    """A manifest names another namespace than the command line does; ``target`` is where the manifest says."""

    def __init__(self, text: str, target: Target) -> None:
        super().__init__(text)
        self.target = target


def from_files(
    call: "Call",
    *,
    failures: "list[Exception] | None" = None,
    is_grouped: bool = False,
    check: "Check | None" = None,
    has_picks: bool = False,
) -> "Iterator[Target]":
    """The objects of ``-f`` and ``-k`` as targets in their namespaces; the resource of each is looked up.

    With ``failures``, what is wrong with one is put there and the next follows: at once, which commands do that look
    at the live objects, or with ``is_grouped`` all together as the last, as those do that send what is written.
    """
    problems = list[Exception]() if is_grouped and failures is not None else failures
    selects = selection(call) if has_picks else None
    for found, source, is_of_list in objects_of_files(call, problems=problems, check=check):
        if selects is not None and not selects((found.get("metadata") or {}).get("labels")):
            continue
        try:
            target = target_of(call, found, source, is_of_list=is_of_list)
        except NamespaceMismatch as error:
            if failures is None:
                raise
            failures.append(error if is_grouped else _looked_up(call, error))
            continue
        except Failure as error:
            if problems is None:
                raise
            problems.append(error)
            continue
        yield target
    if is_grouped and failures is not None and problems:
        failures.append(Failures(problems))


def selection(call: "Call") -> "Any":
    """Whether ``--selector`` picks an object with such labels, a function of them; ``None`` if it is not given."""
    selector = getattr(call.flags, "selector", "")
    if not selector:
        return None
    from fairway.objects.errors import StatusError
    from fairway.objects.labels import parse

    try:
        return parse(selector).matches
    except StatusError as error:
        raise Failure(f'the provided selector "{selector}" is not valid: {error}') from None


def _looked_up(call: "Call", error: NamespaceMismatch) -> Exception:
    """Who asks for live objects learns first that there is none."""
    from fairway.client.blocking import ApiError

    try:
        error.target.fetch(call.session.api)
    except ApiError as missing:
        return missing
    return error


def target_of(call: "Call", found: "dict[str, Any]", source: str, *, is_of_list: bool = False) -> Target:
    """A manifest's object as a target; its namespace is put into it.  Raises: ``Failure``."""
    resource = _resource_of(call, found, source, is_of_list=is_of_list)
    meta = found.get("metadata") or {}
    found["metadata"] = meta
    namespace = ""
    if resource.is_namespaced:
        namespace = meta.get("namespace") or call.session.namespace
        meta["namespace"] = namespace
    target = Target(resource, namespace, str(meta.get("name") or ""), found, source)
    target.is_of_list = is_of_list
    if namespace and call.session.is_namespace_given and namespace != call.session.namespace:
        raise NamespaceMismatch(
            f'the namespace from the provided object "{namespace}" does not match the namespace '
            f"\"{call.session.namespace}\". You must pass '--namespace={namespace}' to perform this operation.",
            target,
        )
    return target


def _resource_of(call: "Call", found: "dict[str, Any]", source: str, *, is_of_list: bool) -> "Resource":
    api_version, kind = str(found.get("apiVersion") or ""), str(found.get("kind") or "")
    resources, meta = call.session.resources, found.get("metadata") or {}
    try:
        if api_version:
            return resources.of_kind(api_version, kind)
        return _without_version(resources.of_kind("v1", kind))
    except Failure as error:
        said = str(error) if api_version else f'no matches for kind "{kind}" in version ""'
    if is_of_list:
        raise Failure(f"unable to recognize {said}", is_bare=True) from None
    raise Failure(
        f'resource mapping not found for name: "{meta.get("name", "")}" namespace: "{meta.get("namespace", "")}" '
        f'from "{source}": {said}\nensure CRDs are installed first'
    ) from None


def _without_version(resource: "Resource") -> "Resource":
    """A kind that is known, of a version that is not: the server will say that it has no such place."""
    from fairway.cli.resources import Resource

    return Resource("", "", resource.plural, resource.kind, resource.is_namespaced)


def _pairs(words: "Sequence[str]") -> "list[tuple[str, str]] | None":
    """``TYPE/NAME ...`` as pairs; ``None`` where no word has a slash.  Pure."""
    with_slash = [word for word in words if "/" in word]
    if not with_slash:
        return None
    pairs = []
    if len(with_slash) != len(words) and not (len(words) > 1 and "," in words[0]):
        from fairway.cli.failure import PROGRAM

        raise Failure(_SEPARATE.format(program=PROGRAM))
    for word in words:
        parts = word.split("/")
        if len(parts) != 2:
            raise Failure("arguments in resource/name form may not have more than one slash")
        if not parts[0] or not parts[1] or len(parts[0].split(",")) != 1:
            raise Failure("arguments in resource/name form must have a single resource and name")
        pairs.append((parts[0], parts[1]))
    return pairs


def _types(call: "Call", word: str) -> "list[Resource]":
    parts = word.split(",")
    if len(parts) > 1 and not all(parts) and any(parts):
        raise Failure("arguments in resource/name form must have a single resource and name")
    found: dict[Resource, None] = {}
    for part in parts:
        expanded = call.session.resources.expand(part) if part == "all" else []
        for resource in expanded or [call.session.resources.find(part)]:
            found.setdefault(resource)
    return list(found)


def _namespace(call: "Call", resource: "Resource") -> str:
    if not resource.is_namespaced or getattr(call.flags, "all_namespaces", False):
        return ""
    return call.session.namespace


def _named(call: "Call", resource: "Resource", name: str) -> Request:
    if not name:
        raise Failure("resource name may not be empty")
    if resource.is_namespaced and getattr(call.flags, "all_namespaces", False):
        raise Failure("a resource cannot be retrieved by name across all namespaces")
    return Request(resource, _namespace(call, resource), name, fields=getattr(call.flags, "field_selector", ""))
