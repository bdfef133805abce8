"""What a history should have led to: each writer knows its own objects, all know what was acknowledged."""

import random
from typing import Any, NamedTuple

from component.history_client import Answer, Client, Lost

NAMESPACES = ("default", "kube-public")
MERGE, JSON = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
State = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] | None
"""What can be seen of an object: data and labels; ``None`` where there is none."""

_LONG = 100
"""Longer values are all alike: only their length is kept."""


def state_of(found: Any) -> State:
    labels = found["metadata"].get("labels") or {}
    data = {
        name: value if len(value) < _LONG else f"{len(value)} x" for name, value in (found.get("data") or {}).items()
    }
    return tuple(sorted(data.items())), tuple(sorted(labels.items()))


class Shared:
    """What is known over all writers: revisions and the states that were acknowledged at them."""

    def __init__(self) -> None:
        self.newest = 0
        self.acknowledged: dict[tuple[str, int], State] = {}
        self.owner_of: dict[int, str] = {}
        self.count = 0

    def acknowledge(self, key: str, answer: Answer, before: int) -> None:
        """A write was answered that was begun when ``before`` was the newest revision."""
        revision = answer.revision
        assert revision > before, f"{key}: revision {revision} is not after {before}, which was acknowledged earlier"
        assert self.owner_of.setdefault(revision, key) == key, f"revision {revision} was given twice"
        self.acknowledged[key, revision] = state_of(answer.body)
        self.newest = max(self.newest, revision)
        self.count += 1


class Step(NamedTuple):
    """One request and the state that it leads to."""

    method: str
    target: str
    body: Any
    media: str
    after: State
    is_change: bool = True


class Writer:
    """One client with objects of its own; ``states`` are its names' states, two where nobody knows which."""

    def __init__(self, number: int, shared: Shared, client: Client, chance: random.Random) -> None:
        self._number, self._shared, self._client, self._chance = number, shared, client, chance
        self.states: dict[tuple[str, str], set[State]] = {
            (namespace, f"w{number}-{place}"): {None} for namespace in NAMESPACES for place in range(3)
        }
        self._objects: dict[tuple[str, str], Any] = {}

    async def settle(self) -> None:
        """After a restart: what is there is what was acknowledged, or what was on its way.  Raises: ``Lost``."""
        for name, states in self.states.items():
            answer = await self._client.ask("GET", self._target(name))
            assert answer.status in (200, 404), answer
            found = state_of(answer.body) if answer.status == 200 else None
            assert found in states, f"{name}: found {found}, should be one of {states}"
            self.states[name] = {found}
            self._objects[name] = answer.body if answer.status == 200 else None

    async def write(self) -> None:
        """One random step.  Raises: ``Lost``."""
        name = self._chance.choice(list(self.states))
        (before,) = self.states[name]
        step = self._step(name, before)
        newest = self._shared.newest
        self.states[name] = {before, step.after}
        answer = await self._client.ask(step.method, step.target, step.body, step.media)
        assert answer.status in (200, 201), (step, answer)
        self.states[name] = {step.after}
        if step.method == "DELETE":
            self._objects[name] = None
            self._shared.count += 1
            return
        assert state_of(answer.body) == step.after, (step, answer)
        known = self._objects.get(name)
        if step.after == before and known:
            assert answer.revision == int(known["metadata"]["resourceVersion"]), "a write of nothing was written"
        else:
            self._shared.acknowledge("/".join(name), answer, newest)
        self._objects[name] = answer.body

    @staticmethod
    def _target(name: tuple[str, str]) -> str:
        return f"/api/v1/namespaces/{name[0]}/configmaps/{name[1]}"

    def _step(self, name: tuple[str, str], before: State) -> Step:
        target, chance = self._target(name), self._chance
        labels = {"color": chance.choice(["red", "green"]), "writer": str(self._number)}
        data = {"k": str(chance.randrange(5)), "filling": "x" * chance.choice([0, 10, 3000])}
        wanted = {"metadata": {"name": name[1], "labels": labels}, "data": data}
        after = state_of(wanted)
        if before is None:
            if chance.random() < 0.3:
                whole = {"apiVersion": "v1", "kind": "ConfigMap", **wanted}
                return Step("PATCH", f"{target}?fieldManager=w&force=true", whole, APPLY, after)
            return Step("POST", target.rpartition("/")[0], wanted, "application/json", after)
        held = self._objects[name]
        put = {"metadata": {**held["metadata"], "labels": labels}, "data": data}
        matches = {"preconditions": {"resourceVersion": held["metadata"]["resourceVersion"]}}
        operations = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": held["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/data", "value": data},
            {"op": "replace", "path": "/metadata/labels", "value": labels},
        ]
        return chance.choice([
            Step("PUT", target, put, "application/json", after),
            Step("PATCH", target, wanted, MERGE, after),
            Step("PATCH", target, wanted, STRATEGIC, after),
            Step("PATCH", target, operations, JSON, after),
            Step("PUT", target, held, "application/json", before),
            Step("DELETE", target, matches, "application/json", None),
        ])  # fmt: skip


class Counter:
    """Many writers count one number up, by optimistic locking."""

    TARGET = "/api/v1/namespaces/default/configmaps/counter"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.certain = 0
        self.unsure = 0

    async def count_up(self, client: Client) -> None:
        """Raises: ``Lost``."""
        answer = await client.ask("GET", self.TARGET)
        if answer.status == 404:
            await client.ask("POST", self.TARGET.rpartition("/")[0], self._body("0"))
            return
        value = int(answer.body["data"]["n"])
        newest = self._shared.newest
        body = {"metadata": answer.body["metadata"], "data": {"n": str(value + 1)}}
        try:
            told = await client.ask("PUT", self.TARGET, body)
        except Lost:
            self.unsure += 1
            raise
        if told.status == 200:
            self.certain += 1
            self._shared.acknowledge("default/counter", told, newest)
        else:
            assert told.status == 409, told

    @staticmethod
    def _body(value: str) -> Any:
        return {"metadata": {"name": "counter"}, "data": {"n": value}}

    async def check(self, client: Client) -> None:
        """No step is lost, and none is counted twice."""
        answer = await client.ask("GET", self.TARGET)
        found = int(answer.body["data"]["n"]) if answer.status == 200 else 0
        assert self.certain <= found <= self.certain + self.unsure, (found, self.certain, self.unsure)
