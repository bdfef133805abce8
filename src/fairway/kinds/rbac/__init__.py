"""The kinds of rbac.authorization.k8s.io/v1: roles say what may be done, bindings say by whom.

Source: Kubernetes docs, "Using RBAC Authorization".
"""

from fairway.kinds.rbac.bindings import CLUSTER_ROLE_BINDING, ROLE_BINDING
from fairway.kinds.rbac.roles import CLUSTER_ROLE, ROLE

GROUP = "rbac.authorization.k8s.io"

__all__ = ["CLUSTER_ROLE", "CLUSTER_ROLE_BINDING", "GROUP", "ROLE", "ROLE_BINDING"]
