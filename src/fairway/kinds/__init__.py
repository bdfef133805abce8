"""Which objects exist: one file per kind, one tuple ``ALL``.

Pure.  Nothing here does I/O or knows the API server.
"""

from fairway.kinds.admission_registration import (
    ADMISSION_REGISTRATION,
    MUTATING_ADMISSION_POLICY,
    MUTATING_ADMISSION_POLICY_BINDING,
    MUTATING_WEBHOOK_CONFIGURATION,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    VALIDATING_WEBHOOK_CONFIGURATION,
)
from fairway.kinds.api_service import API_SERVICE
from fairway.kinds.autoscaler import HORIZONTAL_POD_AUTOSCALER
from fairway.kinds.binding import BINDING
from fairway.kinds.certificate_signing_request import CERTIFICATE_SIGNING_REQUEST
from fairway.kinds.component_status import COMPONENT_STATUS
from fairway.kinds.config_map import CONFIG_MAP
from fairway.kinds.controller_revision import CONTROLLER_REVISION
from fairway.kinds.cron_job import CRON_JOB
from fairway.kinds.custom_resource_definition import CUSTOM_RESOURCE_DEFINITION
from fairway.kinds.daemon_set import DAEMON_SET
from fairway.kinds.deployment import DEPLOYMENT
from fairway.kinds.devices import DEVICE_CLASS, RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE, RESOURCE_SLICE
from fairway.kinds.endpoint_slice import ENDPOINT_SLICE
from fairway.kinds.endpoints import ENDPOINTS
from fairway.kinds.event import EVENT
from fairway.kinds.flow_control import FLOW_SCHEMA, PRIORITY_LEVEL_CONFIGURATION
from fairway.kinds.ingress import INGRESS
from fairway.kinds.ingress_class import INGRESS_CLASS
from fairway.kinds.ip_address import IP_ADDRESS
from fairway.kinds.job import JOB
from fairway.kinds.kind import Kind
from fairway.kinds.lease import LEASE
from fairway.kinds.limit_range import LIMIT_RANGE
from fairway.kinds.metrics import NODE_METRICS, POD_METRICS
from fairway.kinds.namespace import NAMESPACE
from fairway.kinds.network_policy import NETWORK_POLICY
from fairway.kinds.node import NODE
from fairway.kinds.pod import POD
from fairway.kinds.pod_disruption_budget import POD_DISRUPTION_BUDGET
from fairway.kinds.pod_template import POD_TEMPLATE
from fairway.kinds.priority_class import PRIORITY_CLASS
from fairway.kinds.rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from fairway.kinds.replica_set import REPLICA_SET
from fairway.kinds.replication_controller import REPLICATION_CONTROLLER
from fairway.kinds.resource_quota import RESOURCE_QUOTA
from fairway.kinds.review import (
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REVIEW,
)
from fairway.kinds.runtime_class import RUNTIME_CLASS
from fairway.kinds.secret import SECRET
from fairway.kinds.service import SERVICE
from fairway.kinds.service_account import SERVICE_ACCOUNT
from fairway.kinds.service_cidr import SERVICE_CIDR
from fairway.kinds.stateful_set import STATEFUL_SET
from fairway.kinds.volumes import (
    CSI_DRIVER,
    CSI_NODE,
    CSI_STORAGE_CAPACITY,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
    VOLUME_ATTRIBUTES_CLASS,
)

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
    STATEFUL_SET,
    JOB,
    CRON_JOB,
    PRIORITY_CLASS,
    HORIZONTAL_POD_AUTOSCALER,
    POD_DISRUPTION_BUDGET,
    CONTROLLER_REVISION,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    EVENT,
    LEASE,
    LIMIT_RANGE,
    RESOURCE_QUOTA,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    API_SERVICE,
    CERTIFICATE_SIGNING_REQUEST,
    POD_TEMPLATE,
    RUNTIME_CLASS,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    STORAGE_CLASS,
    CSI_DRIVER,
    CSI_NODE,
    CSI_STORAGE_CAPACITY,
    VOLUME_ATTACHMENT,
    VOLUME_ATTRIBUTES_CLASS,
    FLOW_SCHEMA,
    PRIORITY_LEVEL_CONFIGURATION,
    RESOURCE_CLAIM,
    RESOURCE_CLAIM_TEMPLATE,
    DEVICE_CLASS,
    RESOURCE_SLICE,
    CUSTOM_RESOURCE_DEFINITION,
    *ADMISSION_REGISTRATION,
)

VIRTUAL: tuple[Kind, ...] = (
    TOKEN_REVIEW,
    SELF_SUBJECT_REVIEW,
    SELF_SUBJECT_ACCESS_REVIEW,
    SUBJECT_ACCESS_REVIEW,
    LOCAL_SUBJECT_ACCESS_REVIEW,
    SELF_SUBJECT_RULES_REVIEW,
    BINDING,
    COMPONENT_STATUS,
    NODE_METRICS,
    POD_METRICS,
)
"""Kinds that are asked and answered but never stored."""

__all__ = [
    "ALL",
    "API_SERVICE",
    "BINDING",
    "CERTIFICATE_SIGNING_REQUEST",
    "CLUSTER_ROLE",
    "CLUSTER_ROLE_BINDING",
    "COMPONENT_STATUS",
    "CONFIG_MAP",
    "CONTROLLER_REVISION",
    "CRON_JOB",
    "CSI_DRIVER",
    "CSI_NODE",
    "CSI_STORAGE_CAPACITY",
    "CUSTOM_RESOURCE_DEFINITION",
    "DAEMON_SET",
    "DEPLOYMENT",
    "DEVICE_CLASS",
    "ENDPOINTS",
    "ENDPOINT_SLICE",
    "EVENT",
    "FLOW_SCHEMA",
    "HORIZONTAL_POD_AUTOSCALER",
    "INGRESS",
    "INGRESS_CLASS",
    "IP_ADDRESS",
    "JOB",
    "LEASE",
    "LIMIT_RANGE",
    "LOCAL_SUBJECT_ACCESS_REVIEW",
    "MUTATING_ADMISSION_POLICY",
    "MUTATING_ADMISSION_POLICY_BINDING",
    "MUTATING_WEBHOOK_CONFIGURATION",
    "NAMESPACE",
    "NETWORK_POLICY",
    "NODE",
    "NODE_METRICS",
    "PERSISTENT_VOLUME",
    "PERSISTENT_VOLUME_CLAIM",
    "POD",
    "POD_DISRUPTION_BUDGET",
    "POD_METRICS",
    "POD_TEMPLATE",
    "PRIORITY_CLASS",
    "PRIORITY_LEVEL_CONFIGURATION",
    "REPLICATION_CONTROLLER",
    "REPLICA_SET",
    "RESOURCE_CLAIM",
    "RESOURCE_CLAIM_TEMPLATE",
    "RESOURCE_QUOTA",
    "RESOURCE_SLICE",
    "ROLE",
    "ROLE_BINDING",
    "RUNTIME_CLASS",
    "SECRET",
    "SELF_SUBJECT_ACCESS_REVIEW",
    "SELF_SUBJECT_REVIEW",
    "SELF_SUBJECT_RULES_REVIEW",
    "SERVICE",
    "SERVICE_ACCOUNT",
    "SERVICE_CIDR",
    "STATEFUL_SET",
    "STORAGE_CLASS",
    "SUBJECT_ACCESS_REVIEW",
    "TOKEN_REVIEW",
    "VALIDATING_ADMISSION_POLICY",
    "VALIDATING_ADMISSION_POLICY_BINDING",
    "VALIDATING_WEBHOOK_CONFIGURATION",
    "VIRTUAL",
    "VOLUME_ATTACHMENT",
    "VOLUME_ATTRIBUTES_CLASS",
    "Kind",
]
