"""Flow control: the FlowSchemas and priority levels that every cluster has, and which schemas lead to no level.

Shape: ``wanted()`` and ``judged`` are pure; ``FlowControl.keep`` writes the condition ``Dangling``.
Source: Kubernetes docs, "API Priority and Fairness", "Mandatory Configuration Objects", "Suggested Configuration
Objects".
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from fairway.apiserver.watchers import ChangeSignal
from fairway.kinds import FLOW_SCHEMA, PRIORITY_LEVEL_CONFIGURATION
from fairway.kinds.kind import Kind
from fairway.objects import Object, meta
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

_AUTOUPDATE = {"apf.kubernetes.io/autoupdate-spec": "true"}
_HAND, _LENGTH = 6, 50
_LEVELS = {
    "system": (30, 33, 64, _HAND), "node-high": (40, 25, 64, _HAND), "leader-election": (10, 0, 16, 4),
    "workload-high": (40, 50, 128, _HAND), "workload-low": (100, 90, 128, _HAND),
    "global-default": (20, 50, 128, _HAND),
}  # fmt: skip
"""Shares, percent that may be lent, queues, and how many of them a flow is dealt."""
_MASTERS, _NODES = ("Group system:masters",), ("Group system:nodes",)
_ACCOUNTS = ("Group system:serviceaccounts",)
_EVERYBODY = ("Group system:authenticated", "Group system:unauthenticated")
_CONTROLLER, _SCHEDULER = "User system:kube-controller-manager", "User system:kube-scheduler"
_IN_SYSTEM = "Group system:serviceaccounts:kube-system"
_ANY = "* | * | * | *"
_PATHS = "* | *"
_LEASE = "coordination.k8s.io | leases | get create update"
_SYSTEM = "ServiceAccount kube-system/"
Rules = Sequence[tuple[Sequence[str], Sequence[str], Sequence[str]]]
_SCHEMAS: dict[str, tuple[int, str, str, Rules]] = {
    "exempt": (1, "exempt", "", [(_MASTERS, [_ANY], [_PATHS])]),
    "probes": (2, "exempt", "", [(_EVERYBODY[::-1], [], ["get | /healthz /readyz /livez"])]),
    "system-leader-election": (100, "leader-election", "ByUser", [
        ((_CONTROLLER, _SCHEDULER), ["coordination.k8s.io | leases | get create update | kube-system"], []),
    ]),
    "endpoint-controller": (150, "workload-high", "ByUser", [
        ((_CONTROLLER, f"{_SYSTEM}endpoint-controller", f"{_SYSTEM}endpointslice-controller"),
         ["- | endpoints | get create update | *", "discovery.k8s.io | endpointslices | get create update | *"], []),
    ]),
    "workload-leader-election": (200, "leader-election", "ByUser", [
        ((_IN_SYSTEM,), ["- | endpoints configmaps | get create update | *", f"{_LEASE} | *"], []),
    ]),
    "system-node-high": (400, "node-high", "ByUser", [
        (_NODES, ["- | nodes nodes/status | * | -", "coordination.k8s.io | leases | * | *"], []),
    ]),
    "system-nodes": (500, "system", "ByUser", [(_NODES, [_ANY], [_PATHS])]),
    "kube-controller-manager": (800, "workload-high", "ByNamespace", [((_CONTROLLER,), [_ANY], [_PATHS])]),
    "kube-scheduler": (800, "workload-high", "ByNamespace", [((_SCHEDULER,), [_ANY], [_PATHS])]),
    "kube-system-service-accounts": (900, "workload-high", "ByNamespace", [((_IN_SYSTEM,), [_ANY], [_PATHS])]),
    "service-accounts": (9000, "workload-low", "ByUser", [(_ACCOUNTS, [_ANY], [_PATHS])]),
    "global-default": (9900, "global-default", "ByUser", [(_EVERYBODY[::-1], [_ANY], [_PATHS])]),
    "catch-all": (10000, "catch-all", "ByUser", [(_EVERYBODY[::-1], [_ANY], [_PATHS])]),
}  # fmt: skip
"""Precedence, level, what tells flows apart, and rules: subjects, ``groups | resources | verbs | namespaces``, paths.

Namespaces ``-`` is the cluster's scope alone, ``*`` is all of both.
"""


def wanted() -> Iterator[tuple[Kind, Object]]:
    """Every level and then every schema."""
    metadata = {"annotations": _AUTOUPDATE}
    exempt = {"nominalConcurrencyShares": 0, "lendablePercent": 0}
    yield PRIORITY_LEVEL_CONFIGURATION, {
        "metadata": metadata | {"name": "exempt"}, "spec": {"type": "Exempt", "exempt": exempt},
    }  # fmt: skip
    yield PRIORITY_LEVEL_CONFIGURATION, _level("catch-all", 5, 0, {"type": "Reject"})
    for name, (shares, lent, queues, hand) in _LEVELS.items():
        queuing = {"queues": queues, "handSize": hand, "queueLengthLimit": _LENGTH}
        yield PRIORITY_LEVEL_CONFIGURATION, _level(name, shares, lent, {"type": "Queue", "queuing": queuing})
    for name, (precedence, level, method, rules) in _SCHEMAS.items():
        spec = {
            "matchingPrecedence": precedence, "priorityLevelConfiguration": {"name": level},
            "rules": [_rule(*rule) for rule in rules],
        }  # fmt: skip
        if method:
            spec["distinguisherMethod"] = {"type": method}
        yield FLOW_SCHEMA, {"metadata": metadata | {"name": name}, "spec": spec}


def _level(name: str, shares: int, lent: int, response: Object) -> Object:
    limited = {"nominalConcurrencyShares": shares, "lendablePercent": lent, "limitResponse": response}
    return {
        "metadata": {"annotations": _AUTOUPDATE, "name": name}, "spec": {"type": "Limited", "limited": limited},
    }  # fmt: skip


def _rule(subjects: Sequence[str], resources: Sequence[str], paths: Sequence[str]) -> Object:
    rule: Object = {"subjects": [_subject(text) for text in subjects]}
    if resources:
        rule["resourceRules"] = [_resources(line) for line in resources]
    if paths:
        rule["nonResourceRules"] = [_paths(line) for line in paths]
    return rule


def _subject(text: str) -> Object:
    kind, _, name = text.partition(" ")
    if kind == "ServiceAccount":
        namespace, _, name = name.partition("/")
        return {"kind": kind, "serviceAccount": {"name": name, "namespace": namespace}}
    return {"kind": kind, kind.lower(): {"name": name}}


def _resources(line: str) -> Object:
    groups, resources, verbs, namespaces = (part.split() for part in line.split("|"))
    rule: Object = {
        "apiGroups": ["" if group == "-" else group for group in groups], "resources": resources, "verbs": verbs,
    }  # fmt: skip
    if line == _ANY or namespaces == ["-"]:
        rule["clusterScope"] = True
    return rule if namespaces == ["-"] else {**rule, "namespaces": namespaces}


def _paths(line: str) -> Object:
    verbs, urls = (part.split() for part in line.split("|"))
    return {"verbs": verbs, "nonResourceURLs": urls}


def judged(schema: Object, levels: Collection[str], now_s: float) -> Object | None:
    """The status that a schema should have; ``None`` if it has it."""
    level = schema["spec"]["priorityLevelConfiguration"]["name"]
    if level in levels:
        status, reason, end = "False", "Found", "and it exists"
    else:
        status, reason, end = "True", "NotFound", "but there is no such object"
    message = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" {end}'
    conditions = (schema.get("status") or {}).get("conditions") or []
    had: Object = next((one for one in conditions if one.get("type") == "Dangling"), {})
    if (had.get("status"), had.get("reason"), had.get("message")) == (status, reason, message):
        return None
    is_same = had.get("status") == status
    since = had["lastTransitionTime"] if is_same and "lastTransitionTime" in had else meta.timestamp(now_s)
    made = {
        "type": "Dangling", "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
    }  # fmt: skip
    return {"conditions": [*(one for one in conditions if one.get("type") != "Dangling"), made]}


class FlowControl:
    """Sees that every FlowSchema tells whether its level exists."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._schemas, self._levels = api.cache.of(FLOW_SCHEMA), api.cache.of(PRIORITY_LEVEL_CONFIGURATION)

    async def keep(self) -> None:
        """``settle`` whenever a schema or a level changes; until cancelled."""
        signal = ChangeSignal([self._schemas, self._levels], lambda _: True)
        try:
            while True:
                await signal.wait()
                await self.settle()
        finally:
            signal.close()

    async def settle(self) -> None:
        """Write what is not told yet, or told wrongly."""
        levels = {key.removeprefix(PRIORITY_LEVEL_CONFIGURATION.prefix) for key in self._levels.live}
        found = [stored.object for stored in self._schemas.live.values()]
        told = [(one, judged(one, levels, self._api.clock())) for one in found]
        await asyncio.gather(*(self._write(one, status) for one, status in told if status is not None))

    async def _write(self, found: Object, status: Object) -> None:
        name = found["metadata"]["name"]
        body = {**found, "status": status}
        try:
            await self._api.call("update", FLOW_SCHEMA, name=name, subresource="status", body=body)
        except StatusError as error:
            # Changed or deleted meanwhile: that is a change, and wakes us again.
            log.debug("a FlowSchema's status is not written", extra={"name": name, "error": error.message})
