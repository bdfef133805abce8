"""Objects that have lost fields and items at random: states that nobody thinks of, for the comparison with kubectl."""

import copy
import random
from collections.abc import Iterator
from typing import Any

from fairway.objects import Object

KEPT = frozenset({"name", "namespace", "uid", "kind", "containers", "backend"})
"""Fields that are never lost; without them kubectl itself gives up, or nothing is left to describe."""
_WHOLE = {
    "azureDisk": {
        "diskName": "n",
        "diskURI": "u",
        "kind": "Shared",
        "fsType": "e",
        "cachingMode": "r",
        "readOnly": True,
    },
    "grpc": {"port": 9, "service": "s"},
    "serviceAccountToken": {"path": "token", "expirationSeconds": 5},
    "seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"},
}
"""Objects that kubectl does not survive in part."""


def mutated(found: Object, chance: random.Random, copies: int) -> Iterator[Object]:
    """So many objects that have become of one, each with a name of its own."""
    for number in range(copies):
        made: Object = _mutated(copy.deepcopy(found), chance, is_top=True)
        made |= {"apiVersion": found["apiVersion"], "kind": found["kind"]}
        made["metadata"] |= {name: f"{found['metadata'][name]}-{number}" for name in ("name", "uid")}
        if "namespace" in found["metadata"]:
            made["metadata"]["namespace"] = found["metadata"]["namespace"]
        if made["metadata"].get("deletionTimestamp"):
            made["metadata"].setdefault("deletionGracePeriodSeconds", 3)
        if made["kind"] == "EndpointSlice":
            _repair(made)
        yield made


def _repair(found: Object) -> None:
    found["endpoints"] = [each for each in found.get("endpoints") or () if each.get("addresses")]
    found["ports"] = [{"name": "", "protocol": "TCP", "port": 5} | each for each in found.get("ports") or ()]


def _mutated(value: Any, chance: random.Random, *, is_top: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            name: _WHOLE.get(name) or _mutated(each, chance) for name, each in value.items()
            if is_top or name in KEPT or chance.random() > 0.12
        }  # fmt: skip
    if isinstance(value, list):
        kept = [_mutated(each, chance) for each in value if chance.random() > 0.1]
        chance.shuffle(kept) if chance.random() < 0.1 else None
        return kept
    if isinstance(value, bool):
        return value ^ (chance.random() < 0.1)
    if isinstance(value, int) and chance.random() < 0.15:
        return chance.choice((0, 1, 7, 99))
    return value
