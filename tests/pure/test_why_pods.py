"""What `why` says of pods that are not behind a Service."""

from typing import Any

import pytest

from pure.test_why import ONE, OPEN, port
from pure.why_cases import Thing, World, event, pod, service, slice_of

# Pods that are not ready.


def waiting(reason: str, message: str = "", **rest: Any) -> list[Thing]:
    return [{"name": "kubia", "ready": False, "state": {"waiting": {"reason": reason, "message": message}}, **rest}]


CRASHED = {"terminated": {"exitCode": 1, "reason": "Error"}}
PROBE = {"readinessProbe": {"httpGet": {"port": 8080, "path": "/healthz"}}}
UNREADY = [
    (
        {"containerStatuses": waiting("CrashLoopBackOff", lastState=CRASHED, restartCount=4)},
        {},
        "CrashLoopBackOff",
        "container kubia keeps ending (CrashLoopBackOff, 4 restarts): it ended with exit code 1",
    ),
    (
        {
            "containerStatuses": waiting(
                "CrashLoopBackOff", lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
            )
        },
        {},
        "CrashLoopBackOff",
        "exit code 137 (OOMKilled)",
    ),
    (
        {"containerStatuses": waiting("ImagePullBackOff", "no such image"), "podIP": "", "podIPs": []},
        {},
        "ImagePullBackOff",
        "it has no IP yet: the image luksa/kubia cannot be had: ImagePullBackOff: no such image",
    ),
    (
        {"containerStatuses": waiting("CreateContainerConfigError", 'secret "x" not found')},
        {},
        "CreateContainerConfigError",
        'secret "x" not found',
    ),
    (
        {"containerStatuses": [{"name": "kubia", "ready": False, "state": CRASHED}]},
        {},
        "Crashed",
        "has ended with exit code 1",
    ),
    (
        {
            "initContainerStatuses": [{"name": "init", "ready": False, "state": {"running": {}}}],
            "containerStatuses": waiting("PodInitializing"),
        },
        {},
        "Initializing",
        "init container init has not finished",
    ),
    (
        {
            "initContainerStatuses": [
                {
                    "name": "init",
                    "ready": False,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": CRASHED,
                    "restartCount": 2,
                }
            ],
            "containerStatuses": waiting("PodInitializing"),
        },
        {},
        "CrashLoopBackOff",
        "it is not ready: init container init keeps ending (CrashLoopBackOff, 2 restarts): it ended with exit code 1",
    ),
    (
        {"podIP": "", "podIPs": []},
        {"nodeName": "", "schedulerName": "mine"},
        "Unschedulable",
        "its schedulerName is mine, and no scheduler of that name has looked at it",
    ),
    (
        {"containerStatuses": [{"name": "kubia", "ready": False, "started": True, "state": {"running": {}}}]},
        {
            "containers": [
                {"name": "kubia", "readinessProbe": {"tcpSocket": {"port": 8080}, "initialDelaySeconds": 600}}
            ]
        },
        "ProbeFails",
        "the readiness probe of container kubia (TCP :8080) has not passed yet: its initialDelaySeconds is 600",
    ),
    (
        {
            "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [{"name": "kubia", "ready": True, "state": {"running": {}}}],
        },
        {"readinessGates": [{"conditionType": "example.com/lb"}]},
        "ReadinessGate",
        'its readiness gate "example.com/lb" has not been set',
    ),
    (
        {"phase": "Failed", "reason": "Evicted", "message": "low on memory"},
        {},
        "Ended",
        "it has ended (Failed: Evicted: low on memory)",
    ),
    (
        {
            "conditions": [
                {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient cpu."}
            ],
            "podIP": "",
            "podIPs": [],
        },
        {"nodeName": "", "containers": [{"name": "kubia", "resources": {"requests": {"cpu": "64"}}}]},
        "Unschedulable",
        "it is not scheduled: 0/1 nodes are available: 1 Insufficient cpu. (it requests cpu 64)",
    ),
    (
        {"podIP": "", "podIPs": []},
        {"nodeName": "", "schedulingGates": [{"name": "example.com/wait"}]},
        "SchedulingGated",
        "example.com/wait",
    ),
]


@pytest.mark.parametrize(("status", "spec", "reason", "text"), UNREADY, ids=[str(row[2]) for row in UNREADY])
def test_a_pod_that_is_out_says_why(status: Thing, spec: Thing, reason: str, text: str) -> None:
    one = pod(ready=False, spec=spec, **status)
    answer = World(service(ports=port(targetPort=8080)), one, slice_of(one)).why("Service", "kubia")
    (verdict,) = answer.verdicts
    assert (verdict.is_behind, verdict.reason) == (False, reason)
    assert text in verdict.text
    assert answer.verdict == "Fails"
    assert answer.causes[0].reason == reason


def test_the_logs_of_the_container_that_failed_are_named() -> None:
    init = [{**waiting("CrashLoopBackOff", lastState=CRASHED)[0], "name": "init"}]
    one = pod(ready=False, initContainerStatuses=init, containerStatuses=waiting("PodInitializing"))
    answer = World(service(), one, slice_of(one)).why("Service", "kubia")
    assert answer.causes[0].commands == ("kubectl logs kubia-1 -c init -n default --previous",)


@pytest.mark.parametrize(
    ("count", "reason", "message", "told"),
    [
        (
            5,
            "Unhealthy",
            "Liveness probe failed: refused",
            "has been restarted 5 times: its liveness probe fails: refused",
        ),
        (2, "BackOff", "Back-off restarting", "has been restarted 2 times: it ended with exit code 1"),
        (5, "Unhealthy", "Readiness probe failed: refused", ""),
        (1, "Unhealthy", "Liveness probe failed: refused", ""),
    ],
)
def test_a_pod_that_is_ready_only_for_a_while(count: int, reason: str, message: str, told: str) -> None:
    status = {"name": "kubia", "ready": True, "state": {"running": {}}, "lastState": CRASHED, "restartCount": count}
    one = pod(containerStatuses=[status])
    answer = World(service(), one, slice_of(one), event("kubia-1", reason, message), sockets=OPEN).why(
        "Service", "kubia"
    )
    assert answer.verdict == ("Doubtful" if told else "Works")
    assert [each.message for each in answer.causes] == ([f"pod/kubia-1: container kubia {told}"] if told else [])


def test_the_probe_that_ends_a_container_is_told_before_its_exit_code() -> None:
    status = waiting("CrashLoopBackOff", lastState={"terminated": {"exitCode": 0}}, restartCount=9)
    one = pod(ready=False, containerStatuses=status)
    ended = event("kubia-1", "Unhealthy", "Liveness probe failed: refused")
    answer = World(service(), one, slice_of(one), ended).why("Service", "kubia")
    assert answer.summary.endswith("(CrashLoopBackOff, 9 restarts): its liveness probe fails: refused")


def test_a_pod_that_has_settled_is_not_held_to_its_past() -> None:
    running = {"running": {"startedAt": "2020-01-01T00:00:00Z"}}
    one = pod(containerStatuses=[{"name": "kubia", "ready": True, "state": running, "restartCount": 5}])
    ended = event("kubia-1", "Unhealthy", "Liveness probe failed: refused")
    assert World(service(), one, slice_of(one), ended, sockets=OPEN).why("Service", "kubia").verdict == "Works"


def test_the_last_answer_of_a_probe_is_told() -> None:
    one = pod(ready=False)
    one["spec"]["containers"][0] |= PROBE
    told = [
        event(
            "kubia-1",
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 500",
            "2026-01-01T00:00:09Z",
        ),
        event("kubia-1", "Unhealthy", "Readiness probe failed: connection refused", "2026-01-01T00:00:01Z"),
        event("kubia-2", "Unhealthy", "Readiness probe failed: of another pod", "2026-01-01T00:00:10Z"),
    ]
    answer = World(service(), one, slice_of(one), *told).why("Service", "kubia")
    assert answer.verdicts[0].text == (
        "it is not ready: the readiness probe of container kubia (GET :8080/healthz) fails: "
        "HTTP probe failed with statuscode: 500"
    )
    assert answer.summary.startswith("svc/kubia does not work: its pod is not ready: the readiness probe")


def test_one_pod_that_is_out_does_not_make_the_service_fail() -> None:
    two = [ONE, pod("kubia-2", ready=False, containerStatuses=waiting("CrashLoopBackOff"))]
    answer = World(service(), *two, slice_of(*two), sockets=OPEN).why("Service", "kubia")
    assert (answer.verdict, answer.summary) == ("Works", "svc/kubia works: new connections go to 1 of its 2 pods")
    assert answer.causes[0].commands == ("kubectl logs kubia-2 -n default --previous",)


def test_a_pod_that_is_leaving_serves_as_long_as_no_other_does() -> None:
    leaving = pod(metadata={"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30})
    ends = slice_of(leaving)
    ends["endpoints"][0]["conditions"] = {"ready": False, "serving": True, "terminating": True}
    answer = World(service(), leaving, ends).why("Service", "kubia")
    assert (answer.verdict, answer.verdicts[0].state) == ("Works", "Draining")
    assert "on the way out still takes new connections" in answer.summary
    both = World(service(), leaving, pod("kubia-2", ip="10.244.0.6"), slice_of(pod("kubia-2"))).why("Service", "kubia")
    assert [each.state for each in both.verdicts] == ["Out", "Serving"]


def test_pods_that_are_not_ready_serve_if_the_service_says_so() -> None:
    one = pod(ready=False)
    ends = slice_of(one)
    ends["endpoints"][0]["conditions"] = {"ready": True}
    answer = World(service(publishNotReadyAddresses=True), one, ends).why("Service", "kubia")
    assert (answer.verdict, answer.causes[0].reason) == ("Works", "PublishNotReady")
    assert answer.verdicts[0].text == "not ready, and gets connections all the same"


def test_an_image_that_cannot_be_had_has_one_reason_between_two_tries() -> None:
    one = pod(ready=False, containerStatuses=waiting("ErrImagePull", "no such image"))
    assert World(service(), one, slice_of(one)).why("Service", "kubia").verdicts[0].reason == "ImagePullBackOff"


def test_what_listens_in_a_pod_that_fails_its_probe_is_told() -> None:
    one = pod(ready=False)
    one["spec"]["containers"][0] |= PROBE
    sockets = {"kubia-1": [("TCP", "127.0.0.1", 8080), ("TCP", "::", 9090), ("UDP", "::", 53)]}
    answer = World(service(), one, slice_of(one), sockets=sockets).why("Service", "kubia")
    assert answer.causes[-1].message == "what listens in pod/kubia-1: 9090 and 8080 at 127.0.0.1 only"


def test_a_probe_that_says_nothing() -> None:
    one = pod(ready=False)
    one["spec"]["containers"][0]["readinessProbe"] = {"exec": {"command": ["false"]}}
    told = event("kubia-1", "Unhealthy", "Readiness probe failed: ")
    text = World(service(), one, slice_of(one), told).why("Service", "kubia").verdicts[0].text
    assert text == "it is not ready: the readiness probe of container kubia (false) fails: it says nothing"


def test_a_sidecar_that_runs_is_no_init_container_that_has_not_finished() -> None:
    inits = [{"name": "proxy", "restartPolicy": "Always"}, {"name": "wait"}]
    running = {"ready": False, "started": True, "state": {"running": {}}}
    found = [{"name": "proxy", **running}, {"name": "wait", **running}]
    one = pod(ready=False, spec={"initContainers": inits}, initContainerStatuses=found)
    answer = World(service(ports=port(targetPort=8080)), one, slice_of(one)).why("Service", "kubia")
    assert answer.verdicts[0].reason == "Initializing"
    assert "init container wait has not finished" in answer.verdicts[0].text


def test_families_that_pods_do_not_have() -> None:
    lacking = World(service(ipFamilies=["IPv6"]), ONE, slice_of()).why("Service", "kubia")
    assert lacking.verdicts[0].text == "it has no IPv6 address"
    dual = pod(podIPs=[{"ip": "10.244.0.5"}, {"ip": "fd00::5"}])
    world = World(service(ipFamilies=["IPv4", "IPv6"]), dual, slice_of(dual), sockets=OPEN)
    answer = world.why("Service", "kubia")
    assert answer.summary == "svc/kubia works: new connections go to 1 IPv4 and 0 IPv6 endpoints"
    assert answer.verdicts[0].address == "10.244.0.5, fd00::5"
