"""What containers are given: variables, files, amounts, names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.kinds.pod.lifecycle import quality
from fairway.node.backoff import Backoff, due_s, extended
from fairway.node.container_spec import container_spec, sandbox_spec
from fairway.node.environment import environment
from fairway.node.expansion import expanded
from fairway.node.field_refs import ReferenceProblem, Surroundings, formatted_map
from fairway.node.files import Resolver, hosts_text, is_stub, parse_resolver, pod_resolver
from fairway.node.image_names import name_problem, pull_policy, shown_names
from fairway.node.pod_spec import grace_s, hostname
from fairway.node.qos import cpu_quota_us, cpu_shares, memory_bytes, pod_limits
from fairway.node.runtimes.interface import Image, Limits, RuntimeFailure
from fairway.node.service_variables import service_variables, variables_of
from fairway.node.volumes.payload import File, is_secret, payload
from fairway.objects import Object
from fairway.objects.durations import go_duration
from pure.node_cases import UID, pod

AROUND = Surroundings(["192.0.2.1"], ("10.244.0.5",), {"cpu": "2", "memory": "1Gi"})
MAIN = {"name": "main", "image": "kubia"}


def config_map(**data: str) -> Object:
    return {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def service(service_name: str, *, ip: str = "10.96.0.11", namespace: str = "default", **port: object) -> Object:
    return {
        "metadata": {"name": service_name, "namespace": namespace, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"clusterIP": ip, "ports": [{"port": 6379, "protocol": "TCP", **port}]},
    }


# Expansion


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$(A)", "1"), ("x$(A)y$(B)", "x1y2"), ("$(NOPE)", "$(NOPE)"), ("$$(A)", "$(A)"), ("$A", "$A"),
        ("$(A", "$(A"), ("$$", "$"), ("$", "$"), ("$$$(A)", "$1"), ("", ""),
    ],
)  # fmt: skip
def test_references_are_expanded(text: str, shown: str) -> None:
    assert expanded(text, {"A": "1"}, {"A": "no", "B": "2"}) == shown


@given(st.text(alphabet="ab $(){}", max_size=30))
def test_text_without_known_names_only_loses_doubled_dollars(text: str) -> None:
    assert expanded(text, {}).count("$") <= text.count("$")
    if "$$" not in text:
        assert expanded(text, {}) == text


# Environment


def test_the_variables_of_a_service_are_those_of_the_documentation() -> None:
    assert variables_of(service("redis-primary", name="cache-port")) == {
        "REDIS_PRIMARY_SERVICE_HOST": "10.96.0.11",
        "REDIS_PRIMARY_SERVICE_PORT": "6379",
        "REDIS_PRIMARY_SERVICE_PORT_CACHE_PORT": "6379",
        "REDIS_PRIMARY_PORT": "tcp://10.96.0.11:6379",
        "REDIS_PRIMARY_PORT_6379_TCP": "tcp://10.96.0.11:6379",
        "REDIS_PRIMARY_PORT_6379_TCP_PROTO": "tcp",
        "REDIS_PRIMARY_PORT_6379_TCP_PORT": "6379",
        "REDIS_PRIMARY_PORT_6379_TCP_ADDR": "10.96.0.11",
    }


def test_an_ipv6_service_has_brackets_in_its_urls() -> None:
    assert variables_of(service("a", ip="fd00::1"))["A_PORT"] == "tcp://[fd00::1]:6379"


def test_headless_services_and_those_of_other_namespaces_give_no_variables() -> None:
    services = [service("a", ip="None"), service("b", namespace="other")]
    assert service_variables(services, "default", has_links=True) == {}


def test_the_api_server_is_always_named() -> None:
    api = service("kubernetes", ip="10.96.0.1")
    for namespace, has_links in [("other", True), ("other", False), ("default", False)]:
        assert service_variables([api], namespace, has_links=has_links)["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"


def test_own_variables_go_before_those_from_a_source_and_of_services() -> None:
    container = {
        **MAIN,
        "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "P_"}],
        "env": [
            {"name": "A_SERVICE_PORT", "value": "mine"},
            {"name": "ALL", "value": "$(P_x) $(A_SERVICE_HOST) $(LATER)"},
            {"name": "LATER", "value": "no"},
            {"name": "P_x", "value": "over"},
        ],
    }
    found = environment(pod(), container, {("ConfigMap", "c"): config_map(x="from")}, [service("a")], AROUND)
    assert found["ALL"] == "from 10.96.0.11 $(LATER)"
    assert (found["A_SERVICE_PORT"], found["P_x"]) == ("mine", "over")


def test_fields_of_the_pod_are_values() -> None:
    paths = {"A": "metadata.name", "B": "status.podIP", "C": "status.hostIP", "D": "metadata.labels['x/y']"}
    env = [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in paths.items()]
    labelled = pod()
    labelled["metadata"]["labels"] = {"x/y": "z"}
    found = environment(labelled, {**MAIN, "env": env}, {}, [], AROUND)
    assert [found[name] for name in paths] == ["web", "10.244.0.5", "192.0.2.1", "z"]


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        ("limits.cpu", "1", "1"), ("limits.cpu", "1m", "500"), ("limits.memory", "1Mi", "64"),
        ("requests.cpu", "1m", "250"), ("limits.memory", "0", "67108864"),
    ],
)  # fmt: skip
def test_resources_are_values_in_their_divisor(resource: str, divisor: str, value: str) -> None:
    reference = {"resource": resource, "divisor": divisor}
    resources = {"limits": {"cpu": "500m", "memory": "64Mi"}, "requests": {"cpu": "250m"}}
    container = {**MAIN, "resources": resources, "env": [{"name": "A", "valueFrom": {"resourceFieldRef": reference}}]}
    assert environment(pod(containers=[container]), container, {}, [], AROUND)["A"] == value


def test_a_limit_that_is_not_set_is_what_the_node_has() -> None:
    container = {**MAIN, "env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}
    assert environment(pod(containers=[container]), container, {}, [], AROUND)["A"] == "2"


@pytest.mark.parametrize(
    ("value_from", "text"),
    [
        ({"configMapKeyRef": {"name": "gone", "key": "k"}}, 'configmap "gone" not found'),
        ({"secretKeyRef": {"name": "gone", "key": "k"}}, 'secret "gone" not found'),
        ({"configMapKeyRef": {"name": "c", "key": "k"}}, "couldn't find key k in ConfigMap default/c"),
    ],
)
def test_what_is_missing_is_named(value_from: Object, text: str) -> None:
    container = {**MAIN, "env": [{"name": "A", "valueFrom": value_from}]}
    with pytest.raises(ReferenceProblem, match=f"^{text}$"):
        environment(pod(), container, {("ConfigMap", "c"): config_map()}, [], AROUND)


def test_what_is_optional_may_be_missing() -> None:
    reference = {"name": "gone", "key": "k", "optional": True}
    container = {**MAIN, "env": [{"name": "A", "valueFrom": {"secretKeyRef": reference}}]}
    assert "A" not in environment(pod(), container, {}, [], AROUND)


# Files


def test_the_hosts_file_names_the_pod() -> None:
    text = hosts_text(pod(subdomain="sub"), ["10.244.0.5"], "cluster.local", "")
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert text.endswith("10.244.0.5\tweb.sub.default.svc.cluster.local\tweb\n")


def test_the_hosts_file_of_the_host_network_is_the_machine_s() -> None:
    text = hosts_text(pod(hostNetwork=True), ["192.0.2.1"], "cluster.local", "127.0.0.1 localhost\n")
    assert text == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n"


def test_host_aliases_are_added() -> None:
    aliased = pod(hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}])
    text = hosts_text(aliased, ["10.244.0.5"], "cluster.local", "")
    assert text.endswith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")


CLUSTER_FIRST = """\
search default.svc.cluster.local svc.cluster.local cluster.local lan
nameserver 10.96.0.10
options ndots:5
"""
MACHINE = parse_resolver("nameserver 9.9.9.9\nsearch lan\noptions edns0\n")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, CLUSTER_FIRST),
        ({"hostNetwork": True}, "search lan\nnameserver 9.9.9.9\noptions edns0\n"),
        ({"dnsPolicy": "Default"}, "search lan\nnameserver 9.9.9.9\noptions edns0\n"),
        (
            {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "options": [{"name": "debug"}]}},
            "nameserver 1.1.1.1\noptions debug\n",
        ),
        (
            {"dnsConfig": {"options": [{"name": "ndots", "value": "1"}], "searches": ["x"]}, "dnsPolicy": "Default"},
            "search lan x\nnameserver 9.9.9.9\noptions edns0 ndots:1\n",
        ),
    ],
)  # fmt: skip
def test_the_resolver_follows_the_dns_policy(spec: Object, text: str) -> None:
    assert pod_resolver(pod(**spec), MACHINE, ["10.96.0.10"], "cluster.local").text() == text


def test_the_machines_own_name_servers_are_not_the_clusters_though_it_asks_it() -> None:
    """After `fairway dns install-resolver` the cluster's DNS stands first in the machine's file."""
    machine = parse_resolver("nameserver 10.96.0.10\nnameserver 9.9.9.9\nsearch . lan\n")
    text = pod_resolver(pod(dnsPolicy="Default"), machine, ["10.96.0.10"], "cluster.local").text()
    assert text == "search lan\nnameserver 9.9.9.9\n"


@pytest.mark.parametrize(
    ("servers", "expected"),
    [(["127.0.0.53"], True), (["127.0.0.53", "9.9.9.9"], False), (["127.0.0.1"], False), ([], False)],
)
def test_a_resolver_on_the_loopback_is_known(servers: list[str], expected: bool) -> None:
    assert is_stub(Resolver(servers)) == expected


def test_what_resolvers_would_not_read_is_told() -> None:
    config = {"nameservers": ["1.1.1.1", "2.2.2.2", "3.3.3.3"], "searches": [f"s{number}" for number in range(32)]}
    made = pod_resolver(pod(dnsConfig=config), MACHINE, ["10.96.0.10"], "c.l")
    search, servers = made.omissions()
    kept = " ".join(f"s{number}" for number in range(28))
    assert search == (
        "Search Line limits were exceeded, some search paths have been omitted, "
        f"the applied search line is: default.svc.c.l svc.c.l c.l lan {kept}"
    )
    assert servers == (
        "Nameserver limits were exceeded, some nameservers have been omitted, "
        "the applied nameserver line is: 10.96.0.10 1.1.1.1 2.2.2.2"
    )
    assert list(pod_resolver(pod(), MACHINE, ["10.96.0.10"], "c.l").omissions()) == []


def test_resolver_limits_are_kept() -> None:
    config = {"nameservers": [f"10.0.0.{n}" for n in range(9)], "searches": [f"s{n}.example" for n in range(40)]}
    text = pod_resolver(pod(dnsPolicy="None", dnsConfig=config), MACHINE, [], "cluster.local").text()
    assert text.count("nameserver") == 3
    assert len(text.splitlines()[0].split()) == 33


# Volumes


def test_the_keys_of_a_config_map_are_files() -> None:
    volume = {"name": "v", "configMap": {"name": "c", "defaultMode": 0o400}}
    assert payload(pod(), volume, {("ConfigMap", "c"): config_map(a="1")}, AROUND) == {"a": File(b"1", 0o400)}


def test_items_pick_keys_and_paths_and_modes() -> None:
    items = [{"key": "a", "path": "deep/er", "mode": 0o600}]
    volume = {"name": "v", "configMap": {"name": "c", "items": items}}
    assert payload(pod(), volume, {("ConfigMap", "c"): config_map(a="1", b="2")}, AROUND) == {
        "deep/er": File(b"1", 0o600)
    }


def test_a_projected_volume_joins_its_sources() -> None:
    secret = {"kind": "Secret", "data": {"pw": "c2VjcmV0"}}
    down = {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}
    volume = {"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}, {"downwardAPI": down}]}}
    assert payload(pod(), volume, {("Secret", "s"): secret}, AROUND) == {"pw": File(b"secret"), "name": File(b"web")}
    assert is_secret(volume)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "..data/x"])
def test_a_path_that_leaves_the_volume_is_refused(path: str) -> None:
    volume = {"name": "v", "configMap": {"name": "c", "items": [{"key": "a", "path": path}]}}
    with pytest.raises(ReferenceProblem, match="must be relative"):
        payload(pod(), volume, {("ConfigMap", "c"): config_map(a="1")}, AROUND)


def test_labels_are_shown_sorted_and_quoted() -> None:
    assert formatted_map({"b": 'x"y', "a": "1\n2"}) == 'a="1\\n2"\nb="x\\"y"'


# Amounts and names


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Mi"}}, "Burstable"),
    ],
)
def test_the_qos_class_follows_requests_and_limits(resources: Object, wanted: str) -> None:
    assert quality(pod(containers=[{**MAIN, "resources": resources}])["spec"]) == wanted


def test_a_pod_holds_its_containers_together_to_its_own_amounts() -> None:
    resources = {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "64Mi"}}
    assert pod_limits(pod(resources=resources)) == Limits(1024, 200_000, 67_108_864)
    assert pod_limits(pod(resources={"limits": {"memory": "64Mi"}})) == Limits(None, None, 67_108_864)
    assert pod_limits(pod()) is None


def test_amounts_become_what_the_kernel_counts() -> None:
    container = {**MAIN, "resources": {"requests": {"cpu": "250m"}, "limits": {"cpu": "500m", "memory": "64Mi"}}}
    assert (cpu_shares(container), cpu_quota_us(container), memory_bytes(container)) == (256, 50_000, 67_108_864)
    assert (cpu_shares(MAIN), cpu_quota_us(MAIN), memory_bytes(MAIN)) == (2, None, None)


@pytest.mark.parametrize(
    ("image", "given_policy", "policy"),
    [
        ("kubia", None, "Always"), ("kubia:latest", None, "Always"), ("kubia:1", None, "IfNotPresent"),
        ("kubia", "Never", "Never"), ("kubia@sha256:" + "a" * 64, None, "IfNotPresent"),
    ],
)  # fmt: skip
def test_the_pull_policy_depends_on_the_tag(image: str, given_policy: str | None, policy: str) -> None:
    assert pull_policy({"image": image, **({"imagePullPolicy": given_policy} if given_policy else {})}) == policy


def test_a_name_that_is_no_image_is_told() -> None:
    assert name_problem("InvalidImageName") != ""
    assert name_problem("luksa/kubia") == ""


def test_an_image_without_a_digest_is_shown_by_its_id() -> None:
    image = Image("sha256:1", ("docker.io/luksa/kubia:latest",), (), 1)
    assert shown_names(image, "luksa/kubia") == ("docker.io/luksa/kubia:latest", "sha256:1")


def test_images_that_run_as_root_are_refused_where_that_is_asked() -> None:
    careful = pod(securityContext={"runAsNonRoot": True})
    with pytest.raises(RuntimeFailure, match="container has runAsNonRoot and image will run as root") as caught:
        container_spec(careful, MAIN, 0, Image("sha256:1", (), (), 1), {}, [])
    assert caught.value.reason == "CreateContainerConfigError"
    assert container_spec(careful, MAIN, 0, Image("sha256:1", (), (), 1, "1000"), {}, []).pod_uid == UID


def test_commands_are_expanded_with_the_environment() -> None:
    container = {**MAIN, "command": ["echo"], "args": ["$(A)", "$(B)"]}
    spec = container_spec(pod(), container, 0, Image("sha256:1", (), (), 1), {"A": "1"}, [])
    assert (spec.command, spec.args) == (["echo"], ["1", "$(B)"])


def test_the_grace_period_is_the_deletion_s_or_the_pod_s_and_never_nothing() -> None:
    assert grace_s(pod()) == 30
    assert grace_s(pod(terminationGracePeriodSeconds=5)) == 5
    asked = pod(terminationGracePeriodSeconds=5)
    asked["metadata"]["deletionGracePeriodSeconds"] = 0
    assert grace_s(asked) == 1


def test_a_hostname_has_at_most_63_letters() -> None:
    assert hostname(pod(hostname="a" * 62 + "-b")) == "a" * 62


# Time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (10, "10s"), (80, "1m20s"), (300, "5m0s"), (0.25, "250ms"), (1.5, "1.5s"), (3661, "1h1m1s")],
)
def test_durations_are_shown_as_go_shows_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_back_off_doubles_to_five_minutes_and_is_forgotten_after_ten_quiet_ones() -> None:
    found, now_s, delays = None, 0.0, []
    for _ in range(7):
        found = extended(found, now_s)
        delays.append(found.delay_s)
        now_s += found.delay_s
    assert delays == [10, 20, 40, 80, 160, 300, 300]
    assert extended(found, now_s + 601).delay_s == 10


@given(st.floats(0, 1e6), st.floats(0, 1e4))
def test_no_attempt_is_due_before_its_failure(since_s: float, later_s: float) -> None:
    failed_s = since_s + later_s
    assert due_s(Backoff(10, since_s), failed_s) >= failed_s
    assert due_s(None, failed_s) == failed_s


def test_the_groups_of_a_pod_are_those_it_asks_for_and_that_of_its_volumes() -> None:
    asking = pod(securityContext={"supplementalGroups": [3000, 1000], "fsGroup": 2000})
    strict = {**MAIN, "securityContext": {"allowPrivilegeEscalation": False}}
    spec = container_spec(asking, strict, 0, Image("sha256:1", (), (), 1), {}, [])
    assert (spec.groups, spec.no_new_privileges) == ((1000, 2000, 3000), True)
    plain = container_spec(pod(), MAIN, 0, Image("sha256:1", (), (), 1), {}, [])
    assert (plain.groups, plain.no_new_privileges) == ((), False)


def test_a_pod_on_the_machine_s_network_has_the_machine_s_name() -> None:
    assert sandbox_spec(pod(hostNetwork=True), "c.l").hostname == ""
    assert sandbox_spec(pod(), "c.l").hostname == "web"


def test_the_kernel_calls_a_pod_by_its_full_name_if_it_asks_for_that() -> None:
    full = pod(hostname="h", subdomain="sub", setHostnameAsFQDN=True)
    assert sandbox_spec(full, "c.l").hostname == "h.sub.default.svc.c.l"
    assert sandbox_spec(pod(hostname="h", setHostnameAsFQDN=True), "c.l").hostname == "h"
    assert sandbox_spec(pod(hostname="h", subdomain="sub"), "c.l").hostname == "h"
    long = pod(hostname="h" * 50, subdomain="sub", setHostnameAsFQDN=True)
    with pytest.raises(RuntimeFailure, match=r"FQDN h+\.sub\S+ is too long \(64 characters is the max, 70 characters"):
        sandbox_spec(long, "c.l")


def test_an_override_is_the_whole_name() -> None:
    named = pod(hostname="h", subdomain="sub", hostnameOverride="a.example.com")
    assert sandbox_spec(named, "c.l").hostname == "a.example.com"
    assert "10.0.0.1\ta.example.com\n" in hosts_text(named, ["10.0.0.1"], "c.l", "")
