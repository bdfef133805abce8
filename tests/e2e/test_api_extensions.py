"""What others add to the API of a running cluster: a pod that answers for a group, a user with a certificate."""

import base64
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import Cluster

EXTENSION = """
apiVersion: v1
kind: Pod
metadata: {name: ext, labels: {app: ext}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: ext, image: luksa/kubia, imagePullPolicy: IfNotPresent, env: [{name: KUBIA_TLS_PORT, value: "8443"}]}
---
apiVersion: v1
kind: Service
metadata: {name: ext}
spec: {selector: {app: ext}, ports: [{port: 443, targetPort: 8443}]}
"""


def api_service(namespace: str) -> str:
    spec = {
        "group": "ext.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
        "insecureSkipTLSVerify": True, "service": {"name": "ext", "namespace": namespace},
    }  # fmt: skip
    about = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
    return json.dumps({**about, "metadata": {"name": "v1.ext.example.com"}, "spec": spec})


def test_a_pod_answers_for_a_group_of_the_api(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "-n", namespace, "-f", "-", text=EXTENSION)
    cluster.kubectl("create", "-f", "-", text=api_service(namespace))
    try:
        cluster.kubectl("wait", "apiservice/v1.ext.example.com", "--for=condition=Available", "--timeout=30s")
        assert cluster.kubectl("get", "--raw", "/apis/ext.example.com/v1/hello") == "You've hit ext\n"
        assert "ext.example.com/v1" in cluster.kubectl("api-versions").split()
        cluster.kubectl("delete", "pod", "ext", "-n", namespace)
        cluster.kubectl("wait", "apiservice/v1.ext.example.com", "--for=condition=Available=False", "--timeout=30s")
        row = cluster.kubectl("get", "apiservice", "v1.ext.example.com", "--no-headers").split()
        assert row[1:4] == [f"{namespace}/ext", "False", "(MissingEndpoints)"]
    finally:
        cluster.kubectl("delete", "apiservice", "v1.ext.example.com")


def test_a_user_gets_a_certificate_from_the_clusters_ca(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "jane")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    pem = base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()
    spec = {"request": pem, "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]}
    about = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    cluster.kubectl("create", "-f", "-", text=json.dumps({**about, "metadata": {"name": "jane"}, "spec": spec}))
    cluster.kubectl("certificate", "approve", "jane")
    cluster.kubectl("wait", "csr/jane", "--for=jsonpath={.status.certificate}", "--timeout=10s")
    certificate = cluster.kubectl("get", "csr", "jane", "-o", "jsonpath={.status.certificate}")
    (tmp_path / "jane.crt").write_bytes(base64.b64decode(certificate))
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "jane.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    cluster.kubectl("create", "rolebinding", "jane", "-n", namespace, "--clusterrole=view", "--user=jane")
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    where = config["clusters"][0]["cluster"]
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(where["certificate-authority-data"]))
    as_jane = [
        "--kubeconfig=/dev/null", f"--server={where['server']}", f"--certificate-authority={tmp_path}/ca.crt",
        f"--client-certificate={tmp_path}/jane.crt", f"--client-key={tmp_path}/jane.key", "-n", namespace,
    ]  # fmt: skip
    assert cluster.kubectl("auth", "can-i", "list", "pods", *as_jane) == "yes\n"
    assert "jane" in cluster.kubectl("auth", "whoami", *as_jane)
    cluster.kubectl("delete", "csr", "jane")
