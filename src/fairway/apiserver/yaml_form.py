"""YAML as Kubernetes reads it: the values of JSON, nothing else; ``yaml_text`` writes it.

Shape: values are built from the parser's events, in a loop and not by recursion, so that neither depth nor aliases of a
hostile document cost more than ``DEPTH_MAX`` and ``SIZE_MAX`` allow.
Pure.  Imported only when somebody sends YAML.
Source: YAML 1.1; the YAML type repository, "Merge Key Language-Independent Type".
"""

import math
import re
from typing import Any

import yaml

DEPTH_MAX = 200
"""How deep collections may be nested: less than JSON, which follows, can hold."""
SIZE_MAX = 8 * 1024 * 1024
"""What a document may come to once its aliases are written out: a few lines of YAML can mean gigabytes."""
_VALUE_SIZE = 24
"""What any value counts for, beside its text."""
_DOUBLED_MAX = 100
"""Keys that stand twice and are told, as many as unknown fields."""
_TAG = "tag:yaml.org,2002:"
_STRING, _BINARY = f"{_TAG}str", f"{_TAG}binary"
_SCALARS = frozenset(f"{_TAG}{name}" for name in ("null", "bool", "int", "float"))


class _Loader(yaml.CSafeLoader):
    """Only the parser and the rules for plain scalars are used; dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
for _letter in "yYnN":
    _Loader.yaml_implicit_resolvers.setdefault(_letter, []).append((f"{_TAG}bool", re.compile("[yYnN]$")))
_Loader.bool_values = {**_Loader.bool_values, "y": True, "n": False}
"""One letter is a truth value in YAML 1.1; PyYAML leaves it a text, Kubernetes' parser does not."""


class _Merges(list[Any]):
    """What stands behind ``<<`` in one mapping."""


class _Open:
    """A collection under way: ``key`` is the name of the next value, ``None`` where a name is awaited."""

    __slots__ = ("anchor", "is_mapping", "key", "merges", "size", "value")

    def __init__(self, anchor: str | None, *, is_mapping: bool) -> None:
        self.anchor = anchor
        self.is_mapping = is_mapping
        self.key: str | None = None
        self.merges = _Merges()
        self.value: Any = {} if is_mapping else []
        self.size = _VALUE_SIZE

    def finished(self) -> Any:
        """The collection; what it merges stands behind its own members and overrides none of them."""
        for merged in self.merges:
            for name, value in merged.items():
                self.value.setdefault(name, value)
        return self.value


class _Builder:
    """Events in, one value out.  Raises: ``ValueError``."""

    def __init__(self, loader: _Loader, doubled: list[str] | None) -> None:
        self._loader, self._doubled = loader, doubled
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._size = 0
        self.value: Any = None

    def take(self, event: Any) -> None:
        """The next event."""
        match event:
            case yaml.ScalarEvent():
                self._add(event, self._scalar(event), _VALUE_SIZE + len(event.value), event.anchor)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise ValueError(f"yaml: unknown anchor '{event.anchor}' referenced")
                self._add(event, *self._anchors[event.anchor], None)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                ended = self._open.pop()
                self._add(event, ended.finished(), ended.size, ended.anchor)

    def _begin(self, event: Any) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in (None, "!", f"{_TAG}map" if is_mapping else f"{_TAG}seq"):
            raise _wrong(event, f"tag {event.tag!r} is not supported")
        if len(self._open) >= DEPTH_MAX:
            raise _wrong(event, f"exceeded max depth of {DEPTH_MAX}")
        if self._open and self._open[-1].is_mapping and self._open[-1].key is None:
            raise _wrong(event, "a collection cannot be the key of a map")
        self._open.append(_Open(event.anchor, is_mapping=is_mapping))

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        if tag == _STRING or tag == f"{_TAG}merge" or tag == f"{_TAG}value":
            return event.value
        if tag not in _SCALARS and tag != _BINARY:
            raise _wrong(event, f"tag {tag!r} is not supported")
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return _json_value(_Loader.yaml_constructors[tag](self._loader, node))
        except (LookupError, ValueError) as error:
            raise _wrong(event, f"cannot unmarshal {event.value[:40]!r}: {error}") from None

    def _add(self, event: Any, value: Any, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value, size
        if not self._open:
            self.value = value
            return
        into = self._open[-1]
        self._count(event, into, size)
        if not into.is_mapping:
            into.value.append(value)
        elif into.key is None:
            into.key = self._key(event, value)
        elif into.key == "<<" and isinstance(value, dict | list):
            into.key = None
            into.merges.extend(_merged(value))
        else:
            if into.key in into.value:
                self._double(event, f'key "{into.key}" already set in map')
            into.value[into.key] = value
            into.key = None

    def _double(self, event: Any, why: str) -> None:
        if self._doubled is None:
            raise _wrong(event, why)
        if len(self._doubled) < _DOUBLED_MAX:
            self._doubled.append(str(_wrong(event, why)))

    def _count(self, event: Any, into: _Open, size: int) -> None:
        """Every value once for each place where it stands or an alias puts it."""
        into.size += size
        if not isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._size += size
        if self._size > SIZE_MAX:
            raise ValueError("yaml: document contains excessive aliasing")

    def _key(self, event: Any, key: Any) -> str:
        match key:
            case str():
                return key
            case bool():
                return "true" if key else "false"
            case None:
                return "null"
            case int() | float():
                return str(key)
        raise _wrong(event, "a collection cannot be the key of a map")


def _merged(value: dict[str, Any] | list[Any]) -> list[dict[str, Any]]:
    """The mappings that ``<<`` names, the more important first."""
    found = [value] if isinstance(value, dict) else value
    if not all(isinstance(each, dict) for each in found):
        raise ValueError("yaml: map merge requires map or sequence of maps as the value")
    return found


def _json_value(value: Any) -> Any:
    """What JSON can hold of a scalar.  Raises: ``ValueError``."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value) if value.bit_length() < 1024 else _not_finite(math.inf)
    return _not_finite(value) if isinstance(value, float) and not math.isfinite(value) else value


def _not_finite(value: float) -> float:
    raise ValueError(f"json: unsupported value: {value}")


def _wrong(event: Any, why: str) -> ValueError:
    return ValueError(f"line {event.start_mark.line + 1}: {why}")


def load(raw: bytes, doubled: list[str] | None = None) -> Any:
    """One document.  Raises: ``ValueError``, also for a key that stands twice, unless those may go into ``doubled``.

    Of two values for one key the last one counts.
    """
    try:
        return _load(raw, doubled)
    except yaml.MarkedYAMLError as error:
        raise ValueError(_told(error)) from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(f"yaml: {error}".split())) from error


def _told(error: yaml.MarkedYAMLError) -> str:
    """A fault of the syntax as Go's library tells it, which counts lines from 0 where it is not the scanner's."""
    line = error.problem_mark.line if error.problem_mark is not None else 0
    if line:
        line += isinstance(error, yaml.scanner.ScannerError)
    elif error.context_mark is not None:
        line = error.context_mark.line
    return f"yaml: {f'line {line}: ' if line else ''}{error.problem}"


def _load(raw: bytes, doubled: list[str] | None) -> Any:
    loader = _Loader(raw)
    try:
        builder, documents = _Builder(loader, doubled), 0
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                # As upstream, which reads one document and no further.
                break
            builder.take(event)
    finally:
        loader.dispose()
    return builder.value
