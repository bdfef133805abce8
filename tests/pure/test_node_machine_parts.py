"""What is read from and written to the machine, as text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.cgroups import Hierarchy, parse_hierarchies
from fairway.node.images.layers import InvalidLayer, clean_name
from fairway.node.images.registry import is_loopback
from fairway.node.machine import Machine
from fairway.node.pod_network.masquerade import render
from fairway.node.propagation import containing

HYBRID = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
42 31 0:39 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""


def test_mounted_hierarchies_are_found() -> None:
    base = Path("/sys/fs/cgroup")
    assert parse_hierarchies(HYBRID) == [
        Hierarchy(base / "devices", 1, frozenset({"devices"})),
        Hierarchy(base / "systemd", 1, frozenset({"name=systemd"})),
        Hierarchy(base / "cpu,cpuacct", 1, frozenset({"cpu", "cpuacct"})),
        Hierarchy(base / "unified", 2, frozenset()),
    ]


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/run/fairway/a", ("/run/fairway", True)),
        ("/run/fairwayx", ("/run", False)),
        ("/etc", ("/", False)),
    ],
)
def test_a_path_is_on_the_longest_mount_above_it(path: str, mount: tuple[str, bool]) -> None:
    points = [("/", False), ("/run", False), ("/run/fairway", False), ("/run/fairway", True)]
    assert containing(path, points) == mount


def test_only_what_leaves_the_cluster_is_masqueraded_and_names_are_asked_untracked() -> None:
    assert render(Machine(cluster="a", data_dir=Path("/d"))) == (
        "table ip fairway-a-pods {}\n"
        "delete table ip fairway-a-pods\n"
        "table ip fairway-a-pods {\n"
        "\tchain postrouting {\n"
        "\t\ttype nat hook postrouting priority 100; policy accept;\n"
        "\t\tip saddr 10.244.0.0/24 ip daddr != 10.244.0.0/16 masquerade fully-random\n"
        "\t}\n"
        "\tchain dns-prerouting {\n"
        "\t\ttype filter hook prerouting priority -300; policy accept;\n"
        "\t\tip daddr 10.96.0.10 udp dport 53 notrack\n"
        "\t\tip daddr 10.96.0.10 tcp dport 53 notrack\n"
        "\t}\n"
        "\tchain dns-output {\n"
        "\t\ttype filter hook output priority -300; policy accept;\n"
        "\t\tip daddr 10.96.0.10 udp dport 53 notrack\n"
        "\t\tip daddr 10.96.0.10 tcp dport 53 notrack\n"
        "\t\tip saddr 10.96.0.10 udp sport 53 notrack\n"
        "\t\tip saddr 10.96.0.10 tcp sport 53 notrack\n"
        "\t}\n"
        "}\n"
    )


@pytest.mark.parametrize(("name", "clean"), [("./a//b/", "a/b"), ("/etc/passwd", "etc/passwd"), ("./", "")])
def test_a_layer_s_names_are_relative_to_its_root(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@given(st.text(alphabet="./a", max_size=20))
def test_no_layer_name_leads_out(name: str) -> None:
    try:
        parts = clean_name(name).split("/")
    except InvalidLayer:
        return
    assert ".." not in parts
    assert not clean_name(name).startswith("/")


@pytest.mark.parametrize(
    ("registry", "loopback"),
    [("localhost:5000", True), ("127.0.0.1:1", True), ("[::1]:5", True), ("localhost.example", False), ("a.b", False)],
)
def test_a_registry_on_this_machine_is_known(registry: str, loopback: bool) -> None:
    assert is_loopback(registry) == loopback
