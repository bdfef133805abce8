"""Pods: what is filled in, what is refused, what may change, and the word under STATUS."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kind_cases import cells, changed, container, made, pod, refused

from fairway.kinds import POD
from fairway.objects import Object
from fairway.objects.names import dns_subdomain

# Defaults


def test_a_plain_pod_is_filled_in() -> None:
    new = made(POD, pod(container(ports=[{"containerPort": 8080}])))
    assert new["spec"] == {
        "containers": [
            {
                "name": "web",
                "image": "luksa/kubia",
                "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "resources": {},
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {},
        "enableServiceLinks": True,
    }
    assert new["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.25", "IfNotPresent"),
        ("localhost:5000/nginx", "Always"),
        ("localhost:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:" + "0" * 64, "IfNotPresent"),
        ("nginx:latest@sha256:" + "0" * 64, "Always"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    new = made(POD, pod(container(image=image)))
    assert new["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_a_probe_has_numbers_and_a_path() -> None:
    new = made(POD, pod(container(readinessProbe={"httpGet": {"port": 8080}})))
    assert new["spec"]["containers"][0]["readinessProbe"] == {
        "httpGet": {"port": 8080, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_requests_follow_limits_and_amounts_are_canonical() -> None:
    resources = {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"memory": "512Mi"}}
    new = made(POD, pod(container(resources=resources)))
    assert new["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "1Gi"},
        "requests": {"memory": "512Mi", "cpu": "500m"},
    }


def test_ports_on_the_host_network_are_the_hosts() -> None:
    new = made(POD, pod(container(ports=[{"containerPort": 8080}]), hostNetwork=True))
    assert new["spec"]["containers"][0]["ports"][0]["hostPort"] == 8080


def test_both_names_of_the_service_account_are_shown() -> None:
    spec = made(POD, pod(serviceAccount="robot"))["spec"]
    assert (spec["serviceAccount"], spec["serviceAccountName"]) == ("robot", "robot")


def test_volumes_get_their_modes() -> None:
    spec = made(POD, pod(volumes=[{"name": "a"}, {"name": "b", "secret": {"secretName": "s"}},
                                  {"name": "c", "hostPath": {"path": "/x"}}]))["spec"]  # fmt: skip
    assert spec["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"secretName": "s", "defaultMode": 420}},
        {"name": "c", "hostPath": {"path": "/x", "type": ""}},
    ]


def test_a_variable_from_a_field_names_the_version() -> None:
    variable = {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    new = made(POD, pod(container(env=[variable])))
    assert new["spec"]["containers"][0]["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}, "Burstable"),
        ({"limits": {"cpu": "0"}}, "BestEffort"),
    ],
)
def test_the_quality_of_service(resources: Object, quality: str) -> None:
    assert made(POD, pod(container(resources=resources)))["status"]["qosClass"] == quality


def test_a_gated_pod_says_so() -> None:
    new = made(POD, pod(schedulingGates=[{"name": "a"}]))
    assert new["status"]["conditions"][0]["reason"] == "SchedulingGated"
    assert cells(POD, new)["Status"] == "SchedulingGated"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "restartPolicy": st.sampled_from(["", None, "Never"]),
            "volumes": st.sampled_from([None, [], [{"name": "a"}]]),
            "hostNetwork": st.booleans(),
            "nodeSelector": st.sampled_from([None, {}, {"a": "b"}]),
            "terminationGracePeriodSeconds": st.sampled_from([None, 0, 5]),
        },
    )
)
def test_defaults_are_idempotent(spec: Object) -> None:
    new = made(POD, pod(container(ports=[{"containerPort": 1}], env=None), **spec))
    once = deepcopy(new)
    POD.defaults(new)
    assert new == once


# Rules


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({"containers": []}, ["spec.containers: Required value"]),
        ({"containers": None}, ["spec.containers: Required value"]),
        ({"containers": [{"image": "a"}]}, ["spec.containers[0].name: Required value"]),
        ({"containers": [{"name": "a"}]}, ["spec.containers[0].image: Required value"]),
        (
            {"containers": [container(image=" a")]},
            ['spec.containers[0].image: Invalid value: " a": must not have leading or trailing whitespace'],
        ),
        ({"containers": [container(), container()]}, ['spec.containers[1].name: Duplicate value: "web"']),
        (
            {"restartPolicy": "Sometimes"},
            ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
        ),
        (
            {"dnsPolicy": "X"},
            [
                'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst",'
                ' "Default", "None"'
            ],
        ),
        ({"dnsPolicy": "None"}, ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
        ({"subdomain": "a.b"}, ['spec.subdomain: Invalid value: "a.b": must not contain dots']),
        ({"hostname": "a.b"}, ['spec.hostname: Invalid value: "a.b": must not contain dots']),
        (
            {"activeDeadlineSeconds": 0},
            ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
        ),
        (
            {"tolerations": [{"operator": "Equal"}]},
            [
                'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty,'
                ' which means "match all values and all keys"'
            ],
        ),
        (
            {"volumes": [{"name": "a", "hostPath": {"path": "a/../b"}}]},
            ["spec.volumes[0].hostPath.path: Invalid value: \"a/../b\": must not contain '..'"],
        ),
        (
            {"volumes": [{"name": "a", "emptyDir": {}, "secret": {"secretName": "s"}}]},
            ["spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"],
        ),
        (
            {"volumes": [{"name": "a"}, {"name": "a"}]},
            ['spec.volumes[1].name: Duplicate value: "a"'],
        ),
        (
            {"ephemeralContainers": [container("debug", resources=None)]},
            ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
        ),
        (
            {"nodeName": "n", "schedulingGates": [{"name": "a"}]},
            ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
        ),
        (
            {"hostUsers": False, "hostNetwork": True},
            ["spec.hostNetwork: Forbidden: when `hostUsers` is false"],
        ),
        ({"initContainers": [container("init", restartPolicy="Always")]}, []),
        (
            {"initContainers": [container("init", readinessProbe={"tcpSocket": {"port": 1}})]},
            [
                "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without"
                " restartPolicy=Always"
            ],
        ),
        ({"initContainers": [container("web")]}, ['spec.initContainers[0].name: Duplicate value: "web"']),
        (
            {
                "affinity": {
                    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
                }
            },
            [
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required"
                " value: must have at least one node selector term"
            ],
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "a"}]},
            [
                "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
                'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "": supported values:'
                ' "DoNotSchedule", "ScheduleAnyway"',
            ],
        ),
    ],
)
def test_the_spec(spec: Object, problems: list[str]) -> None:
    assert refused(POD, pod(**spec)) == problems


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"ports": [{}]}, ["ports[0].containerPort: Required value"]),
        (
            {"ports": [{"containerPort": 70000}]},
            ["ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
        ),
        (
            {"ports": [{"containerPort": 1, "name": "http"}, {"containerPort": 2, "name": "http"}]},
            ['ports[1].name: Duplicate value: "http"'],
        ),
        (
            {"ports": [{"containerPort": 1, "protocol": "X"}]},
            ['ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
        ),
        (
            {"ports": [{"containerPort": 1, "hostPort": 5}, {"containerPort": 2, "hostPort": 5}]},
            ['ports[1].hostPort: Duplicate value: "TCP//5"'],
        ),
        ({"env": [{"name": ""}]}, ["env[0].name: Required value"]),
        (
            {"env": [{"name": "a=b"}]},
            [
                'env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable'
                " ASCII characters other than '='"
            ],
        ),
        (
            {"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            ['env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
        ),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {}}}]},
            [f'env[0].valueFrom.secretKeyRef.name: Invalid value: "": {rule}' for rule in dns_subdomain("")]
            + ["env[0].valueFrom.secretKeyRef.key: Required value"],
        ),
        (
            {"volumeMounts": [{"name": "x", "mountPath": "/x"}]},
            ['volumeMounts[0].name: Not found: "x"'],
        ),
        (
            {"imagePullPolicy": "X"},
            ['imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"'],
        ),
        (
            {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}},
            ['resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
        ),
        (
            {"resources": {"limits": {"cpu": "-1"}}},
            [
                'resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
                'resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
            ],
        ),
        (
            {"resources": {"requests": {"gold": "1"}}},
            [
                'resources.requests[gold]: Invalid value: "gold": must be a standard resource type or fully qualified',
                'resources.requests[gold]: Invalid value: "gold": must be a standard resource for containers',
            ],
        ),
        ({"readinessProbe": {}}, ["readinessProbe: Required value: must specify a handler type"]),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}},
            ["livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
        ),
        (
            {"livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}},
            ["livenessProbe.successThreshold: Invalid value: 2: must be 1"],
        ),
        (
            {"readinessProbe": {"exec": {"command": []}, "periodSeconds": -1}},
            [
                "readinessProbe.exec.command: Required value",
                "readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
        (
            {"readinessProbe": {"httpGet": {"port": "no-such-port-name-is-so-long"}}},
            [
                'readinessProbe.httpGet.port: Invalid value: "no-such-port-name-is-so-long": must be no more than 15'
                " characters"
            ],
        ),
        ({"restartPolicy": "Always"}, []),
        (
            {"securityContext": {"runAsUser": -1}},
            ["securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
        ),
    ],
)
def test_containers(fields: Object, problems: list[str]) -> None:
    expected = [f"spec.containers[0].{problem}" for problem in problems]
    assert refused(POD, pod(container(**fields))) == expected


# Updates


CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only"
    " additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
    " previously negative)"
)


def updated(change: Any, **spec: Any) -> list[str]:
    old = made(POD, pod(**spec))
    new = deepcopy(old)
    change(new["spec"])
    return changed(POD, old, new)


def test_images_tolerations_and_deadlines_may_change() -> None:
    def change(spec: Object) -> None:
        spec["containers"][0]["image"] = "nginx:2"
        spec["tolerations"] = [{"key": "a", "operator": "Exists"}]
        spec["activeDeadlineSeconds"] = 10

    assert updated(change) == []


def test_anything_else_may_not() -> None:
    problems = updated(lambda spec: spec.update(nodeName="n2"), nodeName="n1")
    assert problems == [
        f"spec: Forbidden: pod updates may not change fields other than {CHANGEABLE}\n"
        '- spec.nodeName: "n1"\n+ spec.nodeName: "n2"'
    ]


def test_containers_may_not_come_or_go() -> None:
    problems = updated(lambda spec: spec["containers"].append(container("second")))
    assert problems == ["spec.containers: Forbidden: pod updates may not add or remove containers"]


def test_a_toleration_may_not_go() -> None:
    problems = updated(lambda spec: spec.pop("tolerations"), tolerations=[{"key": "a", "operator": "Exists"}])
    assert problems == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]


def test_gates_may_only_go() -> None:
    assert updated(lambda spec: spec["schedulingGates"].pop(), schedulingGates=[{"name": "a"}]) == []
    problems = updated(lambda spec: spec.update(schedulingGates=[{"name": "a"}]))
    assert problems[0] == (
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"
    )


def test_a_deadline_only_shrinks() -> None:
    assert updated(lambda spec: spec.update(activeDeadlineSeconds=20), activeDeadlineSeconds=10) == [
        "spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value"
    ]


def test_a_status_write_keeps_spec_owners_and_quality() -> None:
    old = made(POD, pod())
    old["metadata"]["ownerReferences"] = [{"uid": "1"}]
    new = deepcopy(old)
    new["metadata"].pop("ownerReferences")
    new["spec"]["nodeName"] = "other"
    new["status"] = {"phase": "Running", "qosClass": "Guaranteed", "podIP": "10.244.0.5"}
    assert changed(POD, old, new, "status") == []
    assert new["spec"] is old["spec"]
    assert new["metadata"]["ownerReferences"] == [{"uid": "1"}]
    assert new["status"] == {
        "phase": "Running", "qosClass": "BestEffort", "podIP": "10.244.0.5", "podIPs": [{"ip": "10.244.0.5"}],
    }  # fmt: skip


def test_what_ended_for_good_does_not_run_again() -> None:
    old = made(POD, pod(restartPolicy="Never"))
    old["status"]["containerStatuses"] = [{"name": "web", "state": {"terminated": {"exitCode": 1}}}]
    new = deepcopy(old)
    new["status"] = {"phase": "Running", "containerStatuses": [{"name": "web", "state": {"running": {}}}]}
    assert changed(POD, old, new, "status") == [
        "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    ]


@pytest.mark.parametrize(
    ("spec", "status", "seconds"),
    [
        ({}, {}, None),
        ({"nodeName": "n"}, {"phase": "Running"}, 30),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 0}, {"phase": "Running"}, 0),
        ({"nodeName": "n", "terminationGracePeriodSeconds": 5}, {"phase": "Running"}, 5),
        ({"nodeName": "n", "terminationGracePeriodSeconds": -5}, {"phase": "Running"}, 1),
        ({"nodeName": "n"}, {"phase": "Succeeded"}, None),
    ],
)
def test_the_grace_of_deletion(spec: Object, status: Object, seconds: int | None) -> None:
    new = made(POD, pod(**spec))
    new["status"] = status
    assert POD.grace_s is not None
    assert POD.grace_s(new) == seconds


# Warnings


def warned(new: Object) -> list[str]:
    return list(POD.warnings(made(POD, new), None))


def test_a_variable_that_hides_another_is_warned_about() -> None:
    assert warned(pod(container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]))) == [
        'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'
    ]


def test_one_port_name_in_two_containers_is_warned_about() -> None:
    ports = [{"containerPort": 80, "name": "http"}]
    first = "spec.containers[0].ports[0]"
    assert warned(pod(container("a", ports=ports), container("b", ports=ports)))[:1] == [
        f'spec.containers[1].ports[0]: duplicate port name "http" with {first}, services and probes that select ports'
        f" by name will use {first}"
    ]


@pytest.mark.parametrize(
    ("ports", "texts"),
    [
        ([{"containerPort": 80}, {"containerPort": 80}], ["ports[1]: duplicate port definition with FIRST"]),
        ([{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}], []),
        (
            [{"containerPort": 80}, {"containerPort": 80, "hostPort": 8080}],
            ["ports[1]: overlapping port definition with FIRST"],
        ),
        (
            [{"containerPort": 80, "hostPort": 1, "hostIP": "10.1.2.3"}, {"containerPort": 80, "hostPort": 1}],
            ["ports[1]: dangerously ambiguous port definition with FIRST"],
        ),
        ([{"containerPort": 80, "hostPort": 1}, {"containerPort": 80, "hostPort": 2}], []),
        (
            [{"containerPort": 80, "hostIP": "10.1.2.3"}],
            ["ports[0]: hostIP set without hostPort: "
             "{Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.1.2.3}"],
        ),
    ],
)  # fmt: skip
def test_ports_that_clash_are_warned_about(ports: list[Object], texts: list[str]) -> None:
    first = "spec.containers[0].ports[0]"
    found = warned(pod(container(ports=ports)))
    assert found == [f"spec.containers[0].{text.replace('FIRST', first)}" for text in texts]


@pytest.mark.parametrize(
    ("spec", "texts"),
    [
        ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}},
         ['nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead']),
        ({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "failure-domain.beta.kubernetes.io/zone"}]},
         ['topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17;'
          ' use "topology.kubernetes.io/zone" instead',
          "topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod"]),
        ({"hostAliases": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.4"}]}, ['hostAliases[1].ip: duplicate ip "1.2.3.4"']),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "a"}, {}]},
         ['imagePullSecrets[1].name: duplicate name "a"', 'imagePullSecrets[2].name: invalid empty name ""']),
        ({"overhead": {"memory": "100m"}},
         ['overhead[memory]: fractional byte value "100m" is invalid, must be an integer']),
        ({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "a"}]}}},
         ["affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector"
          " results in matching no pod"]),
        ({"terminationGracePeriodSeconds": -1},
         ["terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"]),
    ],
)  # fmt: skip
def test_what_is_doubtful_in_a_spec_is_warned_about(spec: Object, texts: list[str]) -> None:
    assert warned(pod(**spec)) == [f"spec.{text}" for text in texts]


def test_a_variable_that_is_made_from_its_first_definition_hides_nothing() -> None:
    assert warned(pod(container(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]))) == []


def test_a_name_with_dots_is_warned_about() -> None:
    new = pod()
    new["metadata"]["name"] = "a.b"
    assert warned(new) == [
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is"
        " recommended: [must not contain dots]"
    ]


# The table


def running(name: str = "web", **more: Any) -> Object:
    return {"name": name, "ready": True, "restartCount": 0, "state": {"running": {}}} | more


def waiting(reason: str, name: str = "web") -> Object:
    return {"name": name, "ready": False, "restartCount": 0, "state": {"waiting": {"reason": reason}}}


def ended(name: str = "web", code: int = 0, reason: str = "Completed", **more: Any) -> Object:
    end = {"exitCode": code} | ({"reason": reason} if reason else {}) | more
    return {"name": name, "ready": False, "restartCount": 0, "state": {"terminated": end}}


READY = {"type": "Ready", "status": "True"}
TWO = [container("web"), container("side")]
INIT = [container("one"), container("two")]


@pytest.mark.parametrize(
    ("spec", "status", "ready", "word"),
    [
        ({}, {"phase": "Pending"}, "0/1", "Pending"),
        ({}, {"phase": "Running", "containerStatuses": [running()]}, "1/1", "Running"),
        ({}, {"phase": "Running", "containerStatuses": [running(ready=False)]}, "0/1", "Running"),
        ({}, {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}, "0/1", "ContainerCreating"),
        ({}, {"phase": "Pending", "containerStatuses": [waiting("ErrImagePull")]}, "0/1", "ErrImagePull"),
        ({}, {"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff")]}, "0/1", "CrashLoopBackOff"),
        ({}, {"phase": "Failed", "reason": "Evicted"}, "0/1", "Evicted"),
        ({}, {"phase": "Succeeded", "containerStatuses": [ended()]}, "0/1", "Completed"),
        ({}, {"phase": "Failed", "containerStatuses": [ended(code=3, reason="Error")]}, "0/1", "Error"),
        ({}, {"phase": "Failed", "containerStatuses": [ended(code=3, reason="")]}, "0/1", "ExitCode:3"),
        ({}, {"phase": "Failed", "containerStatuses": [ended(code=137, reason="", signal=9)]}, "0/1", "Signal:9"),
        (
            {"containers": TWO},
            {"phase": "Running", "containerStatuses": [ended(), running("side")], "conditions": [READY]},
            "1/2", "Running",
        ),
        (
            {"containers": TWO},
            {"phase": "Running", "containerStatuses": [ended(), running("side")]},
            "1/2", "NotReady",
        ),
        (
            {"initContainers": INIT},
            {"phase": "Pending", "initContainerStatuses": [running("one"), waiting("PodInitializing", "two")]},
            "0/1", "Init:0/2",
        ),
        (
            {"initContainers": INIT},
            {"phase": "Pending", "initContainerStatuses": [ended("one"), waiting("PodInitializing", "two")]},
            "0/1", "Init:1/2",
        ),
        (
            {"initContainers": INIT},
            {"phase": "Pending", "initContainerStatuses": [ended("one", 1, "Error")]},
            "0/1", "Init:Error",
        ),
        (
            {"initContainers": INIT},
            {"phase": "Pending", "initContainerStatuses": [ended("one", 7, "")]},
            "0/1", "Init:ExitCode:7",
        ),
        (
            {"initContainers": INIT},
            {"phase": "Pending", "initContainerStatuses": [waiting("CrashLoopBackOff", "one")]},
            "0/1", "Init:CrashLoopBackOff",
        ),
        (
            {"initContainers": INIT},
            {
                "phase": "Pending", "initContainerStatuses": [ended("one"), ended("two")],
                "containerStatuses": [waiting("PodInitializing")],
            },
            "0/1", "PodInitializing",
        ),
        (
            {"initContainers": [container("side", restartPolicy="Always")]},
            {
                "phase": "Running", "initContainerStatuses": [running("side", started=True)],
                "containerStatuses": [running()],
            },
            "2/2", "Running",
        ),
    ],
)  # fmt: skip
def test_the_status_word(spec: Object, status: Object, ready: str, word: str) -> None:
    new = made(POD, pod(**spec))
    new["status"] = status
    shown = cells(POD, new)
    assert (shown["Ready"], shown["Status"]) == (ready, word)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Running", "containerStatuses": [running()]}, "Terminating"),
        ({"phase": "Succeeded", "containerStatuses": [ended()]}, "Completed"),
        ({"phase": "Running", "reason": "NodeLost"}, "Unknown"),
    ],
)
def test_a_pod_on_its_way_out(status: Object, word: str) -> None:
    new = made(POD, pod())
    new["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    new["status"] = status
    assert cells(POD, new)["Status"] == word


def test_restarts_tell_when_the_last_one_was() -> None:
    new = made(POD, pod())
    last = {"terminated": {"exitCode": 1, "finishedAt": "2023-11-14T22:08:20Z"}}
    new["status"] = {"phase": "Running", "containerStatuses": [running(restartCount=2, lastState=last)]}
    assert cells(POD, new)["Restarts"] == "2 (5m ago)"


def test_a_wide_row() -> None:
    new = made(POD, pod(nodeName="n1", readinessGates=[{"conditionType": "a/b"}, {"conditionType": "c/d"}]))
    new["status"] = {"podIPs": [{"ip": "10.244.0.5"}], "conditions": [{"type": "a/b", "status": "True"}]}
    shown = cells(POD, new, wide=True)
    assert [shown[name] for name in ("IP", "Node", "Nominated Node", "Readiness Gates")] == [
        "10.244.0.5", "n1", "<none>", "1/2",
    ]  # fmt: skip


def test_fields_that_select() -> None:
    new = made(POD, pod(nodeName="n1", hostNetwork=True))
    assert {name: read(new) for name, read in POD.fields.items()} == {
        "spec.nodeName": "n1",
        "spec.restartPolicy": "Always",
        "spec.schedulerName": "default-scheduler",
        "spec.serviceAccountName": "",
        "spec.hostNetwork": "true",
        "status.phase": "Pending",
        "status.podIP": "",
        "status.nominatedNodeName": "",
    }


def test_ephemeral_containers_are_added_by_their_own_subresource_and_stay() -> None:
    old = made(POD, pod())
    debugger = container("debug", targetContainerName="web")
    new = deepcopy(old)
    new["metadata"]["labels"] = {"a": "b"}
    new["spec"] |= {"ephemeralContainers": [debugger], "hostname": "other"}
    assert changed(POD, old, new, "ephemeralcontainers") == []
    assert (new["spec"].get("hostname"), new["metadata"].get("labels")) == (None, None)
    [kept] = new["spec"]["ephemeralContainers"]
    assert (kept["name"], kept["imagePullPolicy"]) == ("debug", "Always")

    again = deepcopy(new)
    again["spec"].pop("ephemeralContainers")
    assert changed(POD, new, again) == []
    assert again["spec"]["ephemeralContainers"] == [kept]

    for ephemeral, text in (
        ([], 'existing ephemeral containers "debug" may not be removed\n'),
        (
            [{**kept, "image": "other"}],
            'existing ephemeral containers "debug" may not be changed\n- .image: "luksa/kubia"\n+ .image: "other"',
        ),
    ):
        wrong = deepcopy(new)
        wrong["spec"]["ephemeralContainers"] = ephemeral
        assert changed(POD, new, wrong, "ephemeralcontainers") == [f"spec.ephemeralContainers: Forbidden: {text}"]
    unknown = deepcopy(new)
    unknown["spec"]["ephemeralContainers"] = [kept, container("more", targetContainerName="nobody")]
    assert changed(POD, new, unknown, "ephemeralcontainers") == [
        'spec.ephemeralContainers[1].targetContainerName: Not found: "nobody"'
    ]
