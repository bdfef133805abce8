"""Types: what expressions give, as messages name them.

Pure.  Shape: a ``Type`` is a name with parameters; ``read("list(string)")`` makes one of the text that ``str`` gives.
Objects have names of their own, and whoever makes them says which fields they have.
Source: the CEL language definition, "Values and types".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Type:
    """A type; a name of one upper-case letter (and what follows ``#``) is a parameter that stands for any."""

    name: str
    params: tuple["Type", ...] = ()
    fields: Mapping[str, "Type"] | None = field(default=None, compare=False, repr=False)
    """What an object has; ``None`` for all others."""

    def __str__(self) -> str:
        if not self.params:
            return "null" if self.name == "null" else self.name
        return f"{self.name}({', '.join(map(str, self.params))})"

    @property
    def runtime_name(self) -> str:
        """How the language names it where no mistake is told."""
        return _RUNTIME.get(self.name) or str(self)

    @property
    def is_param(self) -> bool:
        """Whether it stands for another one."""
        return self.name[0].isupper() and (len(self.name) == 1 or "#" in self.name)

    @property
    def is_open(self) -> bool:
        """Whether it may be anything."""
        return self.name in ("dyn", "!error!")


_RUNTIME = {
    "null": "null_type", "timestamp": "google.protobuf.Timestamp", "duration": "google.protobuf.Duration",
}  # fmt: skip
DYN, ERROR, NULL = Type("dyn"), Type("!error!"), Type("null")
BOOL, INT, UINT, DOUBLE = Type("bool"), Type("int"), Type("uint"), Type("double")
STRING, BYTES, TIMESTAMP, DURATION = Type("string"), Type("bytes"), Type("timestamp"), Type("duration")
SIZED = frozenset({"bool", "int", "uint", "double", "timestamp", "duration"})
"""Types whose values all have the same size."""
SIMPLE = {
    one.name: one for one in (DYN, ERROR, NULL, BOOL, INT, UINT, DOUBLE, STRING, BYTES, TIMESTAMP, DURATION)
}  # fmt: skip
OPTIONAL = "optional_type"


def list_of(item: Type) -> Type:
    """A list."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", (key, value))


def optional_of(inner: Type) -> Type:
    """A value that may be missing."""
    return Type(OPTIONAL, (inner,))


def object_of(name: str, fields: Mapping[str, Type]) -> Type:
    """An object with a name of its own and known fields."""
    return Type(name, (), fields)


@lru_cache(512)
def read(text: str) -> Type:
    """The type that ``text`` names: ``map(string, list(A))``."""
    found, rest = _read(text.replace(" ", ""))
    if rest:
        raise ValueError(f"{text!r} is no type: {rest!r} is left")
    return found


def _read(text: str) -> tuple[Type, str]:
    at = next((place for place, letter in enumerate(text) if letter in "(),"), len(text))
    name, rest = text[:at], text[at:]
    if not rest.startswith("("):
        return SIMPLE.get(name) or Type(name), rest
    params = []
    while rest[0] in "(,":
        param, rest = _read(rest[1:])
        params.append(param)
    return Type(name, tuple(params)), rest[1:]
