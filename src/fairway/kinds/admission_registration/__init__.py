"""The kinds of admissionregistration.k8s.io/v1: who has a say in writes beside the API server itself.

Source: Kubernetes docs, "Dynamic Admission Control", "Validating Admission Policy".
"""

from fairway.kinds.admission_registration.webhooks import (
    MUTATING_WEBHOOK_CONFIGURATION,
    VALIDATING_WEBHOOK_CONFIGURATION,
)

__all__ = ["MUTATING_WEBHOOK_CONFIGURATION", "VALIDATING_WEBHOOK_CONFIGURATION"]
