"""Which certificate requests a signer takes, and whom extension servers are told of."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fairway.apiserver.aggregation.asking import remote_headers
from fairway.apiserver.call import User
from fairway.controllers.certificates.validation import check
from fairway.kinds.certificate_signing_request import CLIENT, KUBELET_CLIENT

pytestmark = pytest.mark.pure
KEY = ec.generate_private_key(ec.SECP256R1())
USAGES = ("digital signature", "client auth")


def request(*names: str, group: str = "system:nodes") -> x509.CertificateSigningRequest:
    subject = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, group)]
    subject += [x509.NameAttribute(x509.NameOID.COMMON_NAME, name) for name in names]
    return x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject)).sign(KEY, hashes.SHA256())


@pytest.mark.parametrize("signer", [CLIENT, KUBELET_CLIENT])
def test_nobody_has_two_names(signer: str) -> None:
    check(request("system:node:n1"), signer, USAGES)
    with pytest.raises(ValueError, match="more than one common name"):
        check(request("system:node:n1", "system:kube-scheduler"), signer, USAGES)


@pytest.mark.parametrize("name", ["jane\r\nX-Remote-Group: system:masters", "jane\n", "\0"])
def test_a_name_that_no_header_can_hold_is_not_passed_on(name: str) -> None:
    for user in (User(name), User("jane", (name,)), User("jane", (), name), User("jane", extra={"a": (name,)})):
        with pytest.raises(ValueError, match="invalid header field value"):
            remote_headers(user)


def test_names_of_all_letters_are_told_apart() -> None:
    told = dict(remote_headers(User("日本", ("é",), extra={"A/b": ("c",)})))
    assert told["X-Remote-User"].encode("latin-1") == "日本".encode()
    assert told["X-Remote-Group"].encode("latin-1") == "é".encode()
    assert told["X-Remote-Extra-a%2Fb"] == "c"
