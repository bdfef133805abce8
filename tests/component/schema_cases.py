"""Requests made from our own OpenAPI documents, turned from what nobody would send into what somebody might."""

import random
from contextlib import suppress
from copy import deepcopy
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis.core import NotSet

from component.kind_objects import MINIMAL
from fairway.kinds import ALL, VIRTUAL
from fairway.objects import Object

_MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
_KINDS = {kind.plural: kind for kind in (*ALL, *VIRTUAL)}
PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
           "application/apply-patch+yaml")  # fmt: skip


class Case(NamedTuple):
    """One request."""

    method: str
    target: str
    body: bytes
    media: str


class Operations:
    """The operations of one document, in random order, each with cases of its own."""

    def __init__(self, document: Object, chance: random.Random, *, has_time: bool = True) -> None:
        schema = schemathesis.openapi.from_dict(document)
        every = [found.ok() for found in schema.get_all_operations()]
        self._operations = [each for each in every if has_time or not _is_slow(each)]
        self._chance = chance

    def __len__(self) -> int:
        return len(self._operations)

    def cases(self, count: int) -> list[Case]:
        """So many requests of one operation that chance takes."""
        operation, mode = self._chance.choice(self._operations), self._chance.choice(_MODES)
        made: list[Any] = []

        @seeded(self._chance.randrange(1 << 32))
        @settings(
            max_examples=count, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            made.append(case)

        with suppress(Unsatisfiable):  # nothing can be wrong with an operation that takes nothing
            collect()
        return [self._case(case) for case in made]

    def _case(self, case: Any) -> Case:
        chance = self._chance
        kind = _kind_in(case.path)
        path = case.path
        for name, value in (case.path_parameters or {}).items():
            usual = {"namespace": "default", "name": _name_of(kind)}.get(name, "")
            value = usual if usual and chance.random() < 0.8 else str(value)
            path = path.replace(f"{{{name}}}", quote(value, safe="", errors="replace"))
        query = {name: value for name, value in (case.query or {}).items() if chance.random() < 0.5}
        if chance.random() < 0.3:
            query["timeoutSeconds"] = "1"
        text = urlencode({name: str(value).encode(errors="replace") for name, value in query.items()})
        body, media = _body(case, kind, chance)
        return Case(case.method.upper(), f"{path}?{text}" if text else path, body, media)


_SLOW = {
    "pods", "podtemplates", "replicationcontrollers", "deployments", "replicasets", "statefulsets", "daemonsets",
    "jobs", "cronjobs", "customresourcedefinitions", "resourceslices", "persistentvolumes",
}  # fmt: skip


def _is_slow(operation: Any) -> bool:
    """Whether its body is so deep that making the first of its kind takes seconds."""
    return operation.method in ("post", "put") and not _SLOW.isdisjoint(operation.path.split("/"))


def _kind_in(path: str) -> str:
    """The name of the kind that a path is about; empty for none."""
    parts = [part for part in path.split("/") if not part.startswith("{")]
    return next((_KINDS[part].name for part in reversed(parts) if part in _KINDS), "")


def _name_of(kind: str) -> str:
    return str(MINIMAL.get(kind, {}).get("metadata", {}).get("name", "one"))


def sample(kind: str) -> Object:
    """A small valid object."""
    found = deepcopy(MINIMAL.get(kind, {}))
    found.setdefault("metadata", {}).setdefault("name", "one")
    return found


def _body(case: Any, kind: str, chance: random.Random) -> tuple[bytes, str]:
    if isinstance(case.body, NotSet):
        return b"", ""
    media = case.media_type or "application/json"
    given = case.body
    if kind in MINIMAL and chance.random() < 0.7:
        given = _overlaid(sample(kind), given, chance)
    if case.method.upper() == "PATCH":
        media = chance.choice(PATCHES) if chance.random() < 0.5 else media
    elif chance.random() < 0.5:
        media = "application/json"
    if isinstance(given, bytes):
        return given, media
    if "yaml" in media or "yml" in media:
        return _encoded(given, lambda value: yaml.safe_dump(value).encode()), media
    if "protobuf" in media or "cbor" in media:
        return b"k8s\0" + chance.randbytes(chance.randrange(60)), media
    return _encoded(given, orjson.dumps), media


def _encoded(given: Any, encode: Any) -> bytes:
    try:
        return bytes(encode(given))
    except (orjson.JSONEncodeError, yaml.YAMLError, UnicodeEncodeError):
        return repr(given).encode(errors="replace")


def _overlaid(base: Any, given: Any, chance: random.Random) -> Any:
    """A valid object with some of what was made laid over it."""
    if isinstance(base, dict) and isinstance(given, dict):
        for name, value in given.items():
            if chance.random() < 0.5:
                base[name] = _overlaid(base.get(name), value, chance)
        return base
    return given if base is None or chance.random() < 0.3 else base
