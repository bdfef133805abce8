"""Kinds of flowcontrol.apiserver.k8s.io/v1: which requests wait for which, when the API server is busy.

Source: Kubernetes docs, "API Priority and Fairness".
"""

from fairway.kinds.flow_control.flow_schema import FLOW_SCHEMA
from fairway.kinds.flow_control.priority_level import PRIORITY_LEVEL_CONFIGURATION

__all__ = ["FLOW_SCHEMA", "PRIORITY_LEVEL_CONFIGURATION"]
