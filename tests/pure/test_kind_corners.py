"""Corners of many kinds that upstream's own tables of unit tests show, a row each."""

from copy import deepcopy

import pytest
from kind_cases import changed, made, owner, pod, refused

from fairway.kinds import (
    CERTIFICATE_SIGNING_REQUEST,
    CRON_JOB,
    CSI_DRIVER,
    CSI_NODE,
    DEPLOYMENT,
    NODE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    RUNTIME_CLASS,
    SECRET,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object

_CLASS = "volume.beta.kubernetes.io/storage-class"
_CLAIM: Object = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10G"}}}}
_ATTACHED: Object = {"spec": {"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}
_DRIVER = {"name": "d", "nodeID": "n", "topologyKeys": ["a"]}
_DOCKER = "kubernetes.io/dockerconfigjson"
_TOLERATION = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}
_VOLUME: Object = {
    "spec": {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "local": {"path": "/x"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "beta.kubernetes.io/os", "operator": "In", "values": ["linux"]}]}
        ]}},
    }
}  # fmt: skip


def _with(found: Object, path: str, value: object) -> Object:
    """A copy with ``value`` at the dotted path; ``~`` stands for a dot within a name."""
    new = deepcopy(found)
    *way, last = path.split(".")
    place = new
    for part in way:
        place = place.setdefault(part, {})
    place[last.replace("~", ".")] = value
    return new


def _attaching(**source: object) -> Object:
    return _with(_ATTACHED, "spec.source", dict(source))


_INLINE = {"csi": {"driver": "d", "volumeHandle": "h"}, "accessModes": ["ReadWriteOnce"]}
_PATH = "spec.source.inlineVolumeSpec"

_REFUSED: list[tuple[Kind, Object, list[str]]] = [
    (
        STORAGE_CLASS,
        {"provisioner": "a/b", "parameters": {str(n): "" for n in range(513)}},
        ["parameters: Too long: may"],
    ),
    (
        STORAGE_CLASS,
        {"provisioner": "a/b", "allowedTopologies": [{}]},
        ['allowedTopologies[0].matchLabelExpressions: Duplicate value: ""'],
    ),
    (
        CRON_JOB,
        {
            "spec": {
                "schedule": "* * * * *",
                "jobTemplate": {
                    "spec": {
                        "selector": {"matchLabels": {"a": "b"}},
                        "template": {"spec": {**pod()["spec"], "restartPolicy": "Never"}},
                    }
                },
            }
        },
        ['spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated'],
    ),
    (
        CSI_DRIVER,
        {"spec": {"nodeAllocatableUpdatePeriodSeconds": 9}},
        ["spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"],
    ),
    (
        VOLUME_ATTACHMENT,
        _attaching(persistentVolumeName="v", inlineVolumeSpec=_INLINE),
        ["spec.source: Forbidden: must specify exactly one"],
    ),
    (VOLUME_ATTACHMENT, _attaching(inlineVolumeSpec=_INLINE), []),
    (
        VOLUME_ATTACHMENT,
        _attaching(inlineVolumeSpec={"capacity": {"storage": "1"}, "storageClassName": "a"}),
        [
            f"{_PATH}.capacity: Forbidden: may not be specified in the context of inline volumes",
            f"{_PATH}.csi: Required value: has to be specified in the context of inline volumes",
            f"{_PATH}.accessModes: Required value",
            f"{_PATH}.storageClassName: Forbidden: may not be specified in the context of inline volumes",
        ],
    ),
    (
        RUNTIME_CLASS,
        {"handler": "a", "scheduling": {"tolerations": [_TOLERATION, {**_TOLERATION, "tolerationSeconds": 2}]}},
        ["scheduling.tolerations[1]: Duplicate value: {"],
    ),
    (
        SECRET,
        {"type": _DOCKER, "stringData": {".dockerconfigjson": "bad"}},
        ["data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'b' look"],
    ),
    (
        SECRET,
        {"type": _DOCKER, "stringData": {".dockerconfigjson": "[1]"}},
        ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": json: cannot unmarshal array'],
    ),
    (
        NODE,
        {"status": {"capacity": {"example.com/a": "500m"}, "allocatable": {}}},
        ['status.capacity.example.com/a: Invalid value: "500m": must be an integer'],
    ),
    (
        NODE,
        {"status": {"declaredFeatures": ["A", "a", "A"]}},
        [
            'status.declaredFeatures[1]: Invalid value: "a": invalid feature name "a": must start',
            'status.declaredFeatures[2]: Invalid value: "A": list must be sorted',
        ],
    ),
]


@pytest.mark.parametrize(("kind", "new", "faults"), _REFUSED)
def test_what_is_refused(kind: Kind, new: Object, faults: list[str]) -> None:
    found = refused(kind, deepcopy(new))
    assert len(found) == len(faults), found
    for text, fault in zip(found, faults, strict=True):
        assert text.startswith(fault)


_BOUND = _with(_CLAIM, "status.phase", "Bound")
_CHANGES: list[tuple[Kind, Object, Object, str, list[str]]] = [
    (
        PERSISTENT_VOLUME_CLAIM,
        _CLAIM,
        _with(_CLAIM, "spec.resources.requests.storage", "20G"),
        "",
        ["spec: Forbidden: spec is immutable after creation"],
    ),
    (PERSISTENT_VOLUME_CLAIM, _BOUND, _with(_BOUND, "spec.resources.requests.storage", "20G"), "", []),
    (
        PERSISTENT_VOLUME_CLAIM,
        _BOUND,
        _with(_BOUND, "spec.resources.limits", {"storage": "20G"}),
        "",
        ["spec: Forbidden: spec is immutable after creation"],
    ),
    (PERSISTENT_VOLUME_CLAIM, _CLAIM, _with(_CLAIM, "spec.storageClassName", "a"), "", []),
    (
        PERSISTENT_VOLUME_CLAIM,
        _with(_CLAIM, "metadata.annotations", {_CLASS: "a"}),
        _with(_CLAIM, "spec.storageClassName", "a"),
        "",
        [],
    ),
    (
        PERSISTENT_VOLUME_CLAIM,
        _with(_CLAIM, "metadata.annotations", {_CLASS: "a"}),
        _with(_CLAIM, "metadata.annotations", {_CLASS: "b"}),
        "",
        [f'metadata.annotations.{_CLASS}: Invalid value: "b": field is immutable'],
    ),
    (
        PERSISTENT_VOLUME_CLAIM,
        _with(_with(_BOUND, "spec.volumeAttributesClassName", "a"), "status.currentVolumeAttributesClassName", "a"),
        _BOUND,
        "",
        ["spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status."],
    ),
    (
        PERSISTENT_VOLUME_CLAIM,
        _CLAIM,
        _with(_CLAIM, "status", {"allocatedResourceStatuses": {"cpu": "x"}}),
        "status",
        [
            'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
            'status.allocatedResourceStatuses: Unsupported value: "cpu": supp',
        ],
    ),
    (PERSISTENT_VOLUME, _VOLUME, deepcopy(_VOLUME), "", []),
    (
        VOLUME_ATTACHMENT,
        _ATTACHED,
        _with(_ATTACHED, "status.attachError", {"message": "x" * 1025, "errorCode": 0}),
        "status",
        [
            "status.attachError.message: Too long: may not be more than 262144 bytes",
            "status.attachError.errorCode: Invalid value: 0: must be between 1",
        ],
    ),
    (
        CSI_NODE,
        {"spec": {"drivers": [_DRIVER]}},
        {"spec": {"drivers": [{**_DRIVER, "nodeID": "m"}]}},
        "",
        ["CSINodeDriver: Invalid value: {"],
    ),
    (
        CSI_NODE,
        {"spec": {"drivers": [_DRIVER]}},
        {"spec": {"drivers": [{**_DRIVER, "allocatable": {"count": 3}}]}},
        "",
        [],
    ),
    (
        DEPLOYMENT,
        _with(owner(selector={"matchLabels": {"app": "web"}}), "status.collisionCount", 2),
        _with(owner(selector={"matchLabels": {"app": "web"}}), "status.collisionCount", 1),
        "status",
        ["status.collisionCount: Invalid value: 1: cannot be decremented"],
    ),
    (
        NODE,
        {"spec": {"providerID": "a"}},
        {"spec": {"providerID": "b"}},
        "",
        ['spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
    ),
]


@pytest.mark.parametrize(("kind", "old", "new", "subresource", "faults"), _CHANGES)
def test_what_may_not_change(kind: Kind, old: Object, new: Object, subresource: str, faults: list[str]) -> None:
    status = deepcopy(old.get("status"))
    old = made(kind, deepcopy(old))
    if status is not None:
        old["status"] = status
    new = deepcopy(new)
    new.setdefault("metadata", {}).setdefault("name", "one")
    found = changed(kind, old, new, subresource)
    assert len(found) == len(faults), found
    for text, fault in zip(found, faults, strict=True):
        assert text.startswith(fault)


def test_old_names_of_labels_give_way_to_new_ones() -> None:
    old = made(PERSISTENT_VOLUME, deepcopy(_VOLUME))
    for key, faults in (("kubernetes.io/os", 0), ("kubernetes.io/arch", 1)):
        new = deepcopy(old)
        terms = new["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
        terms[0]["matchExpressions"][0]["key"] = key
        found = changed(PERSISTENT_VOLUME, old, new)
        assert [text.endswith("field is immutable, except for updating from beta label to GA") for text in found] == (
            [True] * faults
        )


_LONG = "a" * 64


@pytest.mark.parametrize(
    ("signer", "fault"),
    [
        (f"{_LONG}.io/x", f'"{_LONG}.io": validating label "{_LONG}": must be no more than 63 characters'),
        ("a.b/x..y", '"x..y": validating label "": a lowercase RFC 1123 subdomain must'),
        ("a.b/", '"": validating label "": a lowercase RFC 1123 subdomain must'),
        ("a/b/c", "\"a/b/c\": must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ],
)
def test_names_of_signers(signer: str, fault: str) -> None:
    found = refused(CERTIFICATE_SIGNING_REQUEST, {"spec": {"signerName": signer, "usages": ["any"]}})
    assert any(text.startswith(f"spec.signerName: Invalid value: {fault}") for text in found)
