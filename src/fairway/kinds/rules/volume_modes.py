"""Access modes and sizes: what claims and volumes say alike, and how both are shown.

Source: Kubernetes docs, "Persistent Volumes", "Access Modes", "Volume Mode".
"""

from collections.abc import Iterable, Iterator
from typing import Any

from fairway.objects import Object, quantity
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported

READ_WRITE_ONCE_POD = "ReadWriteOncePod"
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", READ_WRITE_ONCE_POD)
VOLUME_MODES = ("Block", "Filesystem")
_ONE = 10**9
_SHORT = (
    ("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), (READ_WRITE_ONCE_POD, "RWOP"),
)  # fmt: skip


def short(modes: Iterable[str] | None) -> str:
    """``RWO,ROX`` in a fixed order."""
    found = set(modes or ())
    return ",".join(letters for mode, letters in _SHORT if mode in found)


def access_modes(path: str, modes: list[str]) -> Iterator[Problem]:
    """Each known, and the exclusive one alone; that there is one at all is for the caller to ask."""
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if READ_WRITE_ONCE_POD in known and len(known) > 1:
        yield forbidden_value(path, "may not use ReadWriteOncePod with other access modes")


def volume_mode(path: str, mode: str | None) -> Iterator[Problem]:
    """A file system or a bare device."""
    if mode is not None and mode not in VOLUME_MODES:
        yield not_supported(path, mode, VOLUME_MODES)


def size(path: str, value: Any, *, is_whole: bool = False) -> Iterator[Problem]:
    """An amount above zero, and of whole bytes if ``is_whole``."""
    try:
        found = quantity.parse(str(value))
    except ValueError as error:
        yield invalid_value(path, value, str(error))
        return
    if found.nano <= 0:
        yield invalid_value(path, str(value), "must be greater than zero")
    elif is_whole and found.nano % _ONE:
        yield invalid_value(path, str(value), "must be an integer")


def class_of(claim_or_volume: Object) -> str:
    """The storage class, by the old annotation or the field; empty for none."""
    annotations = claim_or_volume["metadata"].get("annotations") or {}
    old = annotations.get("volume.beta.kubernetes.io/storage-class")
    return str(old if old is not None else claim_or_volume["spec"].get("storageClassName") or "")
