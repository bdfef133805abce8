"""Fixed: what some may do whatever roles there are: administrators, nodes, the cluster's own add-ons, health checks.

Pure.
Source: Kubernetes docs, "Authorization", "Using Node Authorization"; bootstrap roles system:basic-user,
system:discovery, system:public-info-viewer, system:service-account-issuer-discovery, system:node and
system:node-proxier.
"""

from typing import NamedTuple

from fairway.apiserver.authorization.asked import Asked
from fairway.apiserver.call import AUTHENTICATED, User
from fairway.apiserver.tokens.claims import ACCOUNTS

MASTERS = "system:masters"
NODES = "system:nodes"
_NODE_PREFIX = "system:node:"


def node_name(user: User) -> str:
    """The node that ``user`` is; empty for others."""
    return user.name.removeprefix(_NODE_PREFIX) if user.name.startswith(_NODE_PREFIX) else ""


class Rule(NamedTuple):
    """May do ``verbs`` to ``resources`` (``plural`` or ``plural/subresource``) of one group."""

    group: str
    resources: frozenset[str]
    verbs: frozenset[str]


def _rule(group: str, resources: str, verbs: str) -> Rule:
    return Rule(group, frozenset(resources.split()), frozenset(verbs.split()))


_OPEN_PATHS = ("/healthz", "/livez", "/readyz", "/version")
_DISCOVERY_PATHS = ("/api", "/apis", "/openapi")
_ISSUER_PATHS = ("/openid/v1/jwks", "/.well-known/openid-configuration")

_SELF_RULES = (
    _rule("authentication.k8s.io", "selfsubjectreviews", "create"),
    _rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
)

_NODE_RULES = (
    # Who asks a node for something, and what he may.
    _rule("authentication.k8s.io", "tokenreviews", "create"),
    _rule("authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews", "create"),
    _rule("", "services endpoints nodes pods namespaces serviceaccounts", "get list watch"),
    _rule("discovery.k8s.io", "endpointslices", "get list watch"),
    _rule("networking.k8s.io", "servicecidrs ipaddresses", "get list watch"),
    _rule("networking.k8s.io", "ingresses ingressclasses", "get list watch"),
    _rule("networking.k8s.io", "ingresses/status", "update patch"),
    # The agent finds the directories on its disk by the volumes that name it; they say nothing secret.
    _rule("", "persistentvolumes", "get list watch"),
    _rule("", "nodes", "create update patch"),
    _rule("", "nodes/status pods/status", "update patch"),
    _rule("", "pods", "create delete"),
    _rule("", "pods/eviction", "create"),
    _rule("", "serviceaccounts/token", "create"),
    _rule("", "events", "create update patch"),
    _rule("events.k8s.io", "events", "create update patch"),
    _rule("coordination.k8s.io", "leases", "get list watch create update patch delete"),
    _rule("certificates.k8s.io", "certificatesigningrequests", "create get list watch"),
    _rule("node.k8s.io", "runtimeclasses", "get list watch"),
    _rule("storage.k8s.io", "csidrivers", "get list watch"),
    _rule("storage.k8s.io", "csinodes", "create delete get patch update"),
    _rule("storage.k8s.io", "volumeattachments", "get"),
)
"""Secrets and what else pods name are not among them: see ``node_references``."""
INGRESS = "fairway:ingress"
"""The group of the node that runs the Ingress controller: certificates of hosts may be in any Secret."""
_INGRESS_RULES = (_rule("", "secrets", "get list watch"),)

_ADD_ON_RULES = {
    "system:kube-proxy": (
        _rule("", "services endpoints", "list watch"),
        _rule("", "nodes", "get list watch"),
        _rule("discovery.k8s.io", "endpointslices", "list watch"),
        _rule("networking.k8s.io", "servicecidrs", "list watch"),
        _rule("", "events", "create update patch"),
        _rule("events.k8s.io", "events", "create update patch"),
    ),
    "system:serviceaccount:kube-system:coredns": (
        _rule("", "services endpoints pods namespaces", "list watch"),
        _rule("discovery.k8s.io", "endpointslices", "list watch"),
    ),
}
"""What a Service proxy and cluster DNS that run alone may do, as system:node-proxier and system:coredns say."""
_ADD_ON_RULES["system:serviceaccount:kube-system:kube-proxy"] = _ADD_ON_RULES["system:kube-proxy"]


def is_allowed(user: User, asked: Asked) -> bool:
    """Whether ``user`` may."""
    if MASTERS in user.groups:
        return True
    if asked.path:
        return _may_read_path(user, asked)
    if AUTHENTICATED in user.groups and _is_in(_SELF_RULES, asked):
        return True
    if _is_in(_ADD_ON_RULES.get(user.name, ()), asked):
        return True
    if INGRESS in user.groups and _is_in(_INGRESS_RULES, asked):
        return True
    return NODES in user.groups and bool(node_name(user)) and _may_as_node(user, asked)


def _is_below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def _may_read_path(user: User, asked: Asked) -> bool:
    if asked.verb not in ("get", "head"):
        return False
    if ACCOUNTS in user.groups and asked.path in _ISSUER_PATHS:
        return True
    return _is_below(asked.path, _OPEN_PATHS) or (
        AUTHENTICATED in user.groups and _is_below(asked.path, _DISCOVERY_PATHS)
    )


def _may_as_node(user: User, asked: Asked) -> bool:
    if asked.group == "" and asked.plural == "nodes" and asked.verb in ("update", "patch"):
        # A node speaks for itself only.
        return asked.resource in ("nodes", "nodes/status") and user.name == _NODE_PREFIX + asked.name
    return _is_in(_NODE_RULES, asked)


def _is_in(rules: tuple[Rule, ...], asked: Asked) -> bool:
    return any(
        asked.group == rule.group and asked.verb in rule.verbs and asked.resource in rule.resources for rule in rules
    )
