"""Health, metrics, what a new cluster starts with, and which container is meant."""

import pytest

from fairway.apiserver import bootstrap, health
from fairway.apiserver.health import Check
from fairway.apiserver.metrics import Labels, Metrics
from fairway.apiserver.pages import version
from fairway.apiserver.settings import Settings
from fairway.apiserver.subresources.pod_node import address_of, container_of, node_name_of
from fairway.apiserver.subresources.scale import scale_of
from fairway.objects import Object
from fairway.objects.errors import StatusError

WELL, ILL = Check("ping", lambda: ""), Check("store", lambda: "disk full", only_ready=True)


def body(path: str, *checks: Check, **query: str) -> tuple[int, str] | None:
    found = health.answer(path, query, [], checks)
    return (found.status, found.body.decode()) if found else None


def test_all_is_well_in_one_word() -> None:
    assert body("/healthz", WELL) == (200, "ok")


def test_what_is_ill_is_named_and_why_is_withheld() -> None:
    assert body("/readyz", WELL, ILL) == (
        500, "[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n",
    )  # fmt: skip


def test_a_process_that_is_not_ready_may_live() -> None:
    assert body("/livez", WELL, ILL, verbose="") == (200, "[+]ping ok\nlivez check passed\n")


def test_one_check_can_be_asked_alone() -> None:
    assert body("/readyz/ping", WELL, ILL) == (200, "ok")
    assert body("/readyz/none", WELL, ILL) is None
    assert body("/elsewhere", WELL) is None


def test_a_request_is_in_every_bucket_from_its_time_on() -> None:
    metrics = Metrics()
    labels = Labels("GET", "apps", "v1", "deployments", "", "resource")
    metrics.observe(labels, 200, 0.03)
    metrics.observe(labels, 404, 100.0)
    lines = metrics.text([("pods", 3)]).splitlines()
    shown = (
        'component="apiserver",group="apps",resource="deployments",scope="resource",subresource="",verb="GET",'
        'version="v1",dry_run=""'
    )
    assert f'apiserver_request_total{{code="404",{shown}}} 1' in lines
    buckets = {line.partition('le="')[2].partition('"')[0]: line for line in lines if "_bucket{" in line}
    counts = {bound: line.rpartition(" ")[2] for bound, line in buckets.items()}
    assert [counts[bound] for bound in ("0.025", "0.05", "60", "+Inf")] == ["0", "1", "1", "2"]
    assert f"apiserver_request_duration_seconds_count{{{shown}}} 2" in lines
    assert 'apiserver_storage_objects{resource="pods"} 3' in lines


def test_a_new_cluster_starts_with_its_own_service() -> None:
    wanted = list(bootstrap.wanted(Settings(service_cidrs=("10.96.0.0/16",), advertise_address="10.244.0.1")))
    assert [f"{kind.name}/{one['metadata']['name']}" for kind, one in wanted] == [
        "Namespace/default", "Namespace/kube-system", "Namespace/kube-public", "Namespace/kube-node-lease",
        "ServiceCIDR/kubernetes", "Service/kubernetes", "Endpoints/kubernetes", "EndpointSlice/kubernetes",
    ]  # fmt: skip
    assert wanted[5][1]["spec"]["clusterIP"] == "10.96.0.1"
    assert wanted[7][1]["endpoints"][0]["addresses"] == ["10.244.0.1"]


def test_the_dns_is_a_service_at_the_address_that_pods_are_told() -> None:
    settings = Settings(advertise_address="10.244.0.1", dns_addresses=("10.96.0.10",))
    service, endpoints, endpoint_slice = [one for _, one in bootstrap.wanted(settings)][-3:]
    assert (service["metadata"]["namespace"], service["metadata"]["name"]) == ("kube-system", "kube-dns")
    assert service["spec"]["clusterIP"] == "10.96.0.10"
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
        {"name": "metrics", "port": 9153, "protocol": "TCP"},
    ]  # fmt: skip
    assert endpoints["subsets"] == [{"addresses": [{"ip": "10.244.0.1"}], "ports": ports}]
    assert endpoint_slice["ports"] == ports
    assert endpoint_slice["metadata"]["labels"] == {"kubernetes.io/service-name": "kube-dns"}


def test_of_two_families_the_dns_has_both_and_the_api_server_the_primary() -> None:
    settings = Settings(
        service_cidrs=("fd00:96::/112", "10.96.0.0/16"), advertise_address="fd00:244::1",
        dns_addresses=("fd00:96::a", "10.96.0.10"), dns_endpoints=("fd00:244::1", "10.244.0.1"),
    )  # fmt: skip
    found = [(kind.name, one) for kind, one in bootstrap.wanted(settings)]
    services = [one["spec"] for kind, one in found if kind == "Service"]
    assert [(each["clusterIPs"], each["ipFamilyPolicy"]) for each in services] == [
        (["fd00:96::1"], "SingleStack"), (["fd00:96::a", "10.96.0.10"], "PreferDualStack"),
    ]  # fmt: skip
    slices = [one for kind, one in found if kind == "EndpointSlice"]
    assert [(each["metadata"]["name"], each["addressType"], each["endpoints"][0]["addresses"]) for each in slices] == [
        ("kubernetes", "IPv6", ["fd00:244::1"]), ("kube-dns", "IPv6", ["fd00:244::1"]),
        ("kube-dns-ipv4", "IPv4", ["10.244.0.1"]),
    ]  # fmt: skip
    endpoints = [one["subsets"][0]["addresses"] for kind, one in found if kind == "Endpoints"]
    assert endpoints == [[{"ip": "fd00:244::1"}]] * 2


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_an_address_that_pods_cannot_reach_is_not_advertised(address: str) -> None:
    kinds = [kind.name for kind, _ in bootstrap.wanted(Settings(advertise_address=address))]
    assert kinds[-1] == "Service"


def test_what_was_changed_by_somebody_is_put_back_and_the_rest_left() -> None:
    should = next(
        one for kind, one in bootstrap.wanted(Settings(advertise_address="10.0.0.1")) if kind.name == "Endpoints"
    )
    found = {"kind": "Endpoints", "metadata": {"name": "kubernetes", "labels": {"mine": "yes"}}, **{"subsets": []}}
    repaired = bootstrap.repaired(found, should)
    assert repaired is not None
    assert (repaired["subsets"], repaired["metadata"]) == (should["subsets"], found["metadata"])
    assert bootstrap.repaired(repaired, should) is None


def test_the_version_is_taken_apart() -> None:
    found = version("v1.36.0+fairway")
    assert (found["major"], found["minor"], found["gitVersion"]) == ("1", "36", "v1.36.0+fairway")


def pod(*containers: str, annotations: dict[str, str] | None = None, **spec: object) -> Object:
    listed = [{"name": name} for name in containers]
    return {"metadata": {"name": "p", "annotations": annotations or {}}, "spec": {"containers": listed, **spec}}


def test_the_only_container_need_not_be_named() -> None:
    assert container_of(pod("a"), "") == "a"
    assert container_of(pod("a", "b"), "b") == "b"
    assert container_of(pod("a", "b", annotations={"kubectl.kubernetes.io/default-container": "b"}), "") == "b"
    assert container_of(pod("a", initContainers=[{"name": "i"}]), "i") == "i"


@pytest.mark.parametrize(
    ("found", "asked", "message"),
    [
        (pod("a"), "x", "container x is not valid for pod p"),
        (
            pod("a", "b", initContainers=[{"name": "i"}]), "",
            "a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i]",
        ),
    ],
)  # fmt: skip
def test_a_container_that_is_not_clear_is_a_400(found: Object, asked: str, message: str) -> None:
    with pytest.raises(StatusError) as refused:
        container_of(found, asked)
    assert (refused.value.code, refused.value.message) == (400, message)


def test_a_node_is_reached_at_the_address_that_it_tells() -> None:
    status: Object = {
        "addresses": [{"type": "Hostname", "address": "n1"}, {"type": "InternalIP", "address": "10.0.0.7"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 12345}},
    }
    found = address_of({"metadata": {"name": "n1"}, "status": status})
    assert (found.name, found.host, found.port) == ("n1", "10.0.0.7", 12345)
    second = {"type": "InternalIP", "address": "fd00::7"}
    both = {**status, "addresses": [*status["addresses"], second]}
    assert address_of({"metadata": {"name": "n1"}, "status": both}).host == "10.0.0.7"
    with pytest.raises(StatusError, match="no preferred addresses found for node n2"):
        address_of({"metadata": {"name": "n2"}})
    with pytest.raises(StatusError, match="pod p does not have a host assigned"):
        node_name_of(pod("a"))


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        ({"b": "2", "a": "1"}, "a=1,b=2"),
        ({"matchLabels": {"a": "1"}}, "a=1"),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["y", "x"]}]}, "a in (x,y)"),
        (None, None),
    ],
)
def test_a_scale_tells_its_selector_as_text(selector: Object | None, text: str | None) -> None:
    found = scale_of({"metadata": {"name": "r", "uid": "u"}, "spec": {"replicas": 2, "selector": selector}})
    shown = {"selector": text} if text else {}
    assert (found["status"], found["spec"]) == ({"replicas": 0, **shown}, {"replicas": 2})
