"""Messages: which field of which message has which number and type, read from ``messages.txt`` when first needed.

A line is ``NAME|NUMBER:FIELD:TYPE|...``.  A type is ``s`` text, ``b`` boolean, ``i`` whole number, ``n`` number, ``y``
bytes, or a message's name; ``[]`` before it makes a list, ``{}`` a map from text.  A field that begins with ``^`` is no
member of its own in JSON: its members stand in its place.  One that ends in ``!`` is kept when it is zero, false or
empty: it is required, or differs from being absent.
Source: the descriptors in Kubernetes' clients; written by ``scripts/protobuf_table.py``.
"""

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_GROUPS = {"": "core"}
_OPTIONS = frozenset({"DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "ListOptions", "Status"})


class Field(NamedTuple):
    """One field; ``item`` is a scalar's letter or a message's name."""

    name: str
    item: str
    is_list: bool = False
    is_map: bool = False
    is_inlined: bool = False
    keeps_zero: bool = False


@lru_cache(1)
def _lines() -> dict[str, str]:
    text = files(__package__).joinpath("messages.txt").read_text()
    parted = (line.partition("|") for line in text.splitlines() if not line.startswith("#"))
    return {name: fields for name, _, fields in parted}


@lru_cache(1024)
def fields_of(name: str) -> dict[int, Field] | None:
    """The fields of a message by number, or ``None`` if there is no such message."""
    line = _lines().get(name)
    return None if line is None else dict(map(_field, filter(None, line.split("|"))))


def _field(text: str) -> tuple[int, Field]:
    number, name, type_ = text.split(":")
    return int(number), Field(
        name.strip("^!"), type_.removeprefix("[]").removeprefix("{}"),
        is_list=type_.startswith("[]"), is_map=type_.startswith("{}"),
        is_inlined=name.startswith("^"), keeps_zero=name.endswith("!"),
    )  # fmt: skip


def message_of(api_version: str, kind: str) -> str | None:
    """The message of a kind, or ``None`` if it has none."""
    group, _, version = api_version.rpartition("/")
    name = f"{_GROUPS.get(group, group.partition('.')[0])}.{version}.{kind}"
    if kind in _OPTIONS:
        name = f"meta.v1.{kind}"
    return name if name in _lines() else None
