"""Deletion: what a delete does to an object: remove it, mark it as going, or nothing more than was done already.

Pure: time is an argument.
Source: Kubernetes docs, "Garbage Collection", "Finalizers", "Pod Lifecycle", "Termination of Pods".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairway.apiserver.decode import copy
from fairway.kinds import CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from fairway.kinds.custom_resource_definition import FINALIZER as CLEANUP
from fairway.kinds.kind import Kind
from fairway.objects import Object, meta
from fairway.objects.errors import Problem, StatusError, conflict, invalid_value, not_supported
from fairway.objects.errors import invalid as invalid_object
from fairway.objects.label_syntax import integer
from fairway.objects.meta import FOREGROUND, ORPHAN
from fairway.objects.strict.go_text import value_name

_POLICIES = ("Foreground", "Background", "Orphan")
_TOLD = frozenset({"gracePeriodSeconds", "preconditions", "orphanDependents", "propagationPolicy", "dryRun"})
_LAST_S = 253_402_300_799
"""The end of the year 9999."""


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How to delete; ``grace_s`` and ``policy`` are empty where the kind's default holds."""

    grace_s: int | None = None
    policy: str = ""
    uid: str | None = None
    revision: str | None = None
    is_dry_run: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    """What the client said of it, as admission is told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``removes``: the object goes now.  ``marked`` is its new or last state, or ``None`` if it stays as it is."""

    removes: bool
    marked: Object | None = None


def read(given: Mapping[str, Any]) -> DeleteOptions:
    """DeleteOptions of a body or, as text, of a query.  Raises: ``StatusError`` 400 or 422 for what cannot be."""
    problems = list(_problems(given))
    if problems:
        raise invalid_object("meta.k8s.io", "DeleteOptions", "", problems)
    policy = given.get("propagationPolicy") or ""
    orphans = given.get("orphanDependents")
    if orphans is not None:
        policy = "Orphan" if orphans is True else "Background"
    preconditions = given.get("preconditions") or {}
    grace = given.get("gracePeriodSeconds")
    return DeleteOptions(
        _seconds(grace), policy,
        preconditions.get("uid"), preconditions.get("resourceVersion"), bool(given.get("dryRun")),
        {name: value for name, value in given.items() if name in _TOLD and value is not None},
    )  # fmt: skip


def _problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    policy, grace = given.get("propagationPolicy"), given.get("gracePeriodSeconds")
    if policy is not None and given.get("orphanDependents") is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        yield invalid_value("propagationPolicy", policy, detail)
    if policy is not None and policy not in _POLICIES:
        yield not_supported("propagationPolicy", policy, (*_POLICIES, "nil"))
    if grace not in (None, "") and _seconds(grace) is None:
        yield invalid_value("gracePeriodSeconds", grace, "must be an integer")
    dry_run = given.get("dryRun")
    asked = dry_run or [] if isinstance(dry_run, list | None) else [dry_run]
    if any(value != "All" for value in asked):
        yield not_supported("dryRun", asked, ("All",))


def _seconds(grace: object) -> int | None:
    """A number of 64 bits, in a body or as text in a query; ``None`` for anything else."""
    if type(grace) is int:
        return grace if -(2**63) <= grace < 2**63 else None
    return integer(grace) if isinstance(grace, str) else None


_FIELDS: Mapping[str, tuple[type, str]] = {
    "kind": (str, "string"), "apiVersion": (str, "string"), "propagationPolicy": (str, "v1.DeletionPropagation"),
    "orphanDependents": (bool, "bool"), "preconditions": (dict, "v1.Preconditions"), "dryRun": (list, "[]string"),
    "uid": (str, "types.UID"), "resourceVersion": (str, "string"), "gracePeriodSeconds": (int, "int64"),
}  # fmt: skip


_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"


def unreadable(why: str) -> StatusError:
    """500: upstream tells of a body of a delete that it cannot read as of a fault of its own."""
    return StatusError(500, "", why)


def check_types(body: Mapping[str, Any], *, inside: str = "DeleteOptions") -> None:
    """What a client cannot say rightly must not delete anything.  Raises: ``StatusError`` 500, as upstream."""
    kind = body.get("kind") or inside
    if kind != inside and isinstance(kind, str):
        version = body.get("apiVersion") or "meta.k8s.io/v1"
        raise unreadable(f'no kind "{kind}" is registered for version "{version}" in scheme "{_SCHEME}"')
    for name, value in body.items():
        known = _FIELDS.get(name)
        if known is None or value is None:
            continue
        wanted, shown = known
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            why = f"cannot unmarshal {value_name(value)} into Go struct field {inside}.{name} of type {shown}"
            raise unreadable(f"json: {why}")
        if isinstance(value, dict):
            check_types(value, inside="Preconditions")


def check_preconditions(kind: Kind, found: Object, options: DeleteOptions) -> None:
    """The object is still the one that is meant.  Raises: ``StatusError`` 409 that names the Kind, as upstream does."""
    metadata = found["metadata"]
    name = metadata["name"]
    if options.uid is not None and options.uid != metadata["uid"]:
        raise _unmet(
            kind, name, f"the UID in the precondition ({options.uid}) does not match the UID in record "
            f"({metadata['uid']}). The object might have been deleted and then recreated",
        )  # fmt: skip
    if options.revision is not None and options.revision != metadata["resourceVersion"]:
        raise _unmet(
            kind, name, f"the ResourceVersion in the precondition ({options.revision}) does not match the "
            f"ResourceVersion in record ({metadata['resourceVersion']}). The object might have been modified",
        )  # fmt: skip


def _unmet(kind: Kind, name: str, why: str) -> StatusError:
    return conflict(kind.group, kind.name, name, why)


def decide(kind: Kind, found: Object, options: DeleteOptions, now_s: float) -> Verdict:
    """What the delete of ``found`` does.

    A graceful deletion that goes on may only be shortened; finalizers hold the object until they are taken off.
    """
    grace_s = None
    if kind.grace_s is not None:
        is_pending, grace_s = _grace(kind, found, options)
        if is_pending:
            return Verdict(removes=False)
        grace_s = None if grace_s is None else _countable(grace_s, now_s)
    finalizers = _finalizers(kind, found, options)
    if kind is CUSTOM_RESOURCE_DEFINITION and not meta.is_deleting(found) and CLEANUP not in finalizers:
        finalizers = [*finalizers, CLEANUP]
    if not finalizers and not grace_s and not _is_held(kind, found):
        # Who looks on is told that a pod is not given any time before it is gone, if nothing was told before.
        is_told = grace_s is None or meta.is_deleting(found)
        return Verdict(removes=True, marked=None if is_told else _marked(found, 0, [], now_s))
    marked = _marked(found, grace_s, finalizers, now_s)
    if kind is NAMESPACE:
        marked["metadata"].pop("deletionGracePeriodSeconds", None)
        marked["status"] = {**(marked.get("status") or {}), "phase": "Terminating"}
    return Verdict(removes=False, marked=marked if marked != found else None)


def _grace(kind: Kind, found: Object, options: DeleteOptions) -> tuple[bool, int | None]:
    """(whether an earlier deletion goes on unchanged, the seconds that the object still gets)."""
    assert kind.grace_s is not None
    metadata = found["metadata"]
    asked = options.grace_s if options.grace_s is None or options.grace_s >= 0 else 1
    if meta.is_deleting(found):
        left = metadata.get("deletionGracePeriodSeconds")
        if not left:
            return False, None
        return (True, None) if asked is None or asked >= left else (False, asked)
    usual = kind.grace_s(found)
    if usual is None:  # nothing runs: there is nothing to wait for, whatever was asked
        return False, 0
    return False, usual if asked is None else asked


def _countable(grace_s: int, now_s: float) -> int:
    """At most what leads to a time that can be written."""
    return min(grace_s, int(_LAST_S - now_s))


def _finalizers(kind: Kind, found: Object, options: DeleteOptions) -> list[str]:
    """The finalizers with those that the garbage collector works by, as the policy has them."""
    present: list[str] = found["metadata"].get("finalizers") or []
    if kind.is_no_owner:
        return present
    if not options.policy:
        is_decided = not kind.orphans_by_default or not {ORPHAN, FOREGROUND}.isdisjoint(present)
        return present if is_decided else [*present, ORPHAN]
    kept = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    added = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(options.policy, [])
    return kept + added


def _is_held(kind: Kind, found: Object) -> bool:
    """Namespaces are held by spec.finalizers too."""
    return kind is NAMESPACE and bool((found.get("spec") or {}).get("finalizers"))


def _marked(found: Object, grace_s: int | None, finalizers: list[str], now_s: float) -> Object:
    marked = copy(found)
    metadata = marked["metadata"]
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)
    is_first = not meta.is_deleting(found)
    if grace_s is not None:
        started_s = now_s if is_first else _started_s(metadata)
        metadata["deletionTimestamp"] = meta.timestamp(started_s + grace_s)
        metadata["deletionGracePeriodSeconds"] = grace_s
    elif is_first:
        metadata["deletionTimestamp"] = meta.timestamp(now_s)
        metadata["deletionGracePeriodSeconds"] = 0
    if is_first and metadata.get("generation"):
        metadata["generation"] += 1
    return marked


def _started_s(metadata: Object) -> float:
    grace_s: int = metadata["deletionGracePeriodSeconds"]
    return meta.unix_seconds(metadata["deletionTimestamp"]) - grace_s


def is_finished(kind: Kind, new: Object) -> bool:
    """Whether an object that was marked is held by nothing any more."""
    metadata = new["metadata"]
    return (
        meta.is_deleting(new)
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
        and not _is_held(kind, new)
    )
