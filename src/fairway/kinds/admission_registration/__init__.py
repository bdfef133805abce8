"""The kinds of admissionregistration.k8s.io/v1: who has a say in writes beside the API server itself.

Source: Kubernetes docs, "Dynamic Admission Control", "Validating Admission Policy".
"""

from fairway.kinds.admission_registration.bindings import (
    MUTATING_ADMISSION_POLICY_BINDING,
    VALIDATING_ADMISSION_POLICY_BINDING,
)
from fairway.kinds.admission_registration.policies import MUTATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY
from fairway.kinds.admission_registration.webhooks import (
    MUTATING_WEBHOOK_CONFIGURATION,
    VALIDATING_WEBHOOK_CONFIGURATION,
)

ADMISSION_REGISTRATION = (
    MUTATING_ADMISSION_POLICY,
    MUTATING_ADMISSION_POLICY_BINDING,
    MUTATING_WEBHOOK_CONFIGURATION,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    VALIDATING_WEBHOOK_CONFIGURATION,
)
"""All of them."""

__all__ = [
    "ADMISSION_REGISTRATION",
    "MUTATING_ADMISSION_POLICY",
    "MUTATING_ADMISSION_POLICY_BINDING",
    "MUTATING_WEBHOOK_CONFIGURATION",
    "VALIDATING_ADMISSION_POLICY",
    "VALIDATING_ADMISSION_POLICY_BINDING",
    "VALIDATING_WEBHOOK_CONFIGURATION",
]
