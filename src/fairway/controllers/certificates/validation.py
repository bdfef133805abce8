"""What each of our signers signs; the texts are the conditions that a refused request gets.

Source: Kubernetes docs, "Certificates and Certificate Signing Requests", "Kubernetes signers".
"""

from collections.abc import Iterable, Sequence

from cryptography import x509

from fairway.kinds.certificate_signing_request import CLIENT, KUBELET_CLIENT, KUBELET_SERVING

_OPTIONAL = "key encipherment"
_NODE = "system:node:"
_ALTERNATIVES = {
    "DNS": x509.DNSName,
    "email": x509.RFC822Name,
    "IP": x509.IPAddress,
    "URI": x509.UniformResourceIdentifier,
}


def check(request: x509.CertificateSigningRequest, signer: str, usages: Sequence[str]) -> None:
    """Raises: ``ValueError`` with what is wrong."""
    if len(request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)) > 1:
        # Readers differ in which of them they take: what is checked here must be what the API server sees.
        raise ValueError("subject has more than one common name")
    if signer == CLIENT:
        _check_client_usages(usages)
    elif signer == KUBELET_CLIENT:
        _check_organization(request)
        _refuse(request, ("DNS", "email", "IP", "URI"))
        _check_usages(usages, "client auth")
        _check_node(request)
    elif signer == KUBELET_SERVING:
        _check_organization(request)
        if not _has(request, "DNS") and not _has(request, "IP"):
            raise ValueError("DNS or IP subjectAltName is required")
        _refuse(request, ("email", "URI"))
        _check_usages(usages, "server auth")
        _check_node(request)


def common_name(request: x509.CertificateSigningRequest) -> str:
    """Whom the request is for."""
    found = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def organizations(request: x509.CertificateSigningRequest) -> list[str]:
    """The groups that he would have."""
    return [str(one.value) for one in request.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)]


def _check_client_usages(usages: Iterable[str]) -> None:
    for usage in usages:
        if usage not in ("digital signature", _OPTIONAL, "client auth"):
            raise ValueError(f"invalid usage for client certificate: {usage}")
    if "client auth" not in usages:
        raise ValueError("missing required usage for client certificate: client auth")


def _check_organization(request: x509.CertificateSigningRequest) -> None:
    if organizations(request) != ["system:nodes"]:
        raise ValueError("subject organization is not system:nodes")


def _check_node(request: x509.CertificateSigningRequest) -> None:
    if not common_name(request).startswith(_NODE):
        raise ValueError(f"subject common name does not begin with {_NODE}")


def _check_usages(usages: Iterable[str], purpose: str) -> None:
    needed = {"digital signature", purpose}
    if set(usages) - {_OPTIONAL} != needed:
        raise ValueError(f"usages did not match {sorted(needed | {_OPTIONAL})}")


def _refuse(request: x509.CertificateSigningRequest, names: Iterable[str]) -> None:
    for name in names:
        if _has(request, name):
            raise ValueError(f"{name} subjectAltNames are not allowed")


def _has(request: x509.CertificateSigningRequest, name: str) -> bool:
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return any(isinstance(one, _ALTERNATIVES[name]) for one in found)
