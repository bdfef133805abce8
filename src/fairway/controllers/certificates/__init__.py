"""CertificateSigningRequests: those of kubelets are approved, those approved for our signers signed, old ones removed.

``validation`` says what may be signed, ``signing`` signs, ``plan`` says what is to be done.
Source: Kubernetes docs, "Certificates and Certificate Signing Requests", "Kubernetes signers"; "TLS bootstrapping".
"""

import logging

from fairway.controllers.certificates import plan
from fairway.kinds import CERTIFICATE_SIGNING_REQUEST, SUBJECT_ACCESS_REVIEW
from fairway.kinds.certificate_signing_request import APPROVED, FAILED, KUBELET_CLIENT, decoded
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.times import rfc3339

log = logging.getLogger(__name__)


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Approve, sign or remove; or look again when the request's time is over."""
    _, name = key
    found = cluster.get(CERTIFICATE_SIGNING_REQUEST, None, name)
    if found is None:
        return None
    left_s = plan.left_s(found, cluster.now())
    if left_s <= 0:
        await cluster.delete(CERTIFICATE_SIGNING_REQUEST, found)
    elif plan.is_to_be_signed(found) and cluster.settings.signing_ca is not None:
        await _sign(found, cluster)
    elif found["spec"].get("signerName") == KUBELET_CLIENT and plan.is_pending(found):
        await _approve(found, cluster)
    return max(left_s, 0.0) + 0.001 if left_s > 0 else None


async def _sign(found: Object, cluster: Cluster) -> None:
    # A library of ten megabytes, which a cluster without such requests does without.
    from fairway.controllers.certificates import signing, validation

    spec, status = found["spec"], dict(found.get("status") or {})
    try:
        request = signing.parsed(decoded(spec["request"]))
        validation.check(request, spec["signerName"], spec.get("usages") or ())
        authority = signing.read_authority(*cluster.settings.signing_ca)
        lasts_s = spec.get("expirationSeconds")
        status["certificate"] = signing.signed(request, authority, spec.get("usages") or (), lasts_s, cluster.now())
    except OSError as error:
        log.warning("the cluster's CA cannot sign", extra={"error": str(error)})
        return
    except ValueError as error:
        condition = _condition(FAILED, "SignerValidationFailure", str(error), cluster.now())
        status["conditions"] = [*(status.get("conditions") or ()), condition]
    await cluster.update(CERTIFICATE_SIGNING_REQUEST, {**found, "status": status}, subresource="status")


async def _approve(found: Object, cluster: Cluster) -> None:
    """A node may have a certificate for itself, and who bootstraps nodes one for any node, if roles say so."""
    from fairway.controllers.certificates import signing, validation

    spec = found["spec"]
    try:
        request = signing.parsed(decoded(spec["request"]))
        validation.check(request, spec["signerName"], spec.get("usages") or ())
    except ValueError:
        return
    is_self = spec.get("username") == validation.common_name(request)
    for subresource, message in plan.approvals(is_self=is_self):
        if await _is_allowed(spec, subresource, cluster):
            condition = _condition(APPROVED, "AutoApproved", message, cluster.now())
            status = {**(found.get("status") or {})}
            status["conditions"] = [*(status.get("conditions") or ()), condition]
            await cluster.update(CERTIFICATE_SIGNING_REQUEST, {**found, "status": status}, subresource="approval")
            return


async def _is_allowed(spec: Object, subresource: str, cluster: Cluster) -> bool:
    asked = {
        "user": spec.get("username") or "", "groups": spec.get("groups") or [], "uid": spec.get("uid") or "",
        "extra": spec.get("extra") or {},
        "resourceAttributes": {
            "group": CERTIFICATE_SIGNING_REQUEST.group, "resource": CERTIFICATE_SIGNING_REQUEST.plural,
            "verb": "create", "subresource": subresource, "version": "*",
        },
    }  # fmt: skip
    about = {"kind": SUBJECT_ACCESS_REVIEW.name, "apiVersion": SUBJECT_ACCESS_REVIEW.api_version, "metadata": {}}
    answer = await cluster.client.create(SUBJECT_ACCESS_REVIEW, {**about, "spec": asked})
    return bool((answer.get("status") or {}).get("allowed"))


def _condition(type_: str, reason: str, message: str, now_s: float) -> Object:
    return {"type": type_, "status": "True", "reason": reason, "message": message, "lastUpdateTime": rfc3339(now_s)}


CERTIFICATES = Controller(
    name="certificate-controller", owns=CERTIFICATE_SIGNING_REQUEST, reconcile=reconcile, workers=1
)

__all__ = ["CERTIFICATES"]
