"""Certificates: who asks for one is written into the request, and who may approve or sign it is checked.

Source: Kubernetes docs, "Certificates and Certificate Signing Requests", "Authorization"; admission plugins
"CertificateApproval", "CertificateSigning" and "CertificateSubjectRestriction".
"""

from typing import TYPE_CHECKING

from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import Call
from fairway.kinds import CERTIFICATE_SIGNING_REQUEST
from fairway.kinds.certificate_signing_request import ASKER, CLIENT, FAILED, decoded, has_condition
from fairway.objects import Object, meta
from fairway.objects.errors import forbidden

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_MASTERS = "system:masters"


def certificates(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 403."""
    if call.kind is not CERTIFICATE_SIGNING_REQUEST:
        return
    if old is None:
        _check_subject(call, new)
        _fill_asker(call, new)
        return
    _stamp(new, old, api.clock())
    if call.subresource == "approval":
        _check_signer(call, old, "approve", api)
    elif call.subresource == "status" and _is_answer(new, old):
        _check_signer(call, old, "sign", api)


def _fill_asker(call: Call, new: Object) -> None:
    spec, user = new["spec"], call.user
    for field in ASKER:
        spec.pop(field, None)
    said = {
        "username": user.name, "uid": user.uid, "groups": list(user.groups),
        "extra": {key: list(values) for key, values in user.extra.items()},
    }  # fmt: skip
    spec.update((field, value) for field, value in said.items() if value)


def _is_answer(new: Object, old: Object) -> bool:
    certificates = [(one.get("status") or {}).get("certificate") for one in (new, old)]
    return certificates[0] != certificates[1] or has_condition(new, FAILED) != has_condition(old, FAILED)


def _check_signer(call: Call, found: Object, verb: str, api: "Api") -> None:
    signer = found["spec"].get("signerName") or ""
    for name in (signer, f"{signer.partition('/')[0]}/*"):
        if api.authorizer.is_allowed(call.user, Asked(verb, call.kind.group, "signers", "", None, name)):
            return
    why = f'user not permitted to {verb} requests with signerName "{signer}"'
    raise forbidden(call.kind.group, call.kind.plural, call.name, why)


def _check_subject(call: Call, new: Object) -> None:
    """Nobody becomes an administrator for good by a certificate."""
    spec = new["spec"]
    if spec.get("signerName") != CLIENT:
        return
    from cryptography import x509

    try:
        request = x509.load_pem_x509_csr(decoded(spec.get("request") or ""))
    except ValueError:
        # Out of shape: validation tells.
        return
    groups = [one.value for one in request.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)]
    if _MASTERS in groups:
        why = f"use of {CLIENT} signer with {_MASTERS} group is not allowed"
        raise forbidden(call.kind.group, call.kind.plural, new["metadata"].get("name") or "", why)


def _stamp(new: Object, old: Object, now_s: float) -> None:
    """Conditions say when they were written and since when they hold."""
    had = {one.get("type"): one for one in (old.get("status") or {}).get("conditions") or ()}
    now = meta.timestamp(now_s)
    for condition in (new.get("status") or {}).get("conditions") or ():
        before = had.get(condition.get("type"))
        if not condition.get("lastUpdateTime"):
            condition["lastUpdateTime"] = now
        if not condition.get("lastTransitionTime"):
            is_same = before is not None and before.get("status") == condition.get("status")
            condition["lastTransitionTime"] = (before or {}).get("lastTransitionTime") or now if is_same else now
