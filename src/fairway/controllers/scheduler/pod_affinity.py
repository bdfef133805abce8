"""PodAffinity: which topology domains a pod must, may not, or would rather share with other pods.  Pure.

Source: Kubernetes docs, "Assigning Pods to Nodes", "Inter-pod affinity and anti-affinity";
"Pod Topology Spread Constraints".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from fairway.controllers.rules import node_affinity, taints
from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.scheduler.node_state import NodeState
from fairway.objects import Object
from fairway.objects.labels import Selector, from_label_selector

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

NOT_AFFINE = "node(s) didn't match pod affinity rules"
ANTI_AFFINE = "node(s) didn't match pod anti-affinity rules"
OTHERS_ANTI_AFFINE = "node(s) didn't satisfy existing pods anti-affinity rules"
UNEVEN = "node(s) didn't match pod topology spread constraints"
NO_TOPOLOGY = "node(s) didn't match pod topology spread constraints (missing required label)"

Labels = Mapping[str, str]
NamespaceLabels = Callable[[str], Labels]


def terms(pod: Object, affinity: str, when: str) -> Sequence[Object]:
    """The terms of ``podAffinity`` or ``podAntiAffinity``."""
    return ((pod["spec"].get("affinity") or {}).get(affinity) or {}).get(when) or ()


class Term:
    """One term of ``owner``, ready to be asked about other pods."""

    __slots__ = ("_namespace_selector", "_namespaces", "_selector", "topology_key")

    def __init__(self, term: Object, owner: Object) -> None:
        self.topology_key: str = term["topologyKey"]
        self._selector = _selector(term, owner)
        self._namespaces = set(term.get("namespaces") or ())
        self._namespace_selector = None
        if term.get("namespaceSelector") is not None:
            self._namespace_selector = from_label_selector(term["namespaceSelector"])
        elif not self._namespaces:
            self._namespaces = {owner["metadata"]["namespace"]}

    def matches(self, pod: Object, namespace_labels: NamespaceLabels) -> bool:
        """Whether the term means ``pod``."""
        meta = pod["metadata"]
        if not self._selector.matches(meta.get("labels")):
            return False
        if meta["namespace"] in self._namespaces:
            return True
        selector = self._namespace_selector
        return selector is not None and selector.matches(namespace_labels(meta["namespace"]))


def _selector(term: Object, owner: Object) -> Selector:
    """The term's labelSelector, narrowed by matchLabelKeys to the owner's own labels.  Source: KEP-3633."""
    found = term.get("labelSelector")
    labels = owner["metadata"].get("labels") or {}
    keys = [key for key in term.get("matchLabelKeys") or () if key in labels]
    if found is None or not keys:
        return from_label_selector(found)
    same = {**(found.get("matchLabels") or {}), **{key: labels[key] for key in keys}}
    return from_label_selector({**found, "matchLabels": same})


class Neighbours:
    """What the pods that are placed mean for one pod that is to be placed: which domains are open to it."""

    def __init__(self, pod: Object, nodes: Sequence[NodeState], namespace_labels: NamespaceLabels) -> None:
        self._pod = pod
        self._nodes = nodes
        self._namespace_labels = namespace_labels
        self._wanted = [Term(one, pod) for one in terms(pod, "podAffinity", REQUIRED)]
        self._refused = [Term(one, pod) for one in terms(pod, "podAntiAffinity", REQUIRED)]
        self._wanted_domains = [self._domains(term) for term in self._wanted]
        self._refused_domains = {(term.topology_key, value) for term in self._refused for value in self._domains(term)}
        self._closed_domains = set(self._closed())
        self._spreads: list[_Spread] = []
        self._wished: list[_Spread] = []
        for one in pod["spec"].get("topologySpreadConstraints") or ():
            is_demanded = one.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"
            (self._spreads if is_demanded else self._wished).append(_Spread(one, pod, nodes))

    def _domains(self, term: Term) -> set[str]:
        """The values of the term's topology that hold a pod which the term means."""
        return {
            node.labels[term.topology_key]
            for node in self._nodes
            if term.topology_key in node.labels
            and any(term.matches(other, self._namespace_labels) for other in node.pods if _stays(other))
        }

    def _closed(self) -> Iterator[tuple[str, str]]:
        """The domains in which somebody will not have this pod."""
        for node in self._nodes:
            for other in node.reserved:
                for one in terms(other, "podAntiAffinity", REQUIRED):
                    value = node.labels.get(one["topologyKey"])
                    if value is not None and Term(one, other).matches(self._pod, self._namespace_labels):
                        yield one["topologyKey"], value

    def objection(self, node: NodeState) -> str:
        """Why the pod cannot be on ``node``; empty if it can."""
        if not self._is_affine(node):
            return NOT_AFFINE
        if any(node.labels.get(key) == value for key, value in self._refused_domains):
            return ANTI_AFFINE
        if any(node.labels.get(key) == value for key, value in self._closed_domains):
            return OTHERS_ANTI_AFFINE
        return next((text for spread in self._spreads if (text := spread.objection(node))), "")

    def _is_affine(self, node: NodeState) -> bool:
        """Every term has its pod in the domain; the first pod of a group may follow itself."""
        if any(term.topology_key not in node.labels for term in self._wanted):
            return False
        is_first = not any(self._wanted_domains) and all(
            term.matches(self._pod, self._namespace_labels) for term in self._wanted
        )
        return is_first or all(
            node.labels[term.topology_key] in domains
            for term, domains in zip(self._wanted, self._wanted_domains, strict=True)
        )

    def crowd(self, node: NodeState) -> int:
        """How many pods are there already that the pod would rather be spread from (ScheduleAnyway)."""
        return sum(spread.crowd(node) for spread in self._wished)

    def preference(self, node: NodeState) -> int:
        """The summed weights of preferred company, minus those of company to avoid."""
        total = 0
        for affinity, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
            for one in terms(self._pod, affinity, PREFERRED):
                term = Term(one["podAffinityTerm"], self._pod)
                value = node.labels.get(term.topology_key)
                total += sign * one["weight"] * sum(
                    term.matches(other, self._namespace_labels)
                    for near in self._nodes if value is not None and near.labels.get(term.topology_key) == value
                    for other in near.pods
                )  # fmt: skip
        return total


def _stays(pod: Object) -> bool:
    return not pod_rules.is_terminating(pod)


def _counts(constraint: Object, pod: Object, node: NodeState) -> bool:
    """Whether the node's domain is one of those between which the pods are to be even (KEP-3094)."""
    if constraint.get("nodeAffinityPolicy") != "Ignore" and not node_affinity.matches(pod, node):
        return False
    is_honored = constraint.get("nodeTaintsPolicy") == "Honor"
    return not (is_honored and taints.untolerated(pod, node.taints, "NoSchedule", "NoExecute"))


class _Spread:
    """One DoNotSchedule constraint: how many matching pods each domain holds now."""

    def __init__(self, constraint: Object, pod: Object, nodes: Sequence[NodeState]) -> None:
        self._key = constraint["topologyKey"]
        self._skew = constraint["maxSkew"]
        selector = _selector(constraint, pod)
        namespace = pod["metadata"]["namespace"]
        self._self = int(selector.matches(pod["metadata"].get("labels")))
        self._counts: dict[str, int] = {}
        for node in nodes:
            value = node.labels.get(self._key)
            if value is not None and _counts(constraint, pod, node):
                self._counts[value] = self._counts.get(value, 0) + sum(
                    other["metadata"]["namespace"] == namespace and selector.matches(other["metadata"].get("labels"))
                    for other in node.pods if _stays(other)
                )  # fmt: skip
        few = len(self._counts) < (constraint.get("minDomains") or 1)
        self._least = 0 if few else min(self._counts.values(), default=0)

    def crowd(self, node: NodeState) -> int:
        """The matching pods in the node's domain; where the node is in none, more than in any."""
        value = node.labels.get(self._key)
        return self._counts.get(value, 0) if value is not None else max(self._counts.values(), default=0) + 1

    def objection(self, node: NodeState) -> str:
        value = node.labels.get(self._key)
        if value is None:
            return NO_TOPOLOGY
        return UNEVEN if self._counts.get(value, 0) + self._self - self._least > self._skew else ""
