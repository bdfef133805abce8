"""Generators: what a command line's words make of an object, before any server has seen it.

Pure: flags' values in, object out.  Fields stand in the order in which Kubernetes' own types declare them, which is the
order that ``-o json`` shows.  Raises: ``GeneratorError`` with the text that a user reads after ``error: ``.
"""

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.objects import Object


class GeneratorError(Failure):
    """Words that make no object."""


def metadata(
    name: str, labels: "dict[str, str] | None" = None, annotations: "dict[str, str] | None" = None
) -> "Object":  # fmt: skip
    """The metadata of a new object; an empty name is left out."""
    made: Object = {"name": name} if name else {}
    made["creationTimestamp"] = None
    if labels:
        made["labels"] = dict(sorted(labels.items()))
    if annotations:
        made["annotations"] = dict(sorted(annotations.items()))
    return made


def head(kind: str, api_version: str, meta: "Object", **fields: "Any") -> "Object":
    """An object of that kind with those fields in that order."""
    return {"kind": kind, "apiVersion": api_version, "metadata": meta, **fields}


def namespace(name: str) -> "Object":
    """``create namespace``."""
    return head("Namespace", "v1", metadata(name), spec={}, status={})


def service_account(name: str) -> "Object":
    """``create serviceaccount``."""
    return head("ServiceAccount", "v1", metadata(name))
