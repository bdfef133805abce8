"""Policies: expressions that judge, or change, what is written, as their bindings say.

Shape: ``Policies.judge`` refuses, ``Mutations.mutate`` changes; ``invocations`` says which policies a request meets,
with which parameters, and ``Evaluation`` runs the expressions of one of them.
Source: Kubernetes docs, "Validating Admission Policy", "Mutating Admission Policy"; the texts are upstream's.
"""

from fairway.apiserver.admission.policies.changing import Mutations
from fairway.apiserver.admission.policies.judging import Policies

__all__ = ["Mutations", "Policies"]
