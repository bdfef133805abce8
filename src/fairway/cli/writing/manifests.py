"""Manifests for writing: the objects of ``-f`` that a command will send, checked as kubectl checks them.

Shape: ``manifests(call, failures, ...)`` gives targets; what is wrong with one object is put into ``failures``.
"""

from fairway.cli.arguments import objects_of_files, selection
from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.arguments.manifests import Check
    from fairway.cli.call import Call

_TURN_OFF = "if you choose to ignore these errors, turn validation off with --validate=false"


def manifests(call: "Call", failures: "list[Exception]", *, validation: str = "") -> "Iterator[Target]":
    """A target an object; those that ``-l`` does not select are left out.

    ``validation``: ``Strict`` or ``Warn`` check the head of each document; a file ends where one does not stand that.
    """
    from fairway.cli.arguments import from_files

    selects = selection(call) or (lambda labels: True)
    check = _checker(call) if validation in ("Strict", "Warn") else None
    for target in from_files(call, failures=failures, is_grouped=True, check=check):
        assert target.object is not None
        if selects(target.object["metadata"].get("labels")):
            yield target


def local(call: "Call", failures: "list[Exception]") -> "Iterator[Target]":
    """The objects of ``-f`` as they are written, for ``--local``: no server is asked and no namespace put in."""
    from fairway.cli.arguments import Target

    selects = selection(call) or (lambda labels: True)
    for found, source, _ in objects_of_files(call, problems=failures):
        meta = found.setdefault("metadata", {})
        if not selects(meta.get("labels")):
            continue
        resource = call.session.resources.of_kind(str(found.get("apiVersion")), str(found.get("kind")))
        yield Target(resource, str(meta.get("namespace") or ""), str(meta.get("name") or ""), found, source)


def _checker(call: "Call") -> "Check":
    """The first look at a document, before anything of it is sent."""
    from fairway.cli.arguments.heads import invalid

    def check(found: "Any", source: str) -> None:
        if said := invalid(found) or _unknown(call, str(found["apiVersion"]), str(found["kind"])):
            raise Failure(f'error validating "{source}": error validating data: {said}; {_TURN_OFF}')

    return check


def _unknown(call: "Call", api_version: str, kind: str) -> str:
    """What kubectl finds when it looks for the definition of a kind that the server does not list."""
    from fairway.client.blocking import ApiError

    if (api_version, kind) == ("v1", "List"):
        return ""
    try:
        call.session.resources.of_kind(api_version, kind)
    except Failure:
        try:
            call.session.api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        except ApiError as error:
            return f"failed to check CRD: failed to list CRDs: {error}"
    return ""
