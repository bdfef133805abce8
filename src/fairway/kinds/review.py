"""Reviews: questions in the form of objects, answered at once and never stored.

Source: Kubernetes API reference, "TokenReview", "SelfSubjectReview", "SubjectAccessReview".
"""

from fairway.kinds.kind import Kind

_ASKED = ("create",)

TOKEN_REVIEW = Kind(
    group="authentication.k8s.io", version="v1", name="TokenReview", plural="tokenreviews",
    namespaced=False,
    verbs=_ASKED,
)  # fmt: skip
SELF_SUBJECT_REVIEW = Kind(
    group="authentication.k8s.io", version="v1", name="SelfSubjectReview", plural="selfsubjectreviews",
    namespaced=False,
    verbs=_ASKED,
)  # fmt: skip
SELF_SUBJECT_ACCESS_REVIEW = Kind(
    group="authorization.k8s.io", version="v1", name="SelfSubjectAccessReview", plural="selfsubjectaccessreviews",
    namespaced=False,
    verbs=_ASKED,
)  # fmt: skip
SUBJECT_ACCESS_REVIEW = Kind(
    group="authorization.k8s.io", version="v1", name="SubjectAccessReview", plural="subjectaccessreviews",
    namespaced=False,
    verbs=_ASKED,
)  # fmt: skip
LOCAL_SUBJECT_ACCESS_REVIEW = Kind(
    group="authorization.k8s.io", version="v1", name="LocalSubjectAccessReview", plural="localsubjectaccessreviews",
    verbs=_ASKED,
)  # fmt: skip
SELF_SUBJECT_RULES_REVIEW = Kind(
    group="authorization.k8s.io", version="v1", name="SelfSubjectRulesReview", plural="selfsubjectrulesreviews",
    namespaced=False,
    verbs=_ASKED,
)  # fmt: skip
