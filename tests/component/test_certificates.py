"""CertificateSigningRequests from the request to a certificate that the API server takes, with the real kubectl."""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from component.served_api import KUBECTLS, ServedApi, served_api
from fairway.controllers.certificates import CERTIFICATES
from fairway.objects import Object

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")
CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ServedApi]:
    async with served_api(tmp_path, (CERTIFICATES,)) as made:
        yield made


def request(key: ec.EllipticCurvePrivateKey, name: str, *groups: str) -> str:
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
    names += [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, group) for group in groups]
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def manifest(name: str, pem: str, signer: str = CLIENT, **spec: Any) -> str:
    about: Object = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    wanted = {"request": pem, "signerName": signer, "usages": ["digital signature", "client auth"], **spec}
    return json.dumps({**about, "metadata": {"name": name}, "spec": wanted})


async def test_a_user_gets_a_certificate_that_the_api_server_knows_him_by(api: ServedApi) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    created = await api.kubectl("create", "-f", "-", text=manifest("jane", request(key, "jane", "dev")))
    assert created == "certificatesigningrequest.certificates.k8s.io/jane created\n"
    shown = (await api.kubectl("get", "csr", "--no-headers")).split()
    assert shown[0] == "jane" and shown[2:] == [CLIENT, "kubernetes-admin", "<none>", "Pending"]
    approved = await api.kubectl("certificate", "approve", "jane")
    assert approved == "certificatesigningrequest.certificates.k8s.io/jane approved\n"
    await api.kubectl("wait", "csr/jane", "--for=jsonpath={.status.certificate}", "--timeout=10s")
    assert (await api.kubectl("get", "csr", "--no-headers")).split()[-1] == "Approved,Issued"
    pem = base64.b64decode(await api.kubectl("get", "csr", "jane", "-o", "jsonpath={.status.certificate}"))
    (api.folder / "jane.crt").write_bytes(pem)
    form = serialization.PrivateFormat.PKCS8
    (api.folder / "jane.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    ssl.create_default_context(cafile=str(api.authority.ca)).load_cert_chain(
        api.folder / "jane.crt", api.folder / "jane.key"
    )
    pair = [f"--client-certificate={api.folder}/jane.crt", f"--client-key={api.folder}/jane.key"]
    where = [f"--server={api.url}", f"--certificate-authority={api.authority.ca}", "--kubeconfig=/dev/null"]
    said = await api.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo}", *where, *pair)
    assert json.loads(said)["username"] == "jane"
    assert "dev" in json.loads(said)["groups"]


async def test_a_denied_request_gets_none_and_cannot_be_approved(api: ServedApi) -> None:
    pem = request(ec.generate_private_key(ec.SECP256R1()), "jane")
    await api.kubectl("create", "-f", "-", text=manifest("jane", pem))
    denied = await api.kubectl("certificate", "deny", "jane")
    assert denied == "certificatesigningrequest.certificates.k8s.io/jane denied\n"
    refused = await api.kubectl("certificate", "approve", "jane", code=1)
    assert 'certificate signing request "jane" is already Denied' in refused
    assert (await api.kubectl("get", "csr", "--no-headers")).split()[-1] == "Denied"


async def test_a_request_that_the_signer_does_not_take_fails(api: ServedApi) -> None:
    pem = request(ec.generate_private_key(ec.SECP256R1()), "jane")
    text = manifest("jane", pem, usages=["client auth", "server auth"])
    await api.kubectl("create", "-f", "-", text=text)
    await api.kubectl("certificate", "approve", "jane")
    await api.kubectl("wait", "csr/jane", "--for=condition=Failed", "--timeout=10s")
    assert (await api.kubectl("get", "csr", "--no-headers")).split()[-1] == "Approved,Failed"
    why = await api.kubectl("get", "csr", "jane", "-o", "jsonpath={.status.conditions[1].message}")
    assert why == "invalid usage for client certificate: server auth"


async def test_a_kubelet_is_approved_by_its_role_and_lasts_as_asked(api: ServedApi) -> None:
    await api.kubectl(
        "create", "clusterrolebinding", "renew", "--group=system:nodes",
        "--clusterrole=system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    )  # fmt: skip
    await api.kubectl(
        "create", "clusterrolebinding", "ask", "--group=system:nodes", "--clusterrole=system:node-bootstrapper"
    )
    pem = request(ec.generate_private_key(ec.SECP256R1()), "system:node:one", "system:nodes")
    text = manifest("one", pem, KUBELET, expirationSeconds=1800)
    await api.kubectl("create", "-f", "-", "--as-group=system:nodes", text=text, user="system:node:one")
    await api.kubectl("wait", "csr/one", "--for=jsonpath={.status.certificate}", "--timeout=10s")
    found = json.loads(await api.kubectl("get", "csr", "one", "-o", "json"))
    assert found["spec"]["username"] == "system:node:one"
    (approved,) = found["status"]["conditions"]
    assert approved["message"] == "Auto approving self kubelet client certificate after SubjectAccessReview."
    certificate = x509.load_pem_x509_certificate(base64.b64decode(found["status"]["certificate"]))
    lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lasts.total_seconds() == 1800 + 300
    shown = (await api.kubectl("get", "csr", "--no-headers")).split()
    assert shown[2:] == [KUBELET, "system:node:one", "30m", "Approved,Issued"]


async def test_nobody_becomes_an_administrator_or_approves_without_the_right(api: ServedApi) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    refused = await api.kubectl("create", "-f", "-", text=manifest("x", request(key, "x", "system:masters")), code=1)
    assert f"use of {CLIENT} signer with system:masters group is not allowed" in refused
    await api.kubectl("create", "-f", "-", text=manifest("jane", request(key, "jane")))
    await api.kubectl(
        "create", "clusterrole", "csr", "--verb=*",
        "--resource=certificatesigningrequests,certificatesigningrequests/approval",
    )  # fmt: skip
    await api.kubectl("create", "clusterrolebinding", "csr", "--clusterrole=csr", "--user=jo")
    refused = await api.kubectl("certificate", "approve", "jane", code=1, user="jo")
    assert f'user not permitted to approve requests with signerName "{CLIENT}"' in refused


async def test_the_spec_stays_and_approval_and_status_are_apart(api: ServedApi) -> None:
    pem = request(ec.generate_private_key(ec.SECP256R1()), "jane")
    await api.kubectl("create", "-f", "-", text=manifest("jane", pem, "example.com/mine"))
    patch = '{"spec":{"signerName":"example.com/other"},"status":{"certificate":"eA=="}}'
    assert "no change" in await api.kubectl("patch", "csr", "jane", "--type=merge", "-p", patch)
    bad = await api.kubectl(
        "patch",
        "csr",
        "jane",
        "--type=merge",
        "--subresource=status",
        "-p",
        '{"status":{"certificate":"eA=="}}',
        code=1,
    )
    assert "status.certificate" in bad
    await api.kubectl("certificate", "approve", "jane")
    removed = await api.kubectl(
        "patch", "csr", "jane", "--type=merge", "--subresource=approval", "-p", '{"status":{"conditions":[]}}', code=1
    )
    assert 'updates may not remove a condition of type "Approved"' in removed
