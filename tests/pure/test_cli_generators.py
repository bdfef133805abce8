"""Objects from words: what kubectl's generators make, and how they refuse."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.cli.applying import annotated, configuration, last_applied
from fairway.cli.applying.server_side import taken_over
from fairway.cli.failure import Failure
from fairway.cli.generators import GeneratorError
from fairway.cli.generators.data import config_map, docker_config, secret
from fairway.cli.generators.expose import Wish, expose
from fairway.cli.generators.go_json import compact
from fairway.cli.generators.ingress import ingress
from fairway.cli.generators.pod import is_image
from fairway.cli.generators.service import service
from fairway.cli.generators.workloads import container_name
from fairway.cli.rollouts.progress import progress
from fairway.cli.setting.variables import parsed, updated
from fairway.cli.writing.marks import annotation_changes, label_changes, parted


def workload(kind: str = "Deployment", **spec: Any) -> dict[str, Any]:
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]
    pod = {"containers": [{"name": "a", "ports": ports}]}
    return {
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web", "labels": {"a": "b"}},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": pod}, **spec},
    }  # fmt: skip


def pod(**meta: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", **meta}, "spec": {"containers": []}}


def test_ports_of_several_protocols_have_names_of_their_own() -> None:
    ports = expose(workload(), Wish())["spec"]["ports"]
    shown = [(port["name"], port["protocol"], port["port"], port["targetPort"]) for port in ports]
    assert shown == [("port-1", "TCP", 80, 80), ("port-2-udp", "UDP", 53, 53), ("port-2-tcp", "TCP", 53, 53)]


def test_one_port_has_no_name_and_the_target_that_is_said() -> None:
    made = expose(
        workload("ReplicaSet"), Wish(port="81", target_port="http", type="LoadBalancer", load_balancer_ip="x")
    )
    assert made["spec"]["ports"] == [{"protocol": "TCP", "port": 81, "targetPort": "http"}]
    assert (made["spec"]["loadBalancerIP"], made["metadata"]["labels"]) == ("x", {"a": "b"})


NO_SELECTOR = "couldn't retrieve selectors via --selector flag or introspection: "
EXPRESSIONS = {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["b", "c"]}]}


@pytest.mark.parametrize(("exposed", "wish", "said"), [
    (pod(), Wish(), f"{NO_SELECTOR}the pod has no labels and cannot be exposed"),
    (pod(labels={"a": "b"}), Wish(), "couldn't find port via --port flag or introspection"),
    ({**pod(), "kind": "Service"}, Wish(), f"{NO_SELECTOR}the service has no pod selector set"),
    (workload(selector=None), Wish(),
     f"{NO_SELECTOR}invalid deployment: no selectors, therefore cannot be exposed"),
    (workload("ReplicaSet", selector={}), Wish(),
     f"{NO_SELECTOR}invalid replicaset: no selectors, therefore cannot be exposed"),
    (workload(selector=EXPRESSIONS), Wish(), f"{NO_SELECTOR}couldn't convert expressions - "
     '"[{Key:a Operator:In Values:[b c]}]" to map-based selector format'),
    ({**pod(), "kind": "Node"}, Wish(), "cannot expose a Node"),
    ({**pod(), "kind": "Job", "apiVersion": "batch/v1"}, Wish(), "cannot expose a Job.batch"),
    (workload(), Wish(session_affinity="X"), "unknown session affinity: X"),
    (workload(), Wish(labels="a"), "unexpected label spec: a"),
    (workload(), Wish(labels="=a"), "unexpected empty label key"),
    (workload(), Wish(port="x"), 'strconv.Atoi: parsing "x": invalid syntax'),
])  # fmt: skip
def test_what_cannot_be_exposed(exposed: dict[str, Any], wish: Wish, said: str) -> None:
    with pytest.raises(GeneratorError) as refused:
        expose(exposed, wish)
    assert str(refused.value) == said


def test_a_headless_service_needs_no_port_and_a_long_name_is_cut() -> None:
    made = expose(pod(labels={"a": "b"}, name="n" * 80), Wish(cluster_ip="None"))
    assert "ports" not in made["spec"]
    assert made["metadata"]["name"] == "n" * 63


def test_hashes_are_kubectls() -> None:
    assert config_map("c", [("a", b"b")], has_hash=True)["metadata"]["name"] == "c-m4h6ctkgb2"
    assert config_map("c", [], has_hash=True)["metadata"]["name"] == "c-94b26g54cg"
    assert secret("s", "", [("a", b"b")], has_hash=True)["metadata"]["name"] == "s-7fd2tm89d8"


def test_what_is_no_text_is_binary() -> None:
    made = config_map("c", [("b", b"\xff"), ("a", b"x")])
    assert (made["data"], made["binaryData"]) == ({"a": "x"}, {"b": "/w=="})


def test_a_docker_configuration_leaves_out_what_is_empty() -> None:
    assert docker_config("r", "u", "p", "") == b'{"auths":{"r":{"username":"u","password":"p","auth":"dTpw"}}}'


@pytest.mark.parametrize(("image", "name"), [
    ("nginx", "nginx"), ("nginx:1.2", "nginx"), ("a.b/c/foo@sha256:abc", "foo"), ("a_b.c:1", "a-b-c-xxxxx"),
])  # fmt: skip
def test_a_container_is_called_after_its_image(image: str, name: str) -> None:
    assert container_name(image, lambda: "xxxxx") == name


@pytest.mark.parametrize(("image", "is_one"), [
    ("nginx", True), ("Nginx", False), ("a.b:5000/c/d:V1.2", True), ("a/b@sha256:" + "a" * 64, True), ("", False),
    ("a:", False), ("a b", False), ("-a", False), ("EXAMPLE.com/a", True),
])  # fmt: skip
def test_references_of_images(image: str, is_one: bool) -> None:
    assert is_image(image) is is_one


def test_rules_of_one_host_stand_together_and_a_secret_once() -> None:
    rules = ["a/=s:80,tls=x", "b/=s:http", "a/p*=t:81,tls=x", "c/=s:80,tls"]
    spec = ingress("i", rules, default_backend="", class_name="", annotations=[])["spec"]
    assert [rule["host"] for rule in spec["rules"]] == ["a", "b", "c"]
    assert [path["pathType"] for path in spec["rules"][0]["http"]["paths"]] == ["Exact", "Prefix"]
    assert spec["tls"] == [{"hosts": ["a"], "secretName": "x"}, {"hosts": ["c"]}]


@pytest.mark.parametrize(("words", "said"), [
    (["foo"], 'strconv.ParseUint: parsing "foo": invalid syntax'),
    ([], "at least one tcp port specifier must be provided"),
    (["80:99999"], "must be between 1 and 65535, inclusive"), (["65536"], "value out of range"),
])  # fmt: skip
def test_ports_that_are_none(words: list[str], said: str) -> None:
    with pytest.raises(GeneratorError, match=said):
        service("s", "ClusterIP", tcp=words)


def test_words_of_label_and_annotate() -> None:
    assert parted(["svc", "x", "a=b", "c-"], "label") == (["svc", "x"], ["a=b", "c-"])
    assert label_changes(["a=b", "c-"]) == ({"a": "b"}, ["c"])
    assert annotation_changes(["a=b=c", "d-"]) == ({"a": "b=c"}, ["d"])
    for wrong in (["a=b", "a-"], ["a=b=c"], ["a=b c"]):
        with pytest.raises(Failure):
            label_changes(wrong)


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3))
def test_an_annotation_holds_the_manifest_but_not_itself(data: dict[str, str]) -> None:
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data}
    once = annotated(found)
    assert last_applied(once) == configuration(found)
    assert annotated(once) == once
    assert "<" not in compact(found).replace("\\u003c", "")


def test_what_was_applied_in_the_old_way_is_taken_over() -> None:
    mark = {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}}
    old = {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {**mark, "f:data": {"f:k": {}}}}
    own = {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:data": {"f:l": {}}}}
    other = {"manager": "x", "operation": "Update", "fieldsV1": {"f:data": {}}}
    found = {"metadata": {"resourceVersion": "7", "managedFields": [old, own, other]}}
    patch = taken_over(found, "kubectl")
    assert patch is not None
    assert [entry["manager"] for entry in patch[0]["value"]] == ["kubectl", "x"]
    assert patch[0]["value"][0]["fieldsV1"] == {**mark, "f:data": {"f:k": {}, "f:l": {}}}
    assert taken_over({"metadata": {"managedFields": [own, other]}}, "kubectl") is None


def test_variables_keep_their_places() -> None:
    new, removed = parsed(["B=2", "C=3", "A-"])
    before = [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]
    assert updated(before, new, removed) == [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}]


def deployment(generation: int = 1, **status: Any) -> dict[str, Any]:
    meta = {"name": "web", "generation": generation, "annotations": {"deployment.kubernetes.io/revision": "2"}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 3},
            "status": {"observedGeneration": 1, **status}}  # fmt: skip


WAITING = 'Waiting for deployment "web" rollout to finish: '


@pytest.mark.parametrize(("found", "text", "is_done"), [
    (deployment(2), "Waiting for deployment spec update to be observed...", False),
    (deployment(updatedReplicas=1, replicas=3), f"{WAITING}1 out of 3 new replicas have been updated...", False),
    (deployment(updatedReplicas=3, replicas=4), f"{WAITING}1 old replicas are pending termination...", False),
    (deployment(updatedReplicas=3, replicas=3, availableReplicas=2),
     f"{WAITING}2 of 3 updated replicas are available...", False),
    (deployment(updatedReplicas=3, replicas=3, availableReplicas=3), 'deployment "web" successfully rolled out', True),
])  # fmt: skip
def test_how_far_a_deployment_is(found: dict[str, Any], text: str, is_done: bool) -> None:
    assert progress(found) == (text, is_done)


def test_a_rollout_that_will_not_end() -> None:
    late = deployment(conditions=[{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}])
    with pytest.raises(Failure, match='deployment "web" exceeded its progress deadline'):
        progress(late)
    with pytest.raises(Failure, match=r"desired revision \(1\) is different from the running revision \(2\)"):
        progress(deployment(), 1)
