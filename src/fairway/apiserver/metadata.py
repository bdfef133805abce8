"""Metadata: what the server itself writes into an object's metadata, and what no writer may change there.

Pure: time and randomness are arguments.  Source: Kubernetes API conventions, "Metadata".
"""

from collections.abc import Callable, Iterator

from fairway.kinds import CUSTOM_RESOURCE_DEFINITION
from fairway.kinds.kind import Kind
from fairway.objects import Object, meta
from fairway.objects.errors import Problem, first
from fairway.objects.names import GENERATED_SUFFIX_LENGTH, SUFFIX_ALPHABET, as_name, generated, path_segment

_ORDER = ("name", "generateName", "namespace", "uid", "generation", "creationTimestamp")
_ANY_SEGMENT = as_name(path_segment)
_DOUBLED_OWNERS = (
    ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, "
    "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {uids}"
)


def ending(choice: Callable[[str], str]) -> str:
    """The random end of a generated name."""
    return "".join([choice(SUFFIX_ALPHABET) for _ in range(GENERATED_SUFFIX_LENGTH)])


def begin(new: Object, kind: Kind, *, uid: str, now_s: float) -> None:
    """Metadata of an object that is about to be created."""
    given = new["metadata"]
    if not given.get("generation"):
        given.pop("generation", None)
    meta.stamp_created(given, uid=uid, now_s=now_s)
    if kind.has_generation:
        given["generation"] = 1
    _tidy(new)


def generate_name(new: Object, random_ending: str) -> None:
    """Complete a generateName."""
    given = new["metadata"]
    given["name"] = generated(given["generateName"], random_ending)


def carry(new: Object, old: Object, *, has_managers: bool = False) -> None:
    """Metadata of an update: what the writer left out and may not change is as it was.

    ``has_managers``: ``new`` says already who owns what, even if it is nobody.
    """
    given, kept = new["metadata"], old["metadata"]
    meta.carry_over(given, kept)
    if "managedFields" in kept and not has_managers:
        given.setdefault("managedFields", kept["managedFields"])
    given.pop("selfLink", None)
    given["resourceVersion"] = kept["resourceVersion"]
    _tidy(new)


def without_doubled_owners(metadata: Object, *, when: str = "") -> list[str]:
    """Leave owners out that stand there already, word for word, and return the warning for it."""
    owners = metadata.get("ownerReferences") or ()
    kept: list[Object] = []
    doubled: list[str] = []
    for owner in owners:
        if owner not in kept:
            kept.append(owner)
        elif (uid := owner.get("uid") or "") not in doubled:
            doubled.append(uid)
    if not doubled:
        return []
    metadata["ownerReferences"] = kept
    return [_DOUBLED_OWNERS.format(when=when, uids=", ".join(doubled))]


def keep_reset(body: object) -> None:
    """An empty list of managers in an update asks to forget them all: what is empty is left out soon, and this is not.

    To say nothing of them keeps them; one empty entry says the same as an empty list.
    """
    given = body.get("metadata") if isinstance(body, dict) else None
    if isinstance(given, dict) and given.get("managedFields") == []:
        given["managedFields"] = [{}]


def grow(new: Object, old: Object) -> None:
    """The generation counts changes of what is wished for."""
    if new.get("spec") != old.get("spec"):
        new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1


def problems(new: Object, old: Object | None, kind: Kind) -> Iterator[Problem]:
    """Every broken rule of metadata; on update each stands twice, as upstream's causes show it."""
    given = new["metadata"]
    is_custom = kind.custom is not None or kind is CUSTOM_RESOURCE_DEFINITION
    if old is None:
        yield from meta.validate_create(
            given, namespaced=kind.namespaced, name_rule=kind.validate_name, any_finalizer=is_custom
        )
    else:
        found = first(meta.validate_update(given, old["metadata"], any_finalizer=is_custom))
        if found or given.get("finalizers") or given.get("generateName"):
            # Upstream judges it as new metadata first, by no kind's own rules; without these nothing new is found so.
            yield from meta.validate_create(
                given, namespaced=kind.namespaced, name_rule=_ANY_SEGMENT, any_finalizer=True
            )
        yield from found
        yield from found


def _tidy(new: Object) -> None:
    """Members in upstream's order, empty ones left out."""
    given = new["metadata"]
    ordered = {field: given[field] for field in _ORDER if field in given}
    for field, value in given.items():
        if field not in ordered and value not in (None, "", {}, []):
            ordered[field] = value
    new["metadata"] = ordered
