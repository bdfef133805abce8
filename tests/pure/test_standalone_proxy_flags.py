"""What kube-proxy's flags and its configuration file mean to our proxy."""

from pathlib import Path
from typing import Any

import pytest

from fairway.cluster.errors import ClusterError
from fairway.cluster.standalone.conntrack import apply
from fairway.cluster.standalone.proxy import Told
from fairway.cluster.standalone.proxy_flags import configuration, read, told
from fairway.proxy.model import Settings
from fairway.proxy.status_server import Listening

FILE = """
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, acceptContentTypes: ""}
clusterCIDR: 10.244.0.0/16,fd44::/56
hostnameOverride: ""
mode: iptables
healthzBindAddress: ""
metricsBindAddress: "[::1]:10249"
nodePortAddresses: [192.0.2.0/24]
nftables: {masqueradeAll: true, masqueradeBit: null}
conntrack: {maxPerCore: null}
"""


def test_without_flags_and_file_it_is_as_kube_proxy_is() -> None:
    assert told({}, {}, "Node-1") == Told(node_name="node-1", listening=Listening("", 10256, "127.0.0.1", 10249))


def test_the_configuration_file_of_kube_proxy_is_understood() -> None:
    assert told({}, configuration(FILE, "f"), "node-1") == Told(
        kubeconfig="/var/lib/kube-proxy/kubeconfig.conf", node_name="node-1",
        settings=Settings((), ("10.244.0.0/16", "fd44::/56"), ("192.0.2.0/24",), masquerade_all=True),
        listening=Listening("", 10256, "::1", 10249),
    )  # fmt: skip


def test_a_flag_goes_before_the_file() -> None:
    flags = {
        "kubeconfig": "k", "context": "c", "hostname_override": "Other", "cluster_cidr": "10.0.0.0/8",
        "nodeport_addresses": "primary", "healthz_bind_address": "", "metrics_bind_address": "0.0.0.0:0",
        "service_cidr": "10.96.0.0/12",
    }  # fmt: skip
    assert told(flags, configuration(FILE, "f"), "node-1") == Told(
        "k", "c", "other", Settings(("10.96.0.0/12",), ("10.0.0.0/8",), ("primary",), masquerade_all=True),
        Listening("", None, "", None),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        ({"cluster_cidr": "10.0.0.0/99"}, '--cluster-cidr: "10.0.0.0/99" is not a CIDR'),
        ({"service_cidr": "web"}, '--service-cidr: "web" is not an IP address'),
        ({"nodeport_addresses": "primary,10.0.0.0/8"}, "cannot be combined"),
        ({"healthz_bind_address": "web:1"}, '--healthz-bind-address: "web:1" is no address with a port'),
        ({"conntrack_tcp_timeout_close_wait": "soon"}, '"soon" is no duration'),
        ({"conntrack_max_per_core": "many"}, "is no number of entries"),
        ({"metrics_bind_address": "127.0.0.1:x"}, "is no address with a port"),
        ({"metrics_bind_address": "[::1"}, "is no address with a port"),
        ({"metrics_bind_address": "127.0.0.1:65536"}, "is no address with a port"),
    ],
)
def test_wrong_values_are_named(flags: dict[str, Any], what: str) -> None:
    with pytest.raises(ClusterError) as raised:
        told(flags, {}, "n")
    assert what in str(raised.value)


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"healthzBindAddress": 10256}, "--config: healthzBindAddress is 10256 and not a text"),
        ({"hostnameOverride": 5}, "--config: hostnameOverride is 5 and not a text"),
        ({"nftables": {"masqueradeAll": "false"}}, "--config: nftables.masqueradeAll is 'false' and not true or false"),
        ({"nodePortAddresses": "10.0.0.0/8"}, "--config: nodePortAddresses is '10.0.0.0/8' and not a list"),
        ({"conntrack": {"min": True}}, "--config: conntrack.min is True and not a number"),
        ({"conntrack": {"tcpEstablishedTimeout": 5}}, "--config: conntrack.tcpEstablishedTimeout is 5 and not a text"),
    ],
)
def test_values_of_another_type_in_the_file_are_named(config: dict[str, Any], what: str) -> None:
    with pytest.raises(ClusterError) as raised:
        told({}, config, "n")
    assert str(raised.value) == what


def test_a_file_that_cannot_be_read_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, why in (("missing", "No such file or directory"), ("binary", "it is no text in UTF-8")):
        with pytest.raises(ClusterError) as raised:
            read(str(tmp_path / name))
        assert str(raised.value) == f"--config {tmp_path / name} cannot be read: {why}"
        assert raised.value.fix == "name the file that kube-proxy's --config takes"


def test_connection_tracking_is_set_as_kube_proxy_sets_it(tmp_path: Path) -> None:
    names = ("nf_conntrack_max", "nf_conntrack_tcp_timeout_established", "nf_conntrack_tcp_timeout_close_wait")
    given = told({"conntrack_tcp_timeout_established": "2h30m"}, {"conntrack": {"min": 200_000}}, "n").conntrack
    assert given.wanted(cores=2) == dict(zip(names, (200_000, 9000, 3600), strict=True))
    assert given.wanted(cores=8)[names[0]] == 8 * 32768
    flags = {
        "conntrack_max_per_core": "0", "conntrack_tcp_timeout_established": "0",
        "conntrack_tcp_timeout_close_wait": "0s",
    }  # fmt: skip
    assert told(flags, {}, "n").conntrack.wanted(cores=2) == {}
    for name, value in zip(names, (300_000, 1, 3600), strict=True):
        (tmp_path / name).write_text(f"{value}\n")
    apply(given.wanted(cores=2), tmp_path)
    assert [int((tmp_path / name).read_text()) for name in names] == [300_000, 9000, 3600], "never fewer entries"
    apply({"nf_conntrack_none": 1}, tmp_path)  # a kernel without it is no failure


@pytest.mark.parametrize("text", ["a: [", "kind: Pod", "- 1", ""])
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(ClusterError):
        configuration(text, "f")
