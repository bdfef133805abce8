"""Kinds with little behaviour: mistakes and their texts, defaults, rows, the flow control of every cluster."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import cells, changed, made, refused
from kind_samples import SAMPLES

from fairway.apiserver import flow_control
from fairway.apiserver.aggregation import local
from fairway.kinds import (
    ALL,
    API_SERVICE,
    CERTIFICATE_SIGNING_REQUEST,
    CSI_DRIVER,
    CSI_NODE,
    CSI_STORAGE_CAPACITY,
    DEVICE_CLASS,
    FLOW_SCHEMA,
    PRIORITY_LEVEL_CONFIGURATION,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    RUNTIME_CLASS,
    VALIDATING_WEBHOOK_CONFIGURATION,
    VIRTUAL,
    VOLUME_ATTACHMENT,
    VOLUME_ATTRIBUTES_CLASS,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object

SIGNER = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def sample(kind: Kind, **changes: Any) -> Object:
    """The object of the table with fields changed; a dotted name lies deeper, ``None`` takes away."""
    found = deepcopy(SAMPLES[kind.name])
    for path, value in changes.items():
        *above, last = path.split("__")
        place = found
        for step in above:
            place = place[step]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return found


@pytest.mark.parametrize(
    ("kind", "changes", "problems"),
    [
        (RUNTIME_CLASS, {}, []),
        (RUNTIME_CLASS, {"handler": "A_b"}, [f'handler: Invalid value: "A_b": {LABEL}']),
        (CSI_DRIVER, {"spec__fsGroupPolicy": "Own"},
         ['spec.fsGroupPolicy: Unsupported value: "Own": supported values: "File", "None", "ReadWriteOnceWithFSType"']),
        (CSI_DRIVER, {"spec__volumeLifecycleModes": ["Never"]},
         ['spec.volumeLifecycleModes: Unsupported value: "Never": supported values: "Persistent", "Ephemeral"']),
        (CSI_DRIVER, {"spec__tokenRequests": [{"audience": "a", "expirationSeconds": 60}, {"audience": "a"}]},
         ["spec.tokenRequests[0].expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
          'spec.tokenRequests[1].audience: Duplicate value: "a"']),
        (CSI_NODE, {"spec__drivers": [{"name": "a.b"}, {"name": "a.b", "nodeID": "n"}]},
         ["spec.drivers[0].nodeID: Required value", 'spec.drivers[1].name: Duplicate value: "a.b"']),
        (CSI_STORAGE_CAPACITY, {"capacity": "-1"},
         ['capacity: Invalid value: "-1": must be greater than or equal to 0']),
        (VOLUME_ATTACHMENT, {"spec__source": {}},
         ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"]),
        (VOLUME_ATTRIBUTES_CLASS, {"parameters": {}},
         ["parameters: Required value: must contain at least one key/value pair"]),
        (CERTIFICATE_SIGNING_REQUEST, {}, []),
        (CERTIFICATE_SIGNING_REQUEST, {"spec__usages": []}, ["spec.usages: Required value: usages must be provided"]),
        (CERTIFICATE_SIGNING_REQUEST, {"spec__signerName": "mine"},
         [f'spec.signerName: Invalid value: "mine": {SIGNER}']),
        (CERTIFICATE_SIGNING_REQUEST, {"spec__signerName": "kubernetes.io/legacy-unknown"},
         ['spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via'
          " this API version"]),
        (CERTIFICATE_SIGNING_REQUEST, {"spec__expirationSeconds": 60},
         ["spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)"]),
        (FLOW_SCHEMA, {"spec__matchingPrecedence": 1},
         ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]),
        (FLOW_SCHEMA, {"spec__priorityLevelConfiguration": {}},
         ["spec.priorityLevelConfiguration.name: Required value: must reference a priority level"]),
        (PRIORITY_LEVEL_CONFIGURATION, {"spec": {"type": "Limited"}},
         ["spec.limited: Required value: must not be empty when type is Limited"]),
        (PRIORITY_LEVEL_CONFIGURATION, {"spec": {"type": "Exempt"}},
         ["spec.type: Invalid value: \"Exempt\": type must be 'Limited' if the name is not 'exempt'"]),
        (RESOURCE_CLAIM, {"spec__devices": {"requests": [{"name": "a", "exactly": {}}]}},
         ["spec.devices.requests[0].exactly.deviceClassName: Required value"]),
        (DEVICE_CLASS, {"spec__selectors": [{}]}, ["spec.selectors[0].cel: Required value"]),
        (RESOURCE_SLICE, {"spec__driver": None},
         ["spec.driver: Required value", f'spec.driver: Invalid value: "": {SUBDOMAIN}']),
        (API_SERVICE, {"metadata": {"name": "v1.a.b"}}, []),
        (API_SERVICE, {"metadata": {"name": "v2.a.b"}},
         ['metadata.name: Invalid value: "v2.a.b": must be `spec.version+"."+spec.group`: "v1.a.b"']),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_known_words(kind: Kind, changes: Object, problems: list[str]) -> None:
    assert refused(kind, sample(kind, **changes)) == problems


@pytest.mark.parametrize(
    ("kind", "changes", "problems"),
    [
        (RUNTIME_CLASS, {"handler": "other"}, ['handler: Invalid value: "other": field is immutable']),
        (RUNTIME_CLASS, {"handler": "A_b"},
         [f'handler: Invalid value: "A_b": {LABEL}', 'handler: Invalid value: "A_b": field is immutable']),
        (CSI_DRIVER, {"spec__attachRequired": False},
         ["spec.attachedRequired: Invalid value: false: field is immutable"]),
        (VOLUME_ATTRIBUTES_CLASS, {"driverName": "c.d"}, ['driverName: Invalid value: "c.d": field is immutable']),
        (CSI_STORAGE_CAPACITY, {"storageClassName": "slow"},
         ['storageClassName: Invalid value: "slow": field is immutable']),
    ],
)  # fmt: skip
def test_what_stays_stays(kind: Kind, changes: Object, problems: list[str]) -> None:
    assert changed(kind, made(kind, sample(kind)), sample(kind, **changes)) == problems


def test_rows() -> None:
    assert cells(CSI_DRIVER, made(CSI_DRIVER, {})) | {"Age": ""} == {
        "AttachRequired": True, "PodInfoOnMount": False, "StorageCapacity": False, "TokenRequests": "<unset>",
        "RequiresRepublish": False, "Modes": "Persistent", "Age": "",
    }  # fmt: skip
    level = made(PRIORITY_LEVEL_CONFIGURATION, sample(PRIORITY_LEVEL_CONFIGURATION))
    assert list(cells(PRIORITY_LEVEL_CONFIGURATION, level).values())[:5] == ["Limited", 5, 64, 6, 50]
    claim = sample(RESOURCE_CLAIM) | {"metadata": {"name": "c"}}
    assert cells(RESOURCE_CLAIM, claim)["State"] == "allocated,reserved"
    service = sample(API_SERVICE) | {"metadata": {"name": "v1.a.b"}}
    assert list(cells(API_SERVICE, service).values())[:2] == ["n/s", "True"]
    service["status"]["conditions"][0] |= {"status": "False", "reason": "MissingEndpoints"}
    assert cells(API_SERVICE, service)["Available"] == "False (MissingEndpoints)"


def test_flow_control_and_api_services_of_every_cluster_are_valid() -> None:
    wanted = list(flow_control.wanted())
    for kind, found in wanted:
        assert refused(kind, deepcopy(found)) == [], found["metadata"]["name"]
    levels = {one["metadata"]["name"] for kind, one in wanted if kind is PRIORITY_LEVEL_CONFIGURATION}
    used = {one["spec"]["priorityLevelConfiguration"]["name"] for kind, one in wanted if kind is FLOW_SCHEMA}
    assert used <= levels
    for found in local.wanted((*ALL, *VIRTUAL)):
        assert refused(API_SERVICE, found) == [], found


def test_a_flow_schema_is_judged_once_and_keeps_its_time() -> None:
    schema = {"spec": {"priorityLevelConfiguration": {"name": "a"}}}
    status = flow_control.judged(schema, {"a"}, 0.0)
    assert status is not None and status["conditions"][0]["status"] == "False"
    assert flow_control.judged(schema | {"status": status}, {"a"}, 9.0) is None
    lost = flow_control.judged(schema | {"status": status}, set(), 9.0)
    assert lost is not None and lost["conditions"][0]["lastTransitionTime"] == "1970-01-01T00:00:09Z"


def test_a_volume_attachment_is_judged_before_it_is_told_to_stay() -> None:
    problems = changed(
        VOLUME_ATTACHMENT, made(VOLUME_ATTACHMENT, sample(VOLUME_ATTACHMENT)),
        sample(VOLUME_ATTACHMENT, spec__nodeName="A_b"),
    )  # fmt: skip
    assert problems[0] == f'spec.nodeName: Invalid value: "A_b": {SUBDOMAIN}'
    assert problems[1].endswith(": field is immutable")


@pytest.mark.parametrize(("missing", "told"), [("namespace", "name"), ("name", "namespace")])
def test_a_webhook_without_half_a_service_is_told_of_the_other_half(missing: str, told: str) -> None:
    """As upstream, which hands both over in the wrong order: kubernetes#141353."""
    hooks = deepcopy(sample(VALIDATING_WEBHOOK_CONFIGURATION)["webhooks"])
    hooks[0]["clientConfig"] = {"service": {"namespace": "n", "name": "s"}}
    del hooks[0]["clientConfig"]["service"][missing]
    assert refused(VALIDATING_WEBHOOK_CONFIGURATION, sample(VALIDATING_WEBHOOK_CONFIGURATION, webhooks=hooks)) == [
        f"webhooks[0].clientConfig.service.{told}: Required value: service {told} is required"
    ]
