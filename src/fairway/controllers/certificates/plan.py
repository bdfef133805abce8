"""What becomes of a CertificateSigningRequest, and when.  Pure.

Source: Kubernetes docs, "Certificates and Certificate Signing Requests", "Request signing process".
"""

from collections.abc import Iterator

from fairway.kinds.certificate_signing_request import (
    APPROVED,
    CLIENT,
    DENIED,
    FAILED,
    KUBELET_CLIENT,
    KUBELET_SERVING,
    has_condition,
)
from fairway.objects import Object
from fairway.reconcile.times import parse_rfc3339

SIGNERS = (CLIENT, KUBELET_CLIENT, KUBELET_SERVING)
DECIDED_S, PENDING_S = 3600.0, 24 * 3600.0
"""How long a request is kept after it was decided on, and while nobody does."""


def is_pending(found: Object) -> bool:
    """Whether nobody has decided yet."""
    return not any(has_condition(found, type_) for type_ in (APPROVED, DENIED, FAILED))


def is_to_be_signed(found: Object) -> bool:
    """Whether it is approved, and for one of our signers, who have not answered yet."""
    return (
        found["spec"].get("signerName") in SIGNERS
        and has_condition(found, APPROVED)
        and not has_condition(found, DENIED)
        and not has_condition(found, FAILED)
        and not (found.get("status") or {}).get("certificate")
    )


def left_s(found: Object, now_s: float) -> float:
    """Seconds until it is removed."""
    conditions = (found.get("status") or {}).get("conditions") or ()
    decided = [one for one in conditions if one.get("type") in (APPROVED, DENIED, FAILED)]
    times = [one.get("lastUpdateTime") or one.get("lastTransitionTime") for one in decided]
    since = [parse_rfc3339(time) for time in times if time]
    if since:
        return min(since) + DECIDED_S - now_s
    return parse_rfc3339(found["metadata"]["creationTimestamp"]) + PENDING_S - now_s


def approvals(*, is_self: bool) -> Iterator[tuple[str, str]]:
    """(subresource that one must be allowed to create, what the approval says), the narrower first."""
    if is_self:
        yield "selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."
    yield "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."
