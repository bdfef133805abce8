"""Authorization: whether a user may do what is asked, and why not.

Shape: ``Authorizer(cache).is_allowed(user, asked)``; ``asked`` names the question, ``fixed`` what holds whatever roles
there are, ``rules`` how a role's rules are read, ``rbac`` who has which roles.
Source: Kubernetes docs, "Authorization", "Using RBAC Authorization", "Using Node Authorization".
"""

from fairway.apiserver.authorization.asked import Asked, attributes, denied
from fairway.apiserver.authorization.fixed import MASTERS, NODES, node_name
from fairway.apiserver.authorization.rbac import Authorizer

__all__ = ["MASTERS", "NODES", "Asked", "Authorizer", "attributes", "denied", "node_name"]
