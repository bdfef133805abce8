"""Reviews: questions in the form of objects, answered at once and never stored.

Source: Kubernetes API reference, "TokenReview", "SelfSubjectReview", "SubjectAccessReview".
"""

from fairway.kinds.kind import Kind

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"


def _review(group: str, name: str, *, namespaced: bool = False) -> Kind:
    return Kind(
        group=group, version="v1", name=name, plural=f"{name.lower()}s", namespaced=namespaced, verbs=("create",)
    )


TOKEN_REVIEW = _review(_AUTHENTICATION, "TokenReview")
SELF_SUBJECT_REVIEW = _review(_AUTHENTICATION, "SelfSubjectReview")
SELF_SUBJECT_ACCESS_REVIEW = _review(_AUTHORIZATION, "SelfSubjectAccessReview")
SUBJECT_ACCESS_REVIEW = _review(_AUTHORIZATION, "SubjectAccessReview")
LOCAL_SUBJECT_ACCESS_REVIEW = _review(_AUTHORIZATION, "LocalSubjectAccessReview", namespaced=True)
SELF_SUBJECT_RULES_REVIEW = _review(_AUTHORIZATION, "SelfSubjectRulesReview")
