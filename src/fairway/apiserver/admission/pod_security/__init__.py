"""PodSecurity: pods of a namespace keep to the level that its labels say: privileged, baseline or restricted.

Shape: ``levels`` reads the labels, ``baseline`` and ``restricted`` hold the checks, ``judge`` puts them together, all
pure; ``pod_security`` is the step of admission.
Source: Kubernetes docs, "Pod Security Admission", "Pod Security Standards".
"""

from fairway.apiserver.admission.pod_security.step import pod_security

__all__ = ["pod_security"]
