"""Authorization: whether a user may do what is asked, by a fixed table of rules.

Pure.  Shape: ``is_allowed(user, asked)``; RBAC can take its place behind the same two arguments.
Source: Kubernetes docs, "Authorization", "Using Node Authorization"; bootstrap roles system:basic-user,
system:discovery, system:public-info-viewer, system:service-account-issuer-discovery, system:node and
system:node-proxier.
"""

from typing import NamedTuple

from fairway.apiserver.authentication import MASTERS
from fairway.apiserver.call import AUTHENTICATED, User
from fairway.apiserver.tokens.claims import ACCOUNTS
from fairway.objects.errors import StatusError

NODES = "system:nodes"
_NODE_PREFIX = "system:node:"


def node_name(user: User) -> str:
    """The node that ``user`` is; empty for others."""
    return user.name.removeprefix(_NODE_PREFIX) if user.name.startswith(_NODE_PREFIX) else ""


class Asked(NamedTuple):
    """What a request wants to do: to a resource, or to a ``path`` that is none."""

    verb: str
    group: str = ""
    plural: str = ""
    subresource: str = ""
    namespace: str | None = None
    name: str = ""
    path: str = ""


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
    _rule("authorization.k8s.io", "selfsubjectaccessreviews", "create"),
)

_NODE_RULES = (
    _rule("", "services endpoints nodes pods namespaces configmaps secrets serviceaccounts", "get list watch"),
    _rule("discovery.k8s.io", "endpointslices", "get list watch"),
    _rule("networking.k8s.io", "servicecidrs ipaddresses", "get list watch"),
    _rule("networking.k8s.io", "ingresses ingressclasses", "get list watch"),
    _rule("networking.k8s.io", "ingresses/status", "update patch"),
    _rule("", "nodes", "create update patch"),
    _rule("", "nodes/status pods/status", "update patch"),
    _rule("", "pods", "delete"),
    _rule("", "serviceaccounts/token", "create"),
    _rule("", "events", "create update patch"),
    _rule("events.k8s.io", "events", "create update patch"),
    _rule("coordination.k8s.io", "leases", "get list watch create update patch delete"),
)

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
    return NODES in user.groups and _may_as_node(user, asked)


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
    resource = f"{asked.plural}/{asked.subresource}" if asked.subresource else asked.plural
    if asked.group == "" and asked.plural == "nodes" and asked.verb in ("update", "patch"):
        # A node speaks for itself only.
        return resource in ("nodes", "nodes/status") and user.name == _NODE_PREFIX + asked.name
    return _is_in(_NODE_RULES, asked)


def _is_in(rules: tuple[Rule, ...], asked: Asked) -> bool:
    resource = f"{asked.plural}/{asked.subresource}" if asked.subresource else asked.plural
    return any(asked.group == rule.group and asked.verb in rule.verbs and resource in rule.resources for rule in rules)


def denied(user: User, asked: Asked) -> StatusError:
    """The 403 that says who may not do what."""
    if asked.path:
        text = f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"'
        return StatusError(403, "Forbidden", text)
    resource = f"{asked.plural}/{asked.subresource}" if asked.subresource else asked.plural
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    named = f"{asked.plural}{'.' + asked.group if asked.group else ''}" + (f' "{asked.name}"' if asked.name else "")
    text = (
        f'{named} is forbidden: User "{user.name}" cannot {asked.verb} resource "{resource}" '
        f'in API group "{asked.group}" {where}'
    )
    details = {"name": asked.name, "group": asked.group, "kind": asked.plural}
    return StatusError(403, "Forbidden", text, {key: value for key, value in details.items() if value})
