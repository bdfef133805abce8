"""Claims to devices, their classes and what drivers offer: rules of resource.k8s.io/v1, a row each."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import changed, made, refused

from fairway.kinds.devices import DEVICE_CLASS, RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE, RESOURCE_SLICE
from fairway.objects import Object

_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_NO_DRIVER = (
    'Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters,'
    " '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation"
    r" is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
_ONE_OF = "exactly one of `exactly` or `firstAvailable` is required"
_ONE_ATTRIBUTE = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'


def _wanted(**more: Any) -> Object:
    return {"deviceClassName": "gpu", **more}


def _request(**more: Any) -> Object:
    return {"name": "r", "exactly": _wanted(**more)}


def _claim(requests: list[Object] | None = None, **devices: Any) -> Object:
    return {"spec": {"devices": {"requests": [_request()] if requests is None else requests, **devices}}}


def _opaque(**more: Any) -> Object:
    return {"opaque": {"driver": "gpu.example.com", "parameters": {}, **more}}


_R = "spec.devices.requests[0]"
_CLAIMS: list[tuple[Object, list[str]]] = [
    (_claim(), []),
    (_claim([{"name": "", "exactly": _wanted()}]), [f'{_R}.name: Invalid value: "": {_LABEL}']),
    (_claim([_request(), _request()]), ['spec.devices.requests[1]: Duplicate value: "r"']),
    (_claim([{"name": "r"}]), [f"{_R}: Required value: {_ONE_OF}"]),
    (
        _claim([_request() | {"firstAvailable": [_wanted(name="a")]}]),
        [f'{_R}: Invalid value: "null": {_ONE_OF}, but multiple fields are set'],
    ),
    (
        _claim([{"name": "r", "firstAvailable": [_wanted(name="a"), _wanted(name="a")]}]),
        [f'{_R}.firstAvailable[1]: Duplicate value: "a"'],
    ),
    (
        _claim([{"name": "r", "firstAvailable": [_wanted(name=f"a{n}") for n in range(9)]}]),
        [f"{_R}.firstAvailable: Too many: 9: must have at most 8 items"],
    ),
    (_claim([_request(deviceClassName="")]), [f"{_R}.exactly.deviceClassName: Required value"]),
    (
        _claim([_request(allocationMode="All", count=1)]),
        [f"{_R}.exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'"],
    ),
    (_claim([_request(count=-1)]), [f"{_R}.exactly.count: Invalid value: -1: must be greater than zero"]),
    (
        _claim([_request(allocationMode="Some")]),
        [f'{_R}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"'],
    ),
    (_claim([_request(selectors=[{}])]), [f"{_R}.exactly.selectors[0].cel: Required value"]),
    (
        _claim([_request(selectors=[{"cel": {"expression": '"a"'}}])]),
        [
            f'{_R}.exactly.selectors[0].cel.expression: Invalid value: "\\"a\\"":'
            " must evaluate to bool or the unknown type, not string"
        ],
    ),
    (
        _claim([_request(selectors=[{"cel": {"expression":
            'device.driver == "d" && device.attributes["d"].size > 3 && device.attributes["d"].version.isGreaterThan('
            'semver("1.0.0")) && device.capacity["d"].memory.compareTo(quantity("1Gi")) >= 0'}}])]),
        [],
    ),
    (
        _claim([_request(tolerations=[{"operator": "Exists", "value": "v", "effect": "No"}])]),
        [
            f'{_R}.exactly.tolerations[0].value: Invalid value: "v": must be empty for operator `Exists`',
            f'{_R}.exactly.tolerations[0].effect: Unsupported value: "No":'
            ' supported values: "NoExecute", "NoSchedule", "None"',
        ],
    ),
    (
        _claim([_request(tolerations=[{"operator": "Gt"}])]),
        [f'{_R}.exactly.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists"'],
    ),
    (_claim(constraints=[{}]), [f"spec.devices.constraints[0]: Required value: {_ONE_ATTRIBUTE}"]),
    (
        _claim(constraints=[{"requests": ["r/a", "r/a/b", "r"], "matchAttribute": "model"}]),
        [
            f'spec.devices.constraints[0].requests[0]: Invalid value: "r/a": {_NO_REQUEST}',
            f'spec.devices.constraints[0].requests[1]: Invalid value: "r/a/b": {_NO_REQUEST}',
            'spec.devices.constraints[0].matchAttribute: Invalid value: "model":'
            " a fully qualified name must be a domain and a name separated by a slash",
        ],
    ),
    (
        _claim(
            [{"name": "r", "firstAvailable": [_wanted(name="a")]}],
            constraints=[{"requests": ["r/a", "r", "r"], "matchAttribute": "/model"}],
        ),
        [
            'spec.devices.constraints[0].requests[2]: Duplicate value: "r"',
            'spec.devices.constraints[0].matchAttribute: Invalid value: "": the domain must not be empty',
        ],
    ),
    (
        _claim(config=[{}, _opaque(driver="", parameters=None), _opaque(parameters=[])]),
        [
            "spec.devices.config[0].opaque: Required value",
            "spec.devices.config[1].opaque.driver: Required value",
            f"spec.devices.config[1].opaque.driver: {_NO_DRIVER}",
            "spec.devices.config[1].opaque.parameters: Required value",
            'spec.devices.config[2].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
        ],
    ),
    (
        _claim(config=[_opaque(parameters={"a": "b" * 10240})]),
        ["spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "problems"), _CLAIMS)
def test_a_claim_asks_for_devices(claim: Object, problems: list[str]) -> None:
    """Requests of classes, constraints among them, settings for drivers."""
    assert refused(RESOURCE_CLAIM, deepcopy(claim)) == problems


def test_a_request_is_for_one_device_unless_it_says_more() -> None:
    """Its tolerations compare values."""
    claim = made(RESOURCE_CLAIM, _claim([_request(tolerations=[{"key": "a"}])]))
    wanted = claim["spec"]["devices"]["requests"][0]["exactly"]
    assert (wanted["allocationMode"], wanted["count"]) == ("ExactCount", 1)
    assert wanted["tolerations"] == [{"key": "a", "operator": "Equal"}]


def test_a_template_of_claims_has_only_labels_and_annotations() -> None:
    """What else is said of its claims' metadata is refused; it stays as it is."""
    template = {"spec": {"metadata": {"name": "a"}, **_claim()}}
    assert refused(RESOURCE_CLAIM_TEMPLATE, template) == ["spec.metadata.name: Forbidden: cannot be set"]


def _result(**more: Any) -> Object:
    return {"request": "r", "driver": "gpu.example.com", "pool": "p", "device": "d", **more}


_USER = {"resource": "pods", "name": "a", "uid": "u"}
_GOT = {"devices": {"results": [_result()]}}
_STATUS: list[tuple[Object, Object, list[str]]] = [
    ({}, {"allocation": _GOT, "reservedFor": [_USER]}, []),
    (
        {},
        {"reservedFor": [_USER, _USER, {}]},
        [
            "status.reservedFor[2].resource: Required value",
            "status.reservedFor[2].name: Required value",
            "status.reservedFor[2].uid: Required value",
            'status.reservedFor[1]: Duplicate value: "u"',
            "status.reservedFor: Forbidden: may not be specified when `allocated` is not set",
        ],
    ),
    (
        {},
        {"allocation": {"devices": {"results": [_result(request="x", pool="", shareID="1")], "config": [_opaque()]}}},
        [
            f'status.allocation.devices.results[0].request: Invalid value: "x": {_NO_REQUEST}',
            "status.allocation.devices.results[0].pool: Required value",
            'status.allocation.devices.results[0].shareID: Invalid value: "1":'
            " error validating uid: invalid UUID length: 1",
            "status.allocation.devices.config[0].source: Required value",
        ],
    ),
    (
        {"allocation": _GOT},
        {"allocation": {"devices": {}}},
        ['status.allocation: Invalid value: {"devices":{}}: field is immutable'],
    ),
    ({"allocation": _GOT}, {}, []),
    (
        {"allocation": _GOT},
        {"allocation": _GOT, "devices": [_result(device="e", networkData={"ips": ["1.2.3.4", "10.0.0.1/8"] * 2})]},
        [
            'status.devices[0]: Invalid value: "gpu.example.com/p/e": must be an allocated device in the claim',
            'status.devices[0].networkData.ips[0]: Invalid value: "1.2.3.4": must be a valid address in CIDR form,'
            " (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
            'status.devices[0].networkData.ips[2]: Invalid value: "1.2.3.4": must be a valid address in CIDR form,'
            " (e.g. 10.9.8.7/24 or 2001:db8::1/64)",
            'status.devices[0].networkData.ips[2]: Duplicate value: "1.2.3.4"',
            'status.devices[0].networkData.ips[3]: Duplicate value: "10.0.0.1/8"',
        ],
    ),
]


@pytest.mark.parametrize(("before", "after", "problems"), _STATUS)
def test_a_claim_is_told_what_it_got(before: Object, after: Object, problems: list[str]) -> None:
    """Devices of its requests, told once; users only of what was got."""
    old = made(RESOURCE_CLAIM, _claim())
    old["status"] = before
    new = old | {"status": after}
    assert [problem.text for problem in RESOURCE_CLAIM.validate(new, old)] == problems


def _slice(**spec: Any) -> Object:
    return {
        "spec": {
            "driver": "gpu.example.com", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            "nodeName": "n", **spec,
        }
    }  # fmt: skip


def _offered(**device: Any) -> Object:
    return _slice(devices=[{"name": "d", **device}])


def _capacity(policy: Object) -> Object:
    return _offered(allowMultipleAllocations=True, capacity={"memory": {"value": "10Gi", "requestPolicy": policy}})


_D = "spec.devices[0]"
_PLACES = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_PLACED = "`nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true"
_IDENTIFIER = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters"
    " or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
)
_NO_STEP = "value is not a multiple of a given step (4Gi) from (2Gi)"
_POLICY = f"{_D}.capacity[memory].requestPolicy"
_SLICES: list[tuple[Object, list[str]]] = [
    (_slice(), []),
    (_slice(driver=""), ["spec.driver: Required value", f"spec.driver: {_NO_DRIVER}"]),
    (
        _slice(pool={"name": "", "generation": -1, "resourceSliceCount": 0}),
        [
            "spec.pool.name: Required value",
            "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
            "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero",
        ],
    ),
    (
        _slice(nodeName=None, allNodes=False),
        [
            "spec.allNodes: Invalid value: false: must be either unset or set to true",
            f"spec: Required value: {_PLACES}",
        ],
    ),
    (
        _slice(allNodes=True),
        [f'spec: Invalid value: "{{`nodeName`, `allNodes`}}": {_PLACES}, but multiple fields are set'],
    ),
    (
        _slice(nodeName=None, nodeSelector={"nodeSelectorTerms": []}),
        [
            "spec.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term",
            "spec.nodeSelector.nodeSelectorTerms: Invalid value: []: must have exactly one node selector term",
        ],
    ),
    (
        _slice(devices=[], sharedCounters=[]),
        ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
    ),
    (
        _slice(devices=[{"name": f"d{n}"} for n in range(129)]),
        ["spec.devices: Too many: 129: must have at most 128 items"],
    ),
    (
        _slice(devices=[{"name": f"d{n}", "taints": [{"key": "a", "effect": "None"}]} for n in range(65)]),
        ["spec.devices: Too many: 65: must have at most 64 items"],
    ),
    (_slice(devices=[{"name": "d"}, {"name": "d"}]), ['spec.devices[1]: Duplicate value: "d"']),
    (
        _slice(sharedCounters=[{"name": "a", "counters": {}}, {"counters": {"b": {"value": "1"}}}]),
        [
            "spec.sharedCounters[0].counters: Required value",
            "spec.sharedCounters[1].name: Required value",
        ],
    ),
    (
        _offered(attributes={"a": {}, "b": {"int": 1, "bool": True}, "c": {"version": "1"}, "d": {"string": "s" * 65}}),
        [
            f'{_D}.attributes[a]: Invalid value: "": exactly one value must be specified',
            f'{_D}.attributes[b]: Invalid value: {{"IntValue":1,"BoolValue":true,"StringValue":null,'
            '"VersionValue":null}: exactly one value must be specified',
            f'{_D}.attributes[c].version: Invalid value: "1": must be a string compatible with semver.org spec 2.0.0',
            f"{_D}.attributes[d].string: Too long: may not be more than 64 bytes",
        ],
    ),
    (
        _offered(attributes={"a-b": {"int": 1}, "a.b/": {"int": 1}}, capacity={"x" * 33: {"value": "1"}}),
        [
            f'{_D}.attributes[a-b]: Invalid value: "a-b": {_IDENTIFIER}',
            f'{_D}.attributes[a.b/]: Invalid value: "": the name must not be empty',
            f"{_D}.capacity[{'x' * 33}]: Too long: may not be more than 32 bytes",
        ],
    ),
    (
        _offered(attributes={f"a{n}": {"int": 1} for n in range(33)}),
        [f"{_D}: Invalid value: 33: the total number of attributes and capacities must not exceed 32"],
    ),
    (
        _offered(capacity={"memory": {"value": "1", "requestPolicy": {}}}),
        [f"{_POLICY}: Forbidden: allowMultipleAllocations must be true"],
    ),
    (
        _capacity({"validValues": ["1Gi"], "validRange": {"min": "1Gi"}}),
        [
            f"{_POLICY}: Forbidden: exactly one policy can be specified,"
            ' cannot specify "validValues" and "validRange" at the same time'
        ],
    ),
    (_capacity({"validValues": ["1Gi"]}), [f"{_POLICY}.default: Required value: required when validValues is defined"]),
    (
        _capacity({"default": "3Gi", "validValues": ["2Gi", "1Gi", "11Gi"]}),
        [
            f'{_POLICY}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order',
            f'{_POLICY}.validValues[2]: Invalid value: "11Gi": option is larger than capacity value: 10Gi',
            f'{_POLICY}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy',
        ],
    ),
    (
        _capacity({"default": "1Gi", "validRange": {"min": "2Gi", "max": "11Gi", "step": "4Gi"}}),
        [
            f'{_POLICY}.validRange.min: Invalid value: "1Gi": default is less than min: 2Gi',
            f'{_POLICY}.validRange.max: Invalid value: "11Gi": max is larger than capacity value: 10Gi',
            f'{_POLICY}.validRange.step: Invalid value: "1Gi": {_NO_STEP}',
            f'{_POLICY}.validRange.step: Invalid value: "11Gi": {_NO_STEP}',
        ],
    ),
    (
        _offered(taints=[{"key": "a"}, {"key": "a", "effect": "Never"}]),
        [
            f"{_D}.taints[0].effect: Required value",
            f'{_D}.taints[1].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"',
        ],
    ),
    (
        _offered(consumesCounters=[{"counterSet": "a", "counters": {"b": {"value": "1"}}}, {"counterSet": "a"}]),
        [
            f"{_D}.consumesCounters[1].counters: Required value",
            f'{_D}.consumesCounters[1]: Duplicate value: "a"',
        ],
    ),
    (
        _offered(nodeName="n"),
        [
            f'{_D}: Invalid value: "null": `nodeName`, `nodeSelector` and `allNodes` can only be set if'
            " `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        ],
    ),
    (
        _slice(nodeName=None, perDeviceNodeSelection=True, devices=[{"name": "d"}]),
        [f"{_D}: Required value: exactly one of {_PLACED} in the ResourceSlice spec"],
    ),
    (
        _offered(bindingConditions=["a", "a"], bindingFailureConditions=["a"]),
        [
            f'{_D}.bindingConditions[1]: Duplicate value: "a"',
            f'{_D}.bindingFailureConditions[0]: Invalid value: "a":'
            " bindingFailureConditions must not overlap with bindingConditions",
        ],
    ),
    (
        _offered(bindingConditions=["a"]),
        [
            f'{_D}.bindingFailureConditions: Invalid value: "null":'
            " bindingFailureConditions are required to use bindingConditions"
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("offered", "problems"), _SLICES)
def test_a_driver_offers_devices(offered: Object, problems: list[str]) -> None:
    """One pool, one place, and devices with attributes, capacities and taints."""
    assert refused(RESOURCE_SLICE, deepcopy(offered)) == problems


def test_a_slice_stays_with_its_driver_pool_and_node() -> None:
    """All else may change."""
    assert changed(RESOURCE_SLICE, _slice(), _slice(driver="other.example.com", nodeName="m")) == [
        'spec.driver: Invalid value: "other.example.com": field is immutable',
        'spec.nodeName: Invalid value: "m": field is immutable',
    ]


def test_a_class_counts_as_an_extended_resource() -> None:
    """Which has a domain that is not Kubernetes' own."""
    spec = {"extendedResourceName": "cpu", "config": [{}], "selectors": [{"cel": {"expression": "true"}}]}
    assert refused(DEVICE_CLASS, {"spec": spec}) == [
        "spec.config[0].opaque: Required value",
        'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ]
