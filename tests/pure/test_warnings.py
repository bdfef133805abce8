"""What is legal but deprecated, doubtful or without effect: rows of upstream's own tables, by kind."""

import base64
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kind_cases import made, owner, pod

from fairway.kinds import (
    CSI_STORAGE_CAPACITY,
    ENDPOINTS,
    JOB,
    NETWORK_POLICY,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    RUNTIME_CLASS,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    STORAGE_CLASS,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object

_OLD_LABEL, _NEW_LABEL = "beta.kubernetes.io/arch", 'deprecated since v1.14; use "kubernetes.io/arch" instead'
_BETA = "volume.beta.kubernetes.io"


def _pod(**spec: Any) -> Object:
    return pod(**spec)


def _volume(**source: Any) -> Object:
    return _pod(volumes=[{"name": "v", **source}])


def _projected(*sources: Object) -> Object:
    return _volume(projected={"sources": list(sources)})


def _paths(*paths: str) -> list[Object]:
    return [{"key": "k", "path": path} for path in paths]


_TOKEN = {"serviceAccountToken": {"path": "test"}}
_PODS: list[tuple[Object, list[str]]] = [
    (_volume(storageos={}), ["spec.volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+"]),
    (
        _volume(configMap={"name": "foo", "items": _paths("test", "test/app")}),
        ['volume "v" (ConfigMap "foo"): overlapping paths: "test/app" with "test"'],
    ),
    (
        _volume(secret={"secretName": "foo", "items": _paths("test/", "test")}),
        ['volume "v" (Secret "foo"): overlapping paths: "test" with "test/"'],
    ),
    (_volume(secret={"secretName": "foo", "items": _paths("dir/a", "dir/ab", "")}), []),
    (
        _volume(downwardAPI={"items": [{"path": "test"}, {"path": "test"}]}),
        ['volume "v" (DownwardAPI): overlapping paths: "test" with "test"'],
    ),
    (
        _projected({"configMap": {"name": "c", "items": _paths("test/file")}}, _TOKEN),
        ['volume "v" (Projected): overlapping paths: "test" (ServiceAccountToken) with "test/file" (ConfigMap "c")'],
    ),
    (
        _projected(
            {"clusterTrustBundle": {"signerName": "b", "path": "test/test"}},
            {"downwardAPI": {"items": [{"path": "test"}]}},
            {"secret": {"name": "s", "items": _paths("test")}},
        ),
        [
            'volume "v" (Projected): overlapping paths: "test" (DownwardAPI) with "test/test" (ClusterTrustBundle "b")',
            'volume "v" (Projected): overlapping paths: "test" (Secret "s") with "test/test" (ClusterTrustBundle "b")',
            'volume "v" (Projected): overlapping paths: "test" (Secret "s") with "test" (DownwardAPI)',
        ],
    ),
    (_projected({}), ['volume "v" (Projected) has no sources provided']),
    (
        _pod(dnsConfig={"nameservers": ["1.2.3.4", "05.06.07.08"]}, hostAliases=[{"ip": "::ffff:1.2.3.4"}]),
        [
            'spec.dnsConfig.nameservers[1]: non-standard IP address "05.06.07.08" is invalid: use "5.6.7.8"',
            'spec.hostAliases[0].ip: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"',
        ],
    ),
    (
        _pod() | {"metadata": {
            "name": "web", "annotations": {"container.apparmor.security.beta.kubernetes.io/web": "unconfined"},
        }},
        [
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/web]: deprecated since v1.30;"
            ' use the "appArmorProfile" field instead'
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("new", "texts"), _PODS)
def test_a_pod_is_warned_of(new: Object, texts: list[str]) -> None:
    """Files in each other's way, addresses in odd forms, fields of old."""
    assert list(POD.warnings(made(POD, deepcopy(new)), None)) == texts


_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "200m"}}}
_FRACTION = 'resources.requests[storage]: fractional byte value "200m" is invalid, must be an integer'
_RULE = {"from": [{"ipBlock": {"cidr": "2001:DB8::/32", "except": ["2001:db8::/64"]}}]}
_SPELT = 'IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")'
_JOB = owner()["spec"]
_OTHERS: list[tuple[Kind, Object, list[str]]] = [
    (
        PERSISTENT_VOLUME_CLAIM,
        {"metadata": {"annotations": {f"{_BETA}/storage-class": "a"}}, "spec": _CLAIM},
        [
            f'metadata.annotations[{_BETA}/storage-class]: deprecated since v1.8; use "storageClassName" attribute'
            " instead",
            f"spec.{_FRACTION}",
        ],
    ),
    (
        STATEFUL_SET,
        {**owner(), "spec": {**_JOB, "volumeClaimTemplates": [{"metadata": {"name": "a"}, "spec": _CLAIM}]}},
        [f"spec.volumeClaimTemplates[0].{_FRACTION}"],
    ),
    (
        PERSISTENT_VOLUME,
        {
            "metadata": {"annotations": {f"{_BETA}/mount-options": "a"}},
            "spec": {
                "persistentVolumeReclaimPolicy": "Recycle", "cephfs": {},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": _OLD_LABEL}]}]}},
            },
        },
        [
            f'metadata.annotations[{_BETA}/mount-options]: deprecated since v1.31; use "mountOptions" attribute'
            " instead",
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended"
            " approach is to use dynamic provisioning.",
            f"spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: {_OLD_LABEL} is {_NEW_LABEL}",
            "spec.cephfs: deprecated in v1.28, non-functional in v1.31+",
        ],
    ),
    (
        STORAGE_CLASS,
        {"provisioner": "a", "allowedTopologies": [{"matchLabelExpressions": [{"key": _OLD_LABEL, "values": ["a"]}]}]},
        [f"allowedTopologies[0].matchLabelExpressions[0].key: {_OLD_LABEL} is {_NEW_LABEL}"],
    ),
    (
        CSI_STORAGE_CAPACITY,
        {"storageClassName": "a", "nodeTopology": {
            "matchExpressions": [{"key": _OLD_LABEL, "operator": "Exists"}], "matchLabels": {_OLD_LABEL: "a"},
        }},
        [
            f"nodeTopology.matchExpressions[0].key: {_OLD_LABEL} is {_NEW_LABEL}",
            f"nodeTopology.matchLabels.{_OLD_LABEL}: {_NEW_LABEL}",
        ],
    ),
    (
        RUNTIME_CLASS,
        {"handler": "a", "scheduling": {"nodeSelector": {_OLD_LABEL: "a"}}},
        [f"scheduling.nodeSelector: {_NEW_LABEL}"],
    ),
    (
        ENDPOINTS,
        {"subsets": [{"addresses": [{"ip": "01.2.3.4"}], "notReadyAddresses": [{"ip": "2001:DB8::1"}]}]},
        [
            'subsets[0].addresses[0].ip: non-standard IP address "01.2.3.4" is invalid: use "1.2.3.4"',
            'subsets[0].notReadyAddresses[0].ip: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format'
            ' ("2001:db8::1")',
        ],
    ),
    (NETWORK_POLICY, {"spec": {"ingress": [_RULE]}}, [f"spec.ingress[0].from[0].ipBlock.cidr: {_SPELT}"]),
    (
        SERVICE,
        {"spec": {"ports": [{"port": 80}], "loadBalancerSourceRanges": ["10.0.0.0/8", "2001:DB8::/32"]}},
        [f"spec.loadBalancerSourceRanges[1]: {_SPELT}"],
    ),
    (
        JOB,
        {"metadata": {"name": "web"}, "spec": {
            **_JOB, "completionMode": "Indexed", "completions": 100_001, "parallelism": 10_001,
        }},
        [
            "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4,"
            " Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "new", "texts"), _OTHERS)
def test_who_writes_it_is_warned(kind: Kind, new: Object, texts: list[str]) -> None:
    """On create, and on every update."""
    found = made(kind, deepcopy(new))
    assert list(kind.warnings(found, None)) == texts


def _pair() -> tuple[bytes, bytes]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), secret


def test_a_pair_that_no_server_could_use_is_warned_of() -> None:
    """In the words of Go's TLS."""
    chain, key = _pair()
    other = _pair()[1]
    cases = {
        (chain, key): "",
        (b"", b""): "tls: failed to find any PEM data in certificate input",
        (key, chain): "tls: failed to find certificate PEM data in certificate input, but did find a private key;"
        " PEM inputs may have been switched",
        (chain, b"a"): "tls: failed to find any PEM data in key input",
        (chain, chain): "tls: found a certificate rather than a key in the PEM for the private key",
        (chain, other): "tls: private key does not match public key",
    }
    for (certificate, secret), text in cases.items():
        data = {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(secret).decode()}
        new = made(SECRET, {"type": "kubernetes.io/tls", "data": data})
        assert list(SECRET.warnings(new, None)) == ([text] if text else [])
