"""Pods: corners that upstream's own tables of unit tests show: annotations, Windows, whole pods, gates, resizing."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import changed, container, made, pod, refused

from fairway.kinds import DEPLOYMENT, POD
from fairway.objects import Object

_ARMOR = "container.apparmor.security.beta.kubernetes.io/web"
_SECCOMP = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_OF_WEB = "container.seccomp.security.alpha.kubernetes.io/web"
_MIRROR = "kubernetes.io/config.mirror"
_PROFILE = "spec.containers[0].securityContext.appArmorProfile"


def annotated(annotations: dict[str, str], *containers: Object, **spec: Any) -> Object:
    new = pod(*containers, **spec)
    new["metadata"]["annotations"] = dict(annotations)
    return new


@pytest.mark.parametrize(
    ("annotations", "fault"),
    [
        ({_MIRROR: "x"}, f'[{_MIRROR}]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set'),
        ({_SECCOMP: "foo"}, f'.{_SECCOMP}: Invalid value: "foo": must be a valid seccomp profile'),
        ({_SECCOMP_OF_WEB: "localhost//foo"}, f'.{_SECCOMP_OF_WEB}: Invalid value: "/foo": must be a relative path'),
        ({_ARMOR: "bad-name"}, f'[{_ARMOR}]: Invalid value: "bad-name": invalid AppArmor profile name: "bad-name"'),
        ({f"{_ARMOR}x": ""}, f'[{_ARMOR}x]: Invalid value: "webx": container not found'),
        (
            {"controller.kubernetes.io/pod-deletion-cost": "+1"},
            '[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
        ),
        (
            {"scheduler.alpha.kubernetes.io/tolerations": '[{"operator": "Equal"}]'},
            '.scheduler.alpha.kubernetes.io/tolerations[0].operator: Invalid value: "Equal": operator must be Exists '
            'when `key` is empty, which means "match all values and all keys"',
        ),
        ({_SECCOMP: "docker/default", _ARMOR: "localhost/x"}, None),
    ],
)
def test_annotations_that_mean_something(annotations: dict[str, str], fault: str | None) -> None:
    assert refused(POD, annotated(annotations)) == ([] if fault is None else [f"metadata.annotations{fault}"])


@pytest.mark.parametrize(
    ("annotations", "context", "fault"),
    [
        ({_ARMOR: "unconfined"}, {"type": "RuntimeDefault"}, "type: Forbidden: apparmor type in annotation and"),
        ({_ARMOR: "localhost/a"}, {"type": "Localhost", "localhostProfile": "b"}, "localhostProfile: Forbidden: app"),
        ({_ARMOR: "runtime/default"}, {"type": "RuntimeDefault"}, None),
    ],
)
def test_profiles_said_twice_must_agree(annotations: dict[str, str], context: Object, fault: str | None) -> None:
    found = refused(POD, annotated(annotations, securityContext={"appArmorProfile": context}))
    assert [text.startswith(f"{_PROFILE}.{fault}") for text in found] == ([] if fault is None else [True])


def test_some_annotations_are_for_life() -> None:
    old = made(POD, annotated({_ARMOR: "unconfined"}))
    new = deepcopy(old)
    new["metadata"]["annotations"] = {_MIRROR: "x"}
    new["spec"]["nodeName"] = old["spec"]["nodeName"] = "n"
    assert changed(POD, old, new) == [
        f"metadata.annotations[{_ARMOR}]: Forbidden: may not remove or update AppArmor annotations",
        f"metadata.annotations[{_MIRROR}]: Forbidden: may not add mirror pod annotation",
    ]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"gmsaCredentialSpec": ""}, 'gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an e'),
        ({"runAsUserName": ""}, 'runAsUserName: Invalid value: "": runAsUserName cannot be an empty string'),
        ({"runAsUserName": "a\tb"}, 'runAsUserName: Invalid value: "a\\tb": runAsUserName cannot contain cont'),
        (
            {"runAsUserName": "\\u"},
            "runAsUserName: Invalid value: \"\\\\u\": runAsUserName's Domain doesn't match the NetBios nor",
        ),
        ({"runAsUserName": "a\\"}, 'runAsUserName: Invalid value: "a\\\\": runAsUserName\'s User cannot be empty'),
        (
            {"runAsUserName": ". ."},
            'runAsUserName: Invalid value: ". .": runAsUserName\'s User cannot contain only per',
        ),
        ({"runAsUserName": "ContainerUser"}, None),
        ({"runAsUserName": "dom.example.com-x\\u"}, None),
    ],
)
def test_what_is_said_to_windows(options: Object, fault: str | None) -> None:
    path = "spec.containers[0].securityContext.windowsOptions"
    found = refused(POD, pod(container(securityContext={"windowsOptions": options})))
    assert [text.startswith(f"{path}.{fault}") for text in found] == ([] if fault is None else [True])


def test_processes_of_the_host_are_all_of_the_pod() -> None:
    host = container("a", securityContext={"windowsOptions": {"hostProcess": True}})
    assert refused(POD, pod(host, container("b"))) == [
        'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be'
        " HostProcess containers",
        "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
    ]


_SPEC_FAULTS: list[tuple[Object, list[str]]] = [
    ({"hostnameOverride": "A"}, ['spec.hostnameOverride: Invalid value: "A": a lowercase RFC 1123 subdomain']),
    (
        {"hostnameOverride": "a", "hostNetwork": True},
        ["spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true"],
    ),
    (
        {"securityContext": {"supplementalGroupsPolicy": "x", "seLinuxChangePolicy": "y"}},
        ["spec.securityContext.supplementalGroupsPolicy: Unsup", "spec.securityContext.seLinuxChangePolicy: Unsup"],
    ),
    (
        {"tolerations": [{"key": "a", "operator": "Gt", "value": "1"}]},
        ['spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Gt", "Lt"'],
    ),
    ({"os": {}}, ["spec.os.name: Required value"]),
    (
        {"resources": {"limits": {"cpu": "1", "ephemeral-storage": "1"}, "claims": [{"name": "a"}]}},
        [
            "spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level",
            'spec.resources.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu",'
            ' "hugepages-", "memory"',
            'spec.resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is',
        ],
    ),
]


@pytest.mark.parametrize(("spec", "faults"), _SPEC_FAULTS)
def test_what_a_spec_may_not_say(spec: Object, faults: list[str]) -> None:
    found = refused(POD, pod(**spec))
    assert len(found) == len(faults)
    for text, fault in zip(found, faults, strict=True):
        assert text.startswith(fault)


_CONTAINER_FAULTS: list[tuple[Object, Object, str]] = [
    (
        {"securityContext": {"procMount": "Unmasked"}},
        {},
        '.securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
    ),
    (
        {"lifecycle": {"stopSignal": "SIGUSR1"}},
        {},
        ".lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`",
    ),
    (
        {"lifecycle": {"stopSignal": "SIGUSR1"}},
        {"os": {"name": "windows"}},
        '.lifecycle.stopSignal: Unsupported value: "SIGUSR1": supported values: "SIGKILL", "SIGTERM"',
    ),
    (
        {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]},
        {"restartPolicy": "Never"},
        ".resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'",
    ),
    (
        {"env": [{"name": "A", "valueFrom": {"fileKeyRef": {"key": "A", "volumeName": "v", "path": "p"}}}]},
        {},
        '.env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"',
    ),
    (
        {"env": [{"name": "A", "valueFrom": {}}]},
        {},
        '.env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `conf',
    ),
    (
        {"resources": {"claims": [{"name": "a"}, {"name": "a"}]}},
        {"resourceClaims": [{"name": "a", "resourceClaimName": "c"}]},
        '.resources.claims[1]: Duplicate value: "a"',
    ),
    (
        {
            "restartPolicy": "Never",
            "restartPolicyRules": [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [3]}}],
        },
        {},
        "",
    ),
]


@pytest.mark.parametrize(("fields", "spec", "fault"), _CONTAINER_FAULTS)
def test_what_a_container_may_not_say(fields: Object, spec: Object, fault: str) -> None:
    found = refused(POD, pod(container(**fields), **spec))
    assert [text.startswith(f"spec.containers[0]{fault}") for text in found] == ([True] if fault else [])


def test_a_whole_pod_asks_for_what_is_left_out() -> None:
    asking = container(resources={"requests": {"cpu": "100m"}})
    new = made(POD, pod(asking, resources={"limits": {"cpu": "1", "memory": "1024Mi"}}))
    assert new["spec"]["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "100m", "memory": "1Gi"},
    }
    assert new["status"]["qosClass"] == "Burstable"
    alike = made(POD, pod(resources={"limits": {"cpu": "1", "memory": "1Gi"}}))
    assert alike["status"]["qosClass"] == "Guaranteed"


def test_a_whole_pod_has_room_for_its_containers() -> None:
    asking = container(resources={"limits": {"cpu": "3"}, "requests": {"cpu": "2"}})
    assert refused(POD, pod(asking, resources={"limits": {"cpu": "1"}, "requests": {"cpu": "1"}})) == [
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container'
        " requests of 2",
        'spec.resources.containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 1',
    ]


def test_keys_of_labels_become_requirements_of_a_new_pod() -> None:
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}, "mismatchLabelKeys": ["team"]}
    spread = {
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": ["hash", "absent"],
    }  # fmt: skip
    new = pod(affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
              topologySpreadConstraints=[spread])  # fmt: skip
    new["metadata"]["labels"] = {"team": "red", "hash": "1"}
    filled = made(POD, new)
    spec = filled["spec"]
    chosen = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["labelSelector"]
    assert chosen["matchExpressions"] == [{"key": "team", "operator": "NotIn", "values": ["red"]}]
    assert spec["topologySpreadConstraints"][0]["labelSelector"]["matchExpressions"] == [
        {"key": "hash", "operator": "In", "values": ["1"]}
    ]
    assert list(POD.validate(filled, None)) == []


def test_a_template_is_told_of_its_annotations_too() -> None:
    template = {"metadata": {"labels": {"a": "b"}, "annotations": {_SECCOMP: "x"}}, "spec": pod()["spec"]}
    found = refused(DEPLOYMENT, {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
    assert found == [f'spec.template.annotations.{_SECCOMP}: Invalid value: "x": must be a valid seccomp profile']


_NODES = "requiredDuringSchedulingIgnoredDuringExecution"


def _on(*values: str) -> Object:
    terms = [{"matchExpressions": [{"key": "k", "operator": "In", "values": [value]} for value in values]}]
    return {"nodeAffinity": {_NODES: {"nodeSelectorTerms": terms}}}


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        ({}, {"affinity": _on("a")}, []),
        ({"affinity": _on("a")}, {"affinity": _on("a", "b")}, []),
        ({"affinity": _on("a")}, {"affinity": _on("b")}, ["only additions are allowed (no mutations or deletions)"]),
        ({"affinity": _on("a")}, {}, ["no additions/deletions to non-empty NodeSelectorTerms list are allowed"]),
        ({"nodeSelector": {"a": "b"}}, {"nodeSelector": {"a": "b", "c": "d"}}, []),
        ({"nodeSelector": {"a": "b"}}, {}, ["only additions to spec.nodeSelector are allowed (no mutations or del"]),
    ],
)
def test_a_gated_pod_is_only_steered_further(before: Object, after: Object, faults: list[str]) -> None:
    gates = {"schedulingGates": [{"name": "g"}]}
    found = changed(POD, made(POD, pod(**gates, **before)), pod(**gates, **after))
    assert len(found) == len(faults)
    assert all(fault in text for text, fault in zip(found, faults, strict=True))


def _resized(old: Object, change: Any, **status: Any) -> list[str]:
    was = made(POD, old)
    was["status"].update(status)
    new = deepcopy(was)
    change(new["spec"])
    POD.defaults(new)
    POD.prepare(new, was, "resize")
    return [problem.text for problem in POD.validate_below["resize"](new, was)]


def _ask(cpu: str | None) -> Object:
    return container(resources={"requests": {} if cpu is None else {"cpu": cpu}})


@pytest.mark.parametrize(
    ("old", "path", "wanted", "faults"),
    [
        (pod(_ask("1")), ("containers", 0), {"requests": {"cpu": "2"}}, []),
        (
            pod(_ask("1")),
            ("containers", 0),
            {"requests": {"memory": "1"}},
            ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed"],
        ),
        (
            pod(_ask("1")),
            ("containers", 0),
            {"requests": {"cpu": "1", "ephemeral-storage": "1"}},
            ["spec: Forbidden: only cpu and memory resources are mutable"],
        ),
        (
            pod(_ask("1"), initContainers=[_ask("1") | {"name": "i"}]),
            ("initContainers", 0),
            {"requests": {"cpu": "2"}},
            [],
        ),
        (pod(resources={"limits": {"cpu": "1"}}), (), {"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}, []),
        (
            pod(_ask("1"), resources={"limits": {"cpu": "1"}}),
            (),
            None,
            ["spec.resources: Forbidden: pod-level resources cannot be removed"],
        ),
    ],
)
def test_what_a_resize_may_change(old: Object, path: tuple[Any, ...], wanted: Object | None, faults: list[str]) -> None:
    def change(spec: Object) -> None:
        place = spec[path[0]][path[1]] if path else spec
        place.pop("resources")
        if wanted is not None:
            place["resources"] = wanted

    assert _resized(old, change) == faults


def test_a_node_that_cannot_resize() -> None:
    running = [{"name": "web", "state": {"running": {}}}]
    assert _resized(pod(_ask("1")), lambda _: None, containerStatuses=running) == [
        "spec: Forbidden: Pod running on node without support for resize"
    ]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ({"conditions": [{"type": "a b"}]}, 'status.conditions[0].Type: Invalid value: "a b": name part must'),
        ({"observedGeneration": -1}, "status.observedGeneration: Invalid value: -1: must be a non-negative integer"),
        (
            {"nominatedNodeName": "n"},
            "status.nominatedNodeName: Forbidden: may not be set on pods that are already bound",
        ),
        (
            {"resourceClaimStatuses": [{"name": "x"}]},
            'status.resourceClaimStatuses[0].name: Invalid value: "x": must match the',
        ),
        (
            {"extendedResourceClaimStatus": {"resourceClaimName": "c"}},
            "status.extendedResourceClaimStatus.requestMappings: Required value: at least one",
        ),
        (
            {"containerStatuses": [{"name": "web", "user": {"linux": {"uid": -1, "gid": 0}}}]},
            "status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between",
        ),
        (
            {"containerStatuses": [{"name": "web", "allocatedResourcesStatus": [{"name": "a.b/c"}]}]},
            'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "a.b/c": must',
        ),
        ({"podIPs": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}], "podIP": "1.1.1.1"}, "status.podIPs: Invalid value: "),
    ],
)
def test_what_a_status_may_not_say(status: Object, fault: str) -> None:
    old = made(POD, pod(nodeName="m"))
    new = deepcopy(old)
    new["status"] = status
    (found,) = changed(POD, old, new, "status")
    assert found.startswith(fault)


def test_a_rule_for_all_lets_what_ended_run_again() -> None:
    rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [3]}}
    asking = container("one", restartPolicy="Never", restartPolicyRules=[rule])
    old = made(POD, pod(asking, container("two"), restartPolicy="Never"))
    new = deepcopy(old)
    old["status"]["containerStatuses"] = [{"name": "two", "state": {"terminated": {"exitCode": 0}}}]
    new["status"]["containerStatuses"] = [{"name": "two", "state": {"running": {}}}]
    assert changed(POD, old, new, "status") == []
