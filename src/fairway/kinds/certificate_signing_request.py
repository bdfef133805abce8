"""CertificateSigningRequest (certificates.k8s.io/v1): somebody asks a signer for a certificate.

Source: Kubernetes docs, "Certificates and Certificate Signing Requests".
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from fairway.kinds.kind import STATUS, Column, Kind, Subresource
from fairway.kinds.rules.cells import AGE, NONE, at, field
from fairway.kinds.rules.values import child, drop_null
from fairway.objects import Object, names
from fairway.objects.ages import duration
from fairway.objects.errors import (
    Problem,
    duplicate,
    forbidden_value,
    invalid_value,
    not_supported,
    required,
    too_long,
)

GROUP = "certificates.k8s.io"
APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"
CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
LEGACY = "kubernetes.io/legacy-unknown"
ASKER = ("username", "uid", "groups", "extra")
"""Fields of the spec that say who asks; the server fills them in."""
USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_SHORTEST_S = 600
_DECISIONS = (APPROVED, DENIED, FAILED)
_UNTIMED = {"lastUpdateTime": None, "lastTransitionTime": None}
_BEGIN, _END = b"-----BEGIN CERTIFICATE REQUEST-----", b"-----END CERTIFICATE REQUEST-----"
_blocks = re.compile(rb"^-----BEGIN ([^\n]*)-----[ \t\r]*\n(.*?)^-----END \1-----", re.DOTALL | re.MULTILINE).findall
_SEQUENCE = 0x30
_DOMAIN_MAX = 253
_SIGNER_MAX = 571
"""A domain, a slash, a namespace, a dot and a name."""


def defaults(new: Object) -> None:
    """Nothing is filled in; nulls go."""
    drop_null(child(new, "spec"), "usages", "expirationSeconds", "extra", "groups")
    child(new, "status")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The request stays as it was made; conditions of approval and the rest of the status change apart."""
    if old is None:
        new["status"] = {}
        return
    new["spec"], was, said = old["spec"], old.get("status") or {}, new.get("status") or {}
    if subresource == "approval":
        new["status"] = _with(was, conditions=said.get("conditions"))
    elif subresource == "status":
        new["status"] = _with(
            said, conditions=_kept_decisions(said.get("conditions") or [], was.get("conditions") or [])
        )
    else:
        new["status"] = was


def _kept_decisions(said: list[Object], was: list[Object]) -> list[Object]:
    """What a signer says: decisions are not his, and stay as they were; more or fewer of them are refused later."""
    for type_ in (APPROVED, DENIED):
        kept = [one for one in was if one.get("type") == type_]
        if len(kept) == sum(one.get("type") == type_ for one in said):
            left = iter(kept)
            said = [next(left) if one.get("type") == type_ else one for one in said]
    return said


def _with(status: Object, *, conditions: list[Object] | None) -> Object:
    rest = {key: value for key, value in status.items() if key != "conditions"}
    return {**rest, "conditions": conditions} if conditions else rest


def decoded(text: str) -> bytes:
    """The bytes that a base64 field stands for; none if it is malformed."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """A request in PEM, a signer, usages; conditions that can be true together.  It is decided upon elsewhere."""
    yield from _either_way(new, old)
    if old is None:
        return
    found, before = ((each.get("status") or {}).get("conditions") or [] for each in (new, old))
    for type_ in (APPROVED, DENIED):
        was, is_ = ([one for one in each if one.get("type") == type_] for each in (before, found))
        if len(is_) > len(was):
            yield forbidden_value("status.conditions", f'updates may not add a condition of type "{type_}"')
        elif len(is_) == len(was) and [{**one, **_UNTIMED} for one in was] != [{**one, **_UNTIMED} for one in is_]:
            yield forbidden_value("status.conditions", f'updates may not modify a condition of type "{type_}"')


def _either_way(new: Object, old: Object | None) -> Iterator[Problem]:
    spec, status = new["spec"], new.get("status") or {}
    if old is None:
        yield from _spec(spec)
    yield from _conditions(status.get("conditions") or [], ((old or {}).get("status") or {}).get("conditions") or [])
    certificate, was = status.get("certificate"), ((old or {}).get("status") or {}).get("certificate")
    if was and certificate != was:
        yield forbidden_value("status.certificate", "updates may not modify existing certificate content")
    elif certificate and certificate != was and (fault := _certificate_fault(decoded(certificate))):
        yield invalid_value("status.certificate", "<certificate data>", fault)


def _certificate_fault(raw: bytes) -> str:
    """What is wrong with certificates in PEM.  Source: RFC 7468."""
    blocks = list(_blocks(raw))
    for type_, body in blocks:
        if type_ != b"CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{type_.decode(errors="replace")}"'
        if b":" in body:
            return "no PEM block headers are permitted"
        der = decoded(b"".join(body.split()).decode(errors="replace"))
        if not der:
            return "found CERTIFICATE PEM block containing 0 certificates"
        if der[0] != _SEQUENCE:
            return "x509: malformed certificate"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def _spec(spec: Object) -> Iterator[Problem]:
    request = decoded(spec.get("request") or "")
    if not request.strip().startswith(_BEGIN) or _END not in request:
        yield invalid_value("spec.request", spec.get("request") or "", "PEM block type must be CERTIFICATE REQUEST")
    usages = spec.get("usages") or []
    if not usages:
        yield required("spec.usages", "usages must be provided")
    for index, usage in enumerate(usages):
        if usage not in USAGES:
            yield not_supported(f"spec.usages[{index}]", usage, USAGES)
        if usage in usages[:index]:
            yield duplicate(f"spec.usages[{index}]", usage)
    signer = spec.get("signerName") or ""
    if signer == LEGACY:
        yield invalid_value("spec.signerName", signer, "the legacy signerName is not allowed via this API version")
    else:
        yield from signer_name("spec.signerName", signer)
    lasts_s = spec.get("expirationSeconds")
    if lasts_s is not None and lasts_s < _SHORTEST_S:
        yield invalid_value(
            "spec.expirationSeconds",
            lasts_s,
            f"may not specify a duration less than {_SHORTEST_S} seconds (10 minutes)",
        )


def signer_name(path: str, name: str) -> Iterator[Problem]:
    """``example.com/signer``: a domain of two labels at least, and a path; of each only the first fault is told."""
    if not name:
        yield required(path, "signerName must be provided")
        return
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        yield invalid_value(path, name, text)
        return
    if len(domain) > _DOMAIN_MAX:
        yield too_long(path, _DOMAIN_MAX)
    yield from _first_fault(path, domain, names.dns_label)
    if "." not in domain:
        yield invalid_value(path, domain, "should be a domain with at least two segments separated by dots")
    yield from _first_fault(path, rest, names.dns_subdomain)
    if len(name) > _SIGNER_MAX:
        yield too_long(path, _SIGNER_MAX)


def _first_fault(path: str, value: str, rule: Callable[[str], Iterator[str]]) -> Iterator[Problem]:
    for part in value.split("."):
        if faults := list(rule(part)):
            yield from (invalid_value(path, value, f'validating label "{part}": {fault}') for fault in faults)
            return


def _conditions(found: list[Object], before: list[Object]) -> Iterator[Problem]:
    types = [one.get("type") or "" for one in found]
    may_be_both = {APPROVED, DENIED} <= {one.get("type") for one in before}
    for index, condition in enumerate(found):
        path, type_ = f"status.conditions[{index}]", types[index]
        if not type_:
            yield required(f"{path}.type")
        yield from _status(f"{path}.status", condition.get("status") or "", type_)
        if not may_be_both and _opposite(type_) in types[:index]:
            yield invalid_value(f"{path}.type", type_, "Approved and Denied conditions are mutually exclusive")
        if type_ in types[:index]:
            yield duplicate(f"{path}.type", type_)
    yield from _kept(found, before)


def _kept(found: list[Object], before: list[Object]) -> Iterator[Problem]:
    """What was decided stays decided."""
    for type_ in _DECISIONS:
        was, is_ = ([one for one in each if one.get("type") == type_] for each in (before, found))
        if len(was) > len(is_):
            yield forbidden_value("status.conditions", f'updates may not remove a condition of type "{type_}"')


def _status(path: str, status: str, type_: str) -> Iterator[Problem]:
    allowed = ("True",) if type_ in _DECISIONS else ("False", "True", "Unknown")
    if not status:
        yield required(path)
    elif status not in allowed:
        yield not_supported(path, status, allowed)


def _opposite(type_: str) -> str:
    return {APPROVED: DENIED, DENIED: APPROVED}.get(type_, "-")


def has_condition(found: Object, type_: str) -> bool:
    """Whether somebody said so of a request."""
    return any(one.get("type") == type_ for one in (found.get("status") or {}).get("conditions") or ())


def _condition(found: Object, _now: float) -> str:
    shown = DENIED if has_condition(found, DENIED) else APPROVED if has_condition(found, APPROVED) else "Pending"
    shown += ",Failed" if has_condition(found, FAILED) else ""
    return shown + (",Issued" if (found.get("status") or {}).get("certificate") else "")


def _lasts(found: Object, _now: float) -> str:
    lasts_s = found["spec"].get("expirationSeconds")
    return NONE if lasts_s is None else duration(lasts_s)


CERTIFICATE_SIGNING_REQUEST = Kind(
    group=GROUP, version="v1", name="CertificateSigningRequest", plural="certificatesigningrequests",
    short_names=("csr",),
    namespaced=False,
    subresources=(STATUS, Subresource("approval")),
    columns=(
        AGE,
        Column("SignerName", lambda found, _: found["spec"].get("signerName") or NONE),
        Column("Requestor", at("spec", "username")),
        Column("RequestedDuration", _lasts),
        Column("Condition", _condition),
    ),
    fields={"spec.signerName": field("spec", "signerName")},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    validate_below={"approval": _either_way},
)  # fmt: skip
