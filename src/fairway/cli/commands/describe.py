"""Show all about objects: their fields, what belongs to them, their events.

fairway describe svc kubia                 one Service, with the endpoints of each port
fairway describe pods                      all pods of the namespace
fairway describe pod kubia                 all pods whose names begin like that, if none is called so
fairway describe svc,endpoints kubia       two kinds
fairway describe -f svc.yaml               what the manifest names
"""

import sys
import time

from fairway.cli.arguments import FILE_FLAGS, SELECTOR_FLAGS, Request, Target, from_files, requests
from fairway.cli.arguments.asking import listed
from fairway.cli.failure import PROGRAM, Failure, raise_all
from fairway.cli.flags import Flag
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.resources import Resource

USAGE = "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)"
FLAGS = (
    *FILE_FLAGS,
    *(flag for flag in SELECTOR_FLAGS if flag.name != "field-selector"),
    Flag("chunk-size", type="int", default=500, help="how many objects are asked for at a time; 0 for all at once"),
    Flag("show-events", type="bool", default=True, help="the events of the object, too"),
)
HAD_BETA = (
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "IngressClass"),
    ("discovery.k8s.io", "EndpointSlice"),
)
"""Kinds that older servers have as v1beta1 only, which is asked for where v1 fails."""
NO_TYPE = (
    f'You must specify the type of resource to describe. Use "{PROGRAM} api-resources" for a complete list of '
    "supported resources."
)


def run(call: "Call") -> int:
    """Ask for each object and what stands around it, and print."""
    flags = call.flags
    if not (call.words or flags.filename or flags.kustomize):
        raise Failure(NO_TYPE)
    found, failures = _asked(call)
    if len(call.words) == 2 and len(failures) == 1 and getattr(failures[0], "is_not_found", False):
        return _of_prefix(call, *call.words, failure=failures[0])
    failures += _print(call, found, has_events=_has_events(call, len(found) + len(failures)))
    if not found and not failures:
        where = "" if flags.all_namespaces else f" in {call.session.namespace} namespace."
        print(f"No resources found{where}", file=sys.stderr)
    raise_all(failures)
    return 0


def _asked(call: "Call") -> "tuple[list[tuple[Request, Any]], list[Exception]]":
    """What is there of what is asked for, and what is not."""
    found: list[tuple[Request, Any]] = []
    failures: list[Exception] = []
    for request in requests(call) if call.words else _of_files(call, failures):
        try:
            found += [(request, each) for each in _found(call, request)]
        except ApiError as error:
            failures.append(request.failed(error))
    return found, failures


def _of_files(call: "Call", failures: list[Exception]) -> "Iterator[Request]":
    for target in from_files(call, failures=failures, is_grouped=True):
        yield Request(target.resource, target.namespace, target.name, object=target.object, source=target.source)


def _found(call: "Call", request: Request) -> "Iterable[Any]":
    if request.is_list:
        return listed(call.session.api, request.path, request.query, call.flags.chunk_size)
    if request.object is not None:
        return [request.object]
    return [Target(request.resource, request.namespace, request.name).fetch(call.session.api)]


def _print(call: "Call", found: list[tuple[Request, "Any"]], *, has_events: bool) -> list[ApiError]:
    """Describe one after another, two lines apart; what went wrong, each only once."""
    failures: dict[str, ApiError] = {}
    is_first = True
    for request, each in found:
        try:
            text = _text(call, request, each, has_events=has_events)
        except ApiError as error:
            failures.setdefault(str(error), error)
            continue
        sys.stdout.write(text if is_first else f"\n\n{text}")
        is_first = False
    return list(failures.values())


def _has_events(call: "Call", count: int) -> bool:
    """Whether events are shown: of one object that is asked for; of several only where they are asked for, too."""
    return bool(call.flags.show_events) and (count == 1 or call.flags.is_given("show-events"))


def _of_prefix(call: "Call", type: str, name: str, *, failure: Exception) -> int:
    """Describe the objects whose names begin with the name that there is not."""
    asked = requests(call, [type])
    if len({request.resource for request in asked}) > 1:
        raise Failure("you may only specify a single resource type")
    found = [
        (request, each)
        for request in asked
        for each in (_found(call, request) if request.is_list else ())
        if each["metadata"]["name"].startswith(name)
    ]
    if not found:
        raise failure
    for request, each in found:
        sys.stdout.write(f"{_text(call, request, each, has_events=_has_events(call, 0))}\n")
    return 0


def _text(call: "Call", request: Request, found: "Any", *, has_events: bool) -> str:
    from fairway.cli.describe import describe, is_as_read
    from fairway.cli.describe.live import LiveWorld

    world, resource = LiveWorld(call.session.api, call.flags.chunk_size), request.resource
    metadata = found.get("metadata") or {}
    if request.object is not None or not is_as_read(resource.group, resource.kind, resource.version):
        namespace = metadata.get("namespace") or request.namespace
        try:
            found = _as_read(call, request, namespace, metadata.get("name") or request.name)
        except ApiError as error:
            if (resource.group, resource.kind) == ("", "Pod") and has_events:
                from fairway.cli.describe import events_of_missing_pod

                text = events_of_missing_pod(namespace, request.name, error.message, world, now_s=time.time())
                if text:
                    return text
            raise
    return describe(found, world, now_s=time.time(), has_events=has_events)


def _as_read(call: "Call", request: Request, namespace: str, name: str) -> "Any":
    """The live object, in the version that the description reads."""
    from fairway.cli.describe import version_read

    resource = request.resource
    path = resource.path(namespace, name)
    try:
        return call.session.api.get(_in(path, resource, version_read(resource.group, resource.kind)))
    except ApiError:
        if (resource.group, resource.kind) not in HAD_BETA:
            raise
        return call.session.api.get(_in(path, resource, "v1beta1"))


def _in(path: str, resource: "Resource", version: str) -> str:
    """The path in another version."""
    return path.replace(f"/{resource.version}/", f"/{version or resource.version}/", 1)
