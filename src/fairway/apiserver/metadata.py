"""Metadata: what the server itself writes into an object's metadata, and what nobody may change there.

Pure: time and randomness are arguments.  Source: Kubernetes API conventions, "Metadata".
"""

from collections.abc import Callable
from datetime import UTC, datetime

from fairway.objects import Object
from fairway.objects.names import GENERATED_SUFFIX_LENGTH, SUFFIX_ALPHABET, generated

_SERVER_SET = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation")
_ORDER = ("name", "generateName", "namespace", "uid", "generation", "creationTimestamp")
_KEPT = ("uid", "creationTimestamp", "generation", "generateName", "deletionTimestamp", "deletionGracePeriodSeconds")


def stamp(now: float) -> str:
    """A time as objects carry it: UTC, whole seconds."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unstamp(text: str) -> float:
    """The Unix time of what ``stamp`` wrote."""
    return datetime.fromisoformat(text).timestamp()


def suffix(choice: Callable[[str], str]) -> str:
    """The random end of a generated name."""
    return "".join(choice(SUFFIX_ALPHABET) for _ in range(GENERATED_SUFFIX_LENGTH))


def begin(new: Object, *, uid: str, now: str, has_generation: bool, ending: str) -> None:
    """Metadata of an object that is about to be created; ``ending`` completes a generateName."""
    given = new["metadata"]
    for field in _SERVER_SET:
        given.pop(field, None)
    if not given.get("name") and given.get("generateName"):
        given["name"] = generated(given["generateName"], ending)
    given["uid"] = uid
    given["creationTimestamp"] = now
    if has_generation:
        given["generation"] = 1
    tidy(new)


def carry(new: Object, old: Object) -> None:
    """Metadata of an update: what the writer left out and may not change is as it was."""
    given, kept = new["metadata"], old["metadata"]
    for field in _KEPT:
        if not given.get(field) and field in kept:
            given[field] = kept[field]
    if "deletionTimestamp" in kept:
        given["deletionTimestamp"] = kept["deletionTimestamp"]
        given.setdefault("deletionGracePeriodSeconds", kept.get("deletionGracePeriodSeconds", 0))
    else:
        given.pop("deletionTimestamp", None)
        given.pop("deletionGracePeriodSeconds", None)
    if "generation" in kept:
        given["generation"] = kept["generation"]
    given.pop("selfLink", None)
    tidy(new)


def tidy(new: Object) -> None:
    """Members in upstream's order, empty ones left out."""
    given = new["metadata"]
    ordered = {field: given[field] for field in _ORDER if field in given}
    ordered.update(given)
    new["metadata"] = {field: value for field, value in ordered.items() if value not in (None, "", {}, [])}
