"""The mistakes that users make with Services, and what they are told."""

from typing import Any

import pytest

from fairway.apiserver.why import explain, port_advice


def service(**spec: Any) -> dict[str, Any]:
    spec = {"selector": {"app": "kubia"}, "ports": [{"name": "http", "port": 80, "targetPort": 80}], **spec}
    return {"kind": "Service", "metadata": {"name": "kubia"}, "spec": spec}


def pod(*, labels: dict[str, str] | None = None, ready: bool = True, **status: Any) -> dict[str, Any]:
    ports = [{"name": "http", "containerPort": 8080}]
    state = {"podIP": "10.244.0.5", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}], **status}
    return {
        "kind": "Pod",
        "metadata": {"name": "kubia-1", "labels": {"app": "kubia"} if labels is None else labels},
        "spec": {"nodeName": "n1", "containers": [{"name": "kubia", "ports": ports}]},
        "status": state,
    }


SLICE = {"addressType": "IPv4", "endpoints": [{"conditions": {"ready": True}}]}


def test_the_slip_of_the_text_books_is_named() -> None:
    found = explain(service(), [pod()], [SLICE])
    assert [(a.path, a.cure) for a in found.advice] == [("spec.ports[0].targetPort", "targetPort: http")]
    assert "port 80 goes to 80 on the pods" in found.advice[0].text
    assert "8080 (http)" in found.advice[0].text


def test_a_target_that_is_declared_by_name_or_number_needs_no_advice() -> None:
    for target in ("http", 8080):
        assert explain(service(ports=[{"port": 80, "targetPort": target}]), [pod()], [SLICE]).advice == []


def test_pods_that_declare_no_port_say_nothing_about_it() -> None:
    silent = pod()
    silent["spec"]["containers"][0].pop("ports")
    assert list(port_advice(service(), [silent])) == []


def test_a_template_speaks_for_its_pods() -> None:
    owner = {"kind": "ReplicaSet", "spec": {"template": {"spec": pod()["spec"]}}}
    assert [a.cure for a in port_advice(service(), [owner])] == ["targetPort: http"]


def test_the_nearest_miss_of_a_selector_is_shown() -> None:
    found = explain(service(selector={"app": "kubbia"}), [pod()], [])
    assert found.summary == "kubia selects no pod: every connection is refused"
    assert found.advice[0].text == "the selector says app=kubbia; 1 pod has app=kubia"


def test_a_pod_of_two_families_is_one_pod_and_one_without_the_family_says_so() -> None:
    both = {"ipFamilies": ["IPv4", "IPv6"]}
    pair = [SLICE, {**SLICE, "addressType": "IPv6"}]
    dual = pod(podIPs=[{"ip": "10.244.0.5"}, {"ip": "fd00::5"}])
    found = explain(service(**both), [dual], pair)
    assert found.summary == "kubia sends new connections to 1 endpoint; its selector matches 1 pod"
    assert found.verdicts[0].text == "ready at 10.244.0.5, fd00::5"
    assert "to 1 IPv4 and 0 IPv6 endpoints" in explain(service(**both), [pod()], [SLICE]).summary
    lacking = explain(service(ipFamilies=["IPv6"]), [pod()], []).verdicts[0]
    assert (lacking.is_behind, lacking.text) == (False, "it has no IPv6 address")


def test_a_pod_that_is_not_ready_says_why() -> None:
    waiting = [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}]
    found = explain(service(), [pod(ready=False, containerStatuses=waiting)], [])
    assert found.verdicts[0].text == "it is not ready: ImagePullBackOff: no such image"
    assert not found.verdicts[0].is_behind


def test_a_named_port_that_no_container_declares_keeps_the_pod_out() -> None:
    found = explain(service(ports=[{"port": 80, "targetPort": "web"}]), [pod()], [])
    assert found.verdicts[0].text == 'no container declares a port named "web"'


def test_an_external_name_has_no_pods() -> None:
    found = explain(service(type="ExternalName", externalName="db.example.com"), [pod()], [])
    assert found.summary == "kubia is another name for db.example.com; no pod stands behind it"


def balanced(*ips: str, message: str = "", reason: str = "AddressInUse", **spec: Any) -> dict[str, Any]:
    status: dict[str, Any] = {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]} if ips else {}}
    if message:
        condition = {"type": "fairway.dev/LoadBalancerAddress", "status": "False", "reason": reason}
        status["conditions"] = [{**condition, "message": message}]
    return {**service(type="LoadBalancer", ports=[{"port": 80, "targetPort": "http"}], **spec), "status": status}


def test_a_load_balancer_with_its_address_needs_no_advice() -> None:
    assert explain(balanced("10.97.0.1"), [pod()], [SLICE]).advice == []


def test_an_address_that_cannot_be_had_is_told() -> None:
    (advice,) = explain(balanced(message="10.97.0.1 is in use by Service default/a"), [pod()], [SLICE]).advice
    assert (advice.path, advice.text) == ("status.loadBalancer", "10.97.0.1 is in use by Service default/a")
    assert advice.cure == "no loadBalancerIP, or a free address of the pool"


@pytest.mark.parametrize(
    ("reason", "cure"),
    [
        ("AddressConflict", "that machine without the address, or another loadBalancerIP"),
        ("PoolExhausted", "more addresses for the cluster: sudo fairway up --load-balancer-cidr RANGES"),
        ("Probing", "a moment's patience"),
    ],
)
def test_each_fault_of_a_load_balancer_has_its_own_cure(reason: str, cure: str) -> None:
    (advice,) = explain(balanced("10.97.0.1", message="so it is", reason=reason), [pod()], [SLICE]).advice
    assert (advice.text, advice.cure) == ("so it is", cure)


def test_a_load_balancer_that_nobody_serves_says_for_whom_it_waits() -> None:
    (advice,) = explain(balanced(), [pod()], [SLICE]).advice
    assert advice.text == "it waits for an address from a load balancer controller"
    (advice,) = explain(balanced(selector=None, loadBalancerClass="example.com/lb"), [], []).advice
    assert advice.text == "it waits for an address from the controller of loadBalancerClass example.com/lb"


def test_a_service_without_a_selector_tells_its_ready_endpoints() -> None:
    bare = service(selector=None, ipFamilies=["IPv4"])
    assert explain(bare, [], []).summary == "kubia has no selector and no ready endpoint: every connection is refused"
    assert explain(bare, [], [SLICE]).summary == "kubia has no selector: its 1 ready endpoint is written by hand"
    assert (
        explain(bare, [], [SLICE, SLICE]).summary == "kubia has no selector: its 2 ready endpoints are written by hand"
    )
