"""Which objects exist: one file per kind, one tuple ``ALL``.

Pure.  Nothing here does I/O or knows the API server.
"""

from fairway.kinds.config_map import CONFIG_MAP
from fairway.kinds.controller_revision import CONTROLLER_REVISION
from fairway.kinds.daemon_set import DAEMON_SET
from fairway.kinds.deployment import DEPLOYMENT
from fairway.kinds.endpoint_slice import ENDPOINT_SLICE
from fairway.kinds.endpoints import ENDPOINTS
from fairway.kinds.event import EVENT
from fairway.kinds.ingress import INGRESS
from fairway.kinds.ingress_class import INGRESS_CLASS
from fairway.kinds.ip_address import IP_ADDRESS
from fairway.kinds.kind import Kind
from fairway.kinds.lease import LEASE
from fairway.kinds.namespace import NAMESPACE
from fairway.kinds.network_policy import NETWORK_POLICY
from fairway.kinds.node import NODE
from fairway.kinds.pod import POD
from fairway.kinds.rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from fairway.kinds.replica_set import REPLICA_SET
from fairway.kinds.replication_controller import REPLICATION_CONTROLLER
from fairway.kinds.review import (
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REVIEW,
)
from fairway.kinds.secret import SECRET
from fairway.kinds.service import SERVICE
from fairway.kinds.service_account import SERVICE_ACCOUNT
from fairway.kinds.service_cidr import SERVICE_CIDR

ALL: tuple[Kind, ...] = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    ENDPOINTS,
    ENDPOINT_SLICE,
    IP_ADDRESS,
    SERVICE_CIDR,
    INGRESS,
    INGRESS_CLASS,
    NETWORK_POLICY,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    DEPLOYMENT,
    DAEMON_SET,
    CONTROLLER_REVISION,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    EVENT,
    LEASE,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
)

VIRTUAL: tuple[Kind, ...] = (
    TOKEN_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
)
"""Kinds that are asked and answered but never stored."""

__all__ = [
    "ALL",
    "CLUSTER_ROLE",
    "CLUSTER_ROLE_BINDING",
    "CONFIG_MAP",
    "CONTROLLER_REVISION",
    "DAEMON_SET",
    "DEPLOYMENT",
    "ENDPOINTS",
    "ENDPOINT_SLICE",
    "EVENT",
    "INGRESS",
    "INGRESS_CLASS",
    "IP_ADDRESS",
    "LEASE",
    "LOCAL_SUBJECT_ACCESS_REVIEW",
    "NAMESPACE",
    "NETWORK_POLICY",
    "NODE",
    "POD",
    "REPLICATION_CONTROLLER",
    "REPLICA_SET",
    "ROLE",
    "ROLE_BINDING",
    "SECRET",
    "SELF_SUBJECT_ACCESS_REVIEW",
    "SELF_SUBJECT_REVIEW",
    "SELF_SUBJECT_RULES_REVIEW",
    "SERVICE",
    "SERVICE_ACCOUNT",
    "SERVICE_CIDR",
    "SUBJECT_ACCESS_REVIEW",
    "TOKEN_REVIEW",
    "VIRTUAL",
    "Kind",
]
