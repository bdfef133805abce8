"""PodSecurity: what each level forbids of a pod, in upstream's words, and which level a namespace's labels name."""

from typing import Any

import pytest

from fairway.apiserver.admission.pod_security import judge, levels
from fairway.apiserver.admission.pod_security.levels import LATEST, Level
from fairway.objects import Object

HARDENED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
ENFORCE, VERSION, WARN = (f"{levels.PREFIX}{name}" for name in ("enforce", "enforce-version", "warn"))


def told(level: str, spec: Object, minor: int = LATEST, **metadata: Any) -> str:
    return ", ".join(one.text for one in judge.findings(Level(level, minor), metadata, spec))


def pod(*contexts: Object, **spec: Any) -> Object:
    return {
        "containers": [{"name": f"c{n}", "securityContext": one} for n, one in enumerate(contexts or ({},))],
        **spec,
    }


def test_a_plain_pod_is_told_all_that_restricted_wants() -> None:
    assert judge.violation(Level("restricted"), {}, pod({}, {})) == (
        'PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "c0", "c1" must set '
        'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "c0", "c1" must set '
        'securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "c0", "c1" must set '
        'securityContext.runAsNonRoot=true), seccompProfile (pod or containers "c0", "c1" must set '
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


WIDE = pod(
    {"capabilities": {"add": ["SYS_TIME"], "drop": ["ALL"]}, "allowPrivilegeEscalation": False, "runAsNonRoot": True,
     "seccompProfile": {"type": "Unconfined"}, "privileged": True},
    hostNetwork=True, volumes=[{"name": "v", "hostPath": {"path": "/"}}],
)  # fmt: skip


@pytest.mark.parametrize(
    ("level", "minor", "reasons"),
    [
        ("baseline", LATEST, ["non-default capabilities", "host namespaces", "hostPath volumes", "privileged",
                              "seccompProfile"]),
        ("restricted", LATEST, ["host namespaces", "privileged", "unrestricted capabilities", "restricted volume types",
                                "seccompProfile"]),
        ("restricted", 21, ["non-default capabilities", "host namespaces", "privileged", "restricted volume types",
                            "seccompProfile"]),
    ],
)  # fmt: skip
def test_faults_come_in_the_order_of_upstreams_names_for_them(level: str, minor: int, reasons: list[str]) -> None:
    assert [one.reason for one in judge.findings(Level(level, minor), {}, WIDE)] == reasons


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (pod(), ""),
        (pod(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)"),
        (pod({"privileged": True}), 'privileged (container "c0" must not set securityContext.privileged=true)'),
        (
            pod({"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}),
            'non-default capabilities (container "c0" must not include "NET_ADMIN" in '
            "securityContext.capabilities.add)",
        ),
        (pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), 'hostPath volumes (volume "v")'),
        (
            {"containers": [{"name": "a", "ports": [{"hostPort": 80}, {"hostPort": 443}]}]},
            'hostPort (container "a" uses hostPorts 443, 80)',
        ),
        (
            pod({"seccompProfile": {"type": "Unconfined"}}, securityContext={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (pod and container "c0" must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            pod({"procMount": "Unmasked"}),
            'procMount (container "c0" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            pod({"seLinuxOptions": {"type": "x", "user": "u"}}),
            'seLinuxOptions (container "c0" set forbidden securityContext.seLinuxOptions: type "x"; '
            "user may not be set)",
        ),
        (
            pod(securityContext={"sysctls": [{"name": "kernel.msgmax"}, {"name": "net.ipv4.tcp_rmem"}]}),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            pod(securityContext={"windowsOptions": {"hostProcess": True}}),
            "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "1.2.3.4"}}}]},
            'probe or lifecycle host (container "a" uses probe or lifecycle host "1.2.3.4")',
        ),
    ],
)
def test_what_baseline_forbids(spec: Object, text: str) -> None:
    assert told("baseline", spec) == text
    assert told("privileged", spec) == ""


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (pod(HARDENED), ""),
        (
            pod(HARDENED | {"runAsUser": 0}, securityContext={"runAsUser": 0}),
            'runAsUser=0 (pod and container "c0" must not set runAsUser=0)',
        ),
        (
            pod(HARDENED | {"runAsNonRoot": False}),
            'runAsNonRoot != true (container "c0" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            pod(HARDENED | {"capabilities": {"drop": ["ALL"], "add": ["CHOWN", "NET_BIND_SERVICE"]}}),
            'unrestricted capabilities (container "c0" must not include "CHOWN" in securityContext.capabilities.add)',
        ),
        (
            pod(HARDENED, volumes=[{"name": "v", "hostPath": {"path": "/"}}, {"name": "e", "emptyDir": {}}]),
            'restricted volume types (volume "v" uses restricted volume type "hostPath")',
        ),
        (
            pod({"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "Localhost"}}),
            "",
        ),
        (pod({"runAsNonRoot": True}, os={"name": "windows"}), ""),
    ],
)  # fmt: skip
def test_what_restricted_forbids(spec: Object, text: str) -> None:
    assert told("restricted", spec) == text


def test_an_older_version_forbids_what_it_did_then() -> None:
    assert told("restricted", pod({}), minor=7) == (
        'runAsNonRoot != true (pod or container "c0" must set securityContext.runAsNonRoot=true)'
    )
    sysctl = pod(securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem"}]})
    assert told("baseline", sysctl, minor=31) == "forbidden sysctls (net.ipv4.tcp_rmem)"
    assert told("baseline", sysctl, minor=32) == ""


@pytest.mark.parametrize(
    ("labels", "enforce", "warn"),
    [
        ({}, "privileged:latest", "privileged:latest"),
        ({ENFORCE: "baseline"}, "baseline:latest", "baseline:latest"),
        ({ENFORCE: "baseline", VERSION: "v1.25"}, "baseline:v1.25", "baseline:v1.25"),
        ({ENFORCE: "baseline", WARN: "restricted"}, "baseline:latest", "restricted:latest"),
        ({ENFORCE: "restricted", WARN: "privileged"}, "restricted:latest", "privileged:latest"),
        ({ENFORCE: "strict", WARN: "strict"}, "restricted:latest", "privileged:latest"),
    ],
)
def test_labels_name_levels(labels: Object, enforce: str, warn: str) -> None:
    found = levels.policy(labels)
    assert (found.enforce.text, found.warn.text) == (enforce, warn)


def test_pods_with_the_same_faults_are_told_of_together() -> None:
    pods = [{"metadata": {"name": name}, "spec": pod(hostNetwork=True)} for name in ("b", "a", "c")]
    pods.append({"metadata": {"name": "d"}, "spec": pod({"privileged": True})})
    assert list(judge.of_namespace(Level("baseline"), "n", pods)) == [
        'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
        "a (and 2 other pods): host namespaces",
        "d: privileged",
    ]
