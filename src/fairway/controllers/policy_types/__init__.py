"""Policy types: whether the expressions of ValidatingAdmissionPolicies fit the types of what they judge.

Shape: ``warnings(policy, types_of)`` says what does not fit; the controller writes it into the policy's status.
Source: Kubernetes docs, "Validating Admission Policy", "Type checking"; the texts are upstream's.
"""

from fairway.controllers.policy_types.reconcile import POLICY_TYPES

__all__ = ["POLICY_TYPES"]
