"""Builders of Pods and their owners, and how a kind judges an object."""

from copy import deepcopy
from typing import Any

from fairway.kinds.kind import Kind
from fairway.objects import Object


def made(kind: Kind, new: Object) -> Object:
    """The object as creation fills it in."""
    new.setdefault("metadata", {}).setdefault("name", "one")
    if kind.namespaced:
        new["metadata"].setdefault("namespace", "default")
    kind.defaults(new)
    kind.prepare(new, None, "")
    return new


def refused(kind: Kind, new: Object) -> list[str]:
    """``field: text`` of every problem on create."""
    return [problem.text for problem in kind.validate(made(kind, new), None)]


def changed(kind: Kind, old: Object, new: Object, subresource: str = "") -> list[str]:
    """``field: text`` of every problem of an update."""
    kind.defaults(new)
    kind.prepare(new, old, subresource)
    return [problem.text for problem in kind.validate(new, old)]


def cells(kind: Kind, found: Object, now: float = 1_700_000_000.0, *, wide: bool = False) -> dict[str, Any]:
    """What the table shows, by column."""
    return {column.name: column.cell(found, now) for column in kind.columns if wide or column.priority == 0}


def container(name: str = "web", **fields: Any) -> Object:
    return {"name": name, "image": "luksa/kubia"} | deepcopy(fields)


def pod(*containers: Object, **spec: Any) -> Object:
    return {"metadata": {"name": "web"}, "spec": {"containers": list(containers) or [container()]} | deepcopy(spec)}


def owner(labels: Object | None = None, **spec: Any) -> Object:
    """A ReplicaSet, ReplicationController or Deployment; the selector is for the caller to give."""
    template = {"metadata": {"labels": labels or {"app": "web"}}, "spec": pod()["spec"]}
    return {"metadata": {"name": "web"}, "spec": {"template": template} | deepcopy(spec)}


SELECTOR = {"matchLabels": {"app": "web"}}
