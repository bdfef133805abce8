"""Metadata: identity, time stamps, owners and the rules of ObjectMeta.

Shape: ``metadata`` is a plain dict; ``validate_*`` yield every broken rule at ``metadata.…``; time is an argument.
Sources: Kubernetes API conventions, "Metadata"; Kubernetes docs, "Owners and Dependents", "Finalizers".
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from fairway.objects import Object
from fairway.objects.errors import Problem, StatusError, forbidden_value, invalid_value, required, too_long
from fairway.objects.labels import validate_labels
from fairway.objects.names import as_name, dns_label, dns_subdomain, is_qualified_name, qualified_name

ANNOTATIONS_MAX_BYTES = 256 * 1024
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
STANDARD_FINALIZERS = frozenset((ORPHAN, FOREGROUND, "kubernetes"))
IMMUTABLE = "field is immutable"
_MANAGER_MAX_BYTES, _SUBRESOURCE_MAX_BYTES = 128, 256

NameRule = Callable[[str, bool], Iterator[str]]
"""(name, whether it is a generateName) -> messages."""
default_name_rule: NameRule = as_name(dns_subdomain)
"""The rule for names of kinds that say nothing else."""


@lru_cache(8)
def _at_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def timestamp(now_s: float) -> str:
    """The time in Unix seconds as objects hold it, ``2026-01-02T03:04:05Z``."""
    return _at_second(int(now_s))


def micro_timestamp(now_s: float) -> str:
    """The same with microseconds, as Leases and events.k8s.io hold it."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache(4096)
def unix_seconds(stamp: str) -> float:
    """Back from a time stamp to Unix seconds.  Raises: ``ValueError``."""
    return datetime.fromisoformat(stamp).timestamp()


def key(found: Object) -> tuple[str, str]:
    """(namespace, name); the namespace of a cluster-scoped object is empty."""
    metadata = found["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


def is_deleting(found: Object) -> bool:
    """Whether the object is on its way out: it has a deletionTimestamp."""
    return bool(found["metadata"].get("deletionTimestamp"))


def owner_reference(owner: Object, *, is_controller: bool = True) -> Object:
    """The reference that a dependent of ``owner`` carries; a controller's blocks foreground deletion."""
    metadata = owner["metadata"]
    reference = {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": metadata["name"], "uid": metadata["uid"],
    }  # fmt: skip
    return reference | {"controller": True, "blockOwnerDeletion": True} if is_controller else reference


def controller_of(found: Object) -> Object | None:
    """The one owner reference that controls the object, or ``None``."""
    for reference in found["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            controller: Object = reference
            return controller
    return None


def is_controlled_by(found: Object, owner: Object) -> bool:
    """Whether ``owner``, by its uid, controls ``found``."""
    controller = controller_of(found)
    return controller is not None and controller["uid"] == owner["metadata"]["uid"]


def stamp_created(metadata: Object, *, uid: str, now_s: float) -> None:
    """Set what only the server may say of a new object, and drop what it must not bring along."""
    for field in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(field, None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = timestamp(now_s)


def asked_version(metadata: Object) -> str:
    """The state that a writer means; empty for any, which ``0`` stands for too.

    Raises: ``StatusError`` 500, as upstream, for what is no number.
    """
    version = str(metadata.get("resourceVersion") or "")
    if version and not is_version(version):
        raise StatusError(500, "", f'strconv.ParseUint: parsing "{version}": invalid syntax')
    return version if version.strip("0") else ""


def is_version(text: str) -> bool:
    """Whether a resourceVersion is one at all: a whole number."""
    return text.isascii() and text.isdecimal()


def carry_over(metadata: Object, old: Object) -> None:
    """Keep of the stored metadata what an update may leave out and what it can never change."""
    if not metadata.get("uid"):
        metadata["uid"] = old["uid"]
    for field in ("creationTimestamp", "deletionTimestamp"):
        if old.get(field):
            metadata[field] = old[field]
    if metadata.get("deletionGracePeriodSeconds") is None and "deletionGracePeriodSeconds" in old:
        metadata["deletionGracePeriodSeconds"] = old["deletionGracePeriodSeconds"]
    metadata.pop("generation", None)
    if "generation" in old:
        metadata["generation"] = old["generation"]


def validate_create(
    metadata: Object,
    *,
    namespaced: bool,
    name_rule: NameRule | None = None,
    path: str = "metadata",
    any_finalizer: bool = False,
) -> Iterator[Problem]:
    """Every broken rule of a new object's metadata; a generated name must be there already.

    ``any_finalizer``: finalizers need no domain, as in objects of custom kinds.
    """
    rule = name_rule or default_name_rule
    name, prefix = metadata.get("name") or "", metadata.get("generateName") or ""
    if prefix:
        yield from (invalid_value(f"{path}.generateName", prefix, message) for message in rule(prefix, True))
    if name:
        yield from (invalid_value(f"{path}.name", name, message) for message in rule(name, False))
    else:
        yield required(f"{path}.name", "name or generateName is required")
    yield from _validate_namespace(metadata.get("namespace") or "", namespaced, f"{path}.namespace")
    if (generation := metadata.get("generation") or 0) < 0:
        yield invalid_value(f"{path}.generation", generation, "must be greater than or equal to 0")
    yield from _validate_marks(metadata, path)
    if finalizers := metadata.get("finalizers"):
        yield from _validate_finalizers(finalizers, f"{path}.finalizers")
    yield from _validate_managed_fields(metadata, path)
    if not any_finalizer:
        yield from _validate_finalizer_names(metadata.get("finalizers") or (), f"{path}.finalizers")


def validate_update(
    metadata: Object, old: Object, path: str = "metadata", *, any_finalizer: bool = False
) -> Iterator[Problem]:
    """Every broken rule of changed metadata, after ``carry_over``.

    Upstream checks this twice, before the kind's own rules and as their first part, so that each problem stands twice
    in ``causes`` and, since equal texts are shown once, once in ``message``; who reports these repeats them.
    """
    finalizers = metadata.get("finalizers") or ()
    if old.get("deletionTimestamp"):
        yield from _validate_no_new_finalizers(finalizers, old.get("finalizers") or (), f"{path}.finalizers")
    if not metadata.get("resourceVersion"):
        yield invalid_value(f"{path}.resourceVersion", "", "must be specified for an update")
    if (metadata.get("generation") or 0) < (old.get("generation") or 0):
        yield invalid_value(f"{path}.generation", metadata.get("generation") or 0, "must not be decremented")
    for field in ("name", "namespace", "uid"):
        if (value := metadata.get(field) or "") != (old.get(field) or ""):
            yield invalid_value(f"{path}.{field}", value, IMMUTABLE)
    for field in ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        if metadata.get(field) != old.get(field):
            yield invalid_value(f"{path}.{field}", metadata.get(field), IMMUTABLE)
    yield from _validate_marks(metadata, path)
    yield from _validate_managed_fields(metadata, path)
    if not any_finalizer:
        yield from _validate_finalizer_names(finalizers, f"{path}.finalizers")


def unconditional_update_refused() -> Problem:
    """A PUT without a resourceVersion, to a kind that does not allow it."""
    return Problem(
        "metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0x0: must be specified for an update"
    )


def validate_annotations(annotations: Object | None, path: str) -> Iterator[Problem]:
    """Every key out of shape (its letters may be upper case in the prefix too), and too many bytes in all."""
    size_bytes = 0
    for name, value in (annotations or {}).items():
        if not is_qualified_name(name) and not is_qualified_name(name.lower()):
            yield from (invalid_value(path, name, message) for message in qualified_name(name.lower()))
        size_bytes += len(name) + (len(value) if value.isascii() else len(value.encode(errors="surrogatepass")))
    if size_bytes > ANNOTATIONS_MAX_BYTES:
        yield too_long(path, ANNOTATIONS_MAX_BYTES)


def _validate_namespace(namespace: str, namespaced: bool, path: str) -> Iterator[Problem]:
    if not namespaced:
        if namespace:
            yield forbidden_value(path, "not allowed on this type")
    elif namespace:
        yield from (invalid_value(path, namespace, message) for message in dns_label(namespace))
    else:
        yield required(path)


def _validate_marks(metadata: Object, path: str) -> Iterator[Problem]:
    """Labels, annotations and owner references, which create and update check alike."""
    if labels := metadata.get("labels"):
        yield from validate_labels(labels, f"{path}.labels")
    if annotations := metadata.get("annotations"):
        yield from validate_annotations(annotations, f"{path}.annotations")
    if owners := metadata.get("ownerReferences"):
        yield from _validate_owners(owners, f"{path}.ownerReferences")


def _validate_owners(owners: list[Object], path: str) -> Iterator[Problem]:
    controller = ""
    for owner in owners:
        version = (owner.get("apiVersion") or "").rpartition("/")[2]
        if not version:
            yield invalid_value(f"{path}.apiVersion", owner.get("apiVersion") or "", "version must not be empty")
        for field in ("kind", "name", "uid"):
            if not owner.get(field):
                yield invalid_value(f"{path}.{field}", "", "must not be empty")
        if (owner.get("apiVersion"), owner.get("kind")) == ("v1", "Event"):
            yield invalid_value(path, owner, "/v1, Kind=Event is disallowed from being an owner")
        if owner.get("controller"):
            claimed = f"{owner.get('kind', '')}/{owner.get('name', '')}"
            if controller:
                detail = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {claimed}'
                )
                yield invalid_value(path, owners, detail)
            else:
                controller = claimed


def _validate_finalizers(finalizers: list[str], path: str) -> Iterator[Problem]:
    for name in finalizers:
        yield from (invalid_value(path, name, message) for message in qualified_name(name))
    if ORPHAN in finalizers and FOREGROUND in finalizers:
        yield invalid_value(path, finalizers, f"finalizer {ORPHAN} and {FOREGROUND} cannot be both set")


def _validate_finalizer_names(finalizers: Iterable[str], path: str) -> Iterator[Problem]:
    for place, name in enumerate(finalizers):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"{path}[{place}]", name, detail)


def _validate_no_new_finalizers(finalizers: Iterable[str], old: Iterable[str], path: str) -> Iterator[Problem]:
    if added := sorted(set(finalizers) - set(old)):
        shown = ", ".join(f'"{name}"' for name in added)
        yield forbidden_value(
            path,
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{shown}}}",
        )  # fmt: skip


def _validate_managed_fields(metadata: Object, path: str) -> Iterator[Problem]:
    for place, entry in enumerate(metadata.get("managedFields") or ()):
        here = f"{path}.managedFields[{place}]"
        if entry.get("operation") not in ("Apply", "Update"):
            yield invalid_value(f"{here}.operation", entry.get("operation") or "", "must be `Apply` or `Update`")
        if entry.get("fieldsType", "FieldsV1") not in ("", "FieldsV1"):
            yield invalid_value(f"{here}.fieldsType", entry["fieldsType"], "must be `FieldsV1`")
        yield from validate_field_manager(entry.get("manager") or "", f"{here}.manager")
        if len(entry.get("subresource") or "") > _SUBRESOURCE_MAX_BYTES:
            yield too_long(f"{here}.subresource", _SUBRESOURCE_MAX_BYTES)


def validate_field_manager(manager: str, path: str = "fieldManager") -> Iterator[Problem]:
    """The name of a field manager: at most 128 bytes, all of them printable."""
    if manager.isascii() and manager.isprintable() and len(manager) <= _MANAGER_MAX_BYTES:
        return
    if len(manager.encode(errors="surrogatepass")) > _MANAGER_MAX_BYTES:
        yield too_long(path, _MANAGER_MAX_BYTES)
    for place, character in enumerate(manager):
        if not character.isprintable():
            code = f"U+{ord(character):04X}"
            yield invalid_value(path, manager, f"invalid character {code} (at position {place})")
