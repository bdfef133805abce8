"""What the doctor says of a machine: facts in, findings out, a row each."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from fairway.cluster.doctor import addresses, firewalls, kernel, limits, machine, packages, ports, storage
from fairway.cluster.doctor.finding import FAILURE, OK, WARNING, Finding, bytes_text, judged
from fairway.cluster.doctor.firewalls import Chain
from fairway.cluster.doctor.rules_trial import parts_of
from fairway.cluster.doctor.sockets import Listener, Route, parse_listeners, parse_routes, parse_routes_6
from fairway.node.cgroups import Hierarchy
from fairway.proxy.dataplanes.nftables import load

V1 = Hierarchy(Path("/cg/pids"), 1, frozenset({"cpu", "memory", "pids"}))
V2 = Hierarchy(Path("/cg"), 2, frozenset())
MACHINE = machine.Facts(True, True, (1 << 41) - 1, (3, 12, 1), 8 << 30, ("fairway", "nobody"), True, "linux")
KERNEL = kernel.Facts(
    "6.1.0-13-amd64", True,
    {"mount namespaces": "", "network namespaces": "", "veth": "", "dummy": "", "bridge": "", "pivot_root": "",
     "control group /cg": ""},
    {"refused": "", "parts": []}, (V2,), frozenset({"cpu", "memory", "pids"}),
)  # fmt: skip
SAID = {
    "crun": "crun version 1.8.1\ncommit: f8a\n",
    "conmon": "conmon version 2.1.6\n",
    "nft": "nftables v1.0.6 (Lester Gooch #5)",
    "ip": "ip utility, iproute2-6.1.0, libbpf 1.1.0",
    "haproxy": "HAProxy version 2.6.12-1+deb12u1 2023/12/16 - https://haproxy.org/",
    "kubectl": "Client Version: v1.32.4\nKustomize Version: v5.5.0",
    "busybox": "",
}
PACKAGES = packages.Facts(SAID, True)
STORAGE = storage.Facts(
    "/var/lib/fairway/fairway", "/var/lib/fairway", "ext4", 50 << 30, 1_000_000, frozenset({"rw"}), ""
)
SSHD, DNSMASQ = Listener("tcp", "0.0.0.0", 22, "1", "sshd (pid 7)", 7), "dnsmasq (pid 8)"
PORTS = ports.Facts(
    (SSHD,), {"api_port": 6443, "node_api_port": 10250}, (), ("10.96.0.10",), range(30000, 32768), range(32768, 61000),
    False,
)  # fmt: skip
LIMITS = limits.Facts(
    {
        "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "2", "net.ipv4.conf.all.route_localnet": "0",
        "net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.default.disable_ipv6": "0",
        "net.netfilter.nf_conntrack_max": "262144", "net.netfilter.nf_conntrack_count": "100",
        "net.ipv4.neigh.default.gc_thresh3": "1024", "fs.inotify.max_user_instances": "128",
        "fs.inotify.max_user_watches": "8192", "fs.file-nr": "2000\t0\t100000", "kernel.pid_max": "32768",
        "user.max_net_namespaces": "96000", "user.max_mnt_namespaces": "96000",
    },
    1 << 20, 300, 2, (4,), False, True,
)  # fmt: skip
FIREWALLS = firewalls.Facts(
    (), frozenset(), frozenset(), (), {"systemd": 1}, frozenset(), ("10.244.0.0/16",), ("10.96.0.0/16",)
)
DOCKER = Chain("ip", "filter", "FORWARD", "forward", "drop", "chain DOCKER {\n}\nchain FORWARD {\n}\n")
LET = "ip saddr 10.244.0.0/16 counter accept\nip daddr 10.244.0.0/16 accept\n"
ADDRESSES = addresses.Facts(
    (addresses.Range("pod_cidr", ip_network("10.244.0.0/16"), True),),
    (Route(ip_network("0.0.0.0/0"), "eth0"), Route(ip_network("192.0.2.0/24"), "eth0")),
    (), (4,), ("192.0.2.2",), (), True,
)  # fmt: skip


def sysctl(name: str, value: str) -> limits.Facts:
    return LIMITS._replace(settings={**LIMITS.settings, name: value})


def kernel_without(name: str, text: str = "Operation not permitted") -> kernel.Facts:
    return KERNEL._replace(refused={**KERNEL.refused, name: text})


def program(name: str, said: str | None) -> packages.Facts:
    others = {key: value for key, value in SAID.items() if key != name}
    return packages.Facts(others if said is None else {**others, name: said}, True)


def listener(port: int, address: str = "0.0.0.0", protocol: str = "tcp", owner: str = DNSMASQ) -> ports.Facts:
    return PORTS._replace(listeners=(SSHD, Listener(protocol, address, port, "2", owner, 8)))


def chains(*found: Chain, **more: Any) -> firewalls.Facts:
    return FIREWALLS._replace(chains=found, **more)


def route(cidr: str, device: str = "eth1", **more: Any) -> addresses.Facts:
    return ADDRESSES._replace(routes=(*ADDRESSES.routes, Route(ip_network(cidr), device)), **more)


GROUPS = {
    machine: MACHINE, kernel: KERNEL, packages: PACKAGES, storage: STORAGE, ports: PORTS, limits: LIMITS,
    firewalls: FIREWALLS, addresses: ADDRESSES,
}  # fmt: skip


@pytest.mark.parametrize("module", GROUPS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_good_machine_has_nothing_but_good_findings(module: Any) -> None:
    told = judged("group", module.CHECKS, GROUPS[module])
    assert told
    assert [each.finding for each in told if each.finding.level != OK] == []


Row = tuple[Callable[[Any], Any], Any, str, str, str]
ROWS: list[Row] = [
    # check, facts, level, part of what is said, part of the cure
    (machine.system, MACHINE._replace(system="darwin"), FAILURE, "this is darwin", "Linux"),
    (machine.root, MACHINE._replace(is_root=False), WARNING, "not root", "sudo fairway doctor"),
    (machine.root, MACHINE._replace(is_root=False, has_sudo=False), FAILURE, "there is no sudo", "su -"),
    (machine.root, MACHINE._replace(capabilities=0), FAILURE, "NET_ADMIN, SYS_ADMIN", "--privileged"),
    (machine.root, MACHINE._replace(capabilities=1 << 12), FAILURE, "capabilities SYS_ADMIN", "--privileged"),
    (machine.settings, MACHINE._replace(can_write_settings=False), FAILURE, "/proc/sys", "remount,rw"),
    (machine.python, MACHINE._replace(python=(3, 10, 12)), FAILURE, "Python 3.10.12 is too old", "python3.11"),
    (machine.account, MACHINE._replace(accounts=()), FAILURE, "neither the user", "useradd --system"),
    (machine.account, MACHINE._replace(accounts=("nobody",)), WARNING, "no user fairway", "useradd --system"),
    (machine.memory, MACHINE._replace(available_bytes=100 << 20), FAILURE, "only 100 MiB", "ps aux"),
    (machine.memory, MACHINE._replace(available_bytes=300 << 20), WARNING, "only 300 MiB", "ps aux"),
    (kernel.version, KERNEL._replace(release="4.19.0-21-amd64"), WARNING, "4.19.0-21-amd64 is older", "Debian 12"),
    (kernel.version, KERNEL._replace(release="5.4"), WARNING, "5.4 is older than 5.15", "Ubuntu 22.04"),
    (kernel.tried, KERNEL._replace(is_root=False), WARNING, "not tried", "sudo fairway doctor"),
    (kernel.namespaces, kernel_without("network namespaces"), FAILURE, "network namespaces cannot be made", "machine"),
    (kernel.veth, kernel_without("veth", "Operation not supported"), FAILURE, "veth devices", "modprobe veth"),
    (kernel.gateway_device, KERNEL._replace(refused={"dummy": "no", "bridge": "no"}), FAILURE, "neither", "dummy"),
    (kernel.nftables, KERNEL._replace(rules={"refused": "No such file or directory", "parts": ["fib", "masq"]}),
     FAILURE, "for want of: fib, masq", "modprobe -a nft_fib_ipv4 nft_fib_ipv6 nft_masq"),
    (kernel.nftables, KERNEL._replace(rules={"refused": "it did not answer"}), FAILURE, "did not answer", "nf_tables"),
    (kernel.control_groups, kernel_without("control group /cg", "Read-only file system"), FAILURE, "in /cg: Read-only",
     "remount,rw /cg"),
    (kernel.control_groups, KERNEL._replace(groups=()), FAILURE, "no control groups", "mount -t cgroup2"),
    (kernel.control_groups, KERNEL._replace(controllers=frozenset({"cpu", "pids"})), WARNING, "memory",
     "cgroup_enable=memory"),
    (kernel.root, kernel_without("pivot_root", "Invalid argument"), WARNING, "RAM disk", "switch_root"),
    (kernel.root, kernel_without("pivot_root", "Invalid argument")._replace(is_chroot=True), FAILURE,
     "a chroot whose root is no mount", "pivot_root . .old"),
    (kernel.root, KERNEL._replace(is_chroot=True), WARNING, "this is a chroot", "systemd-nspawn -D DIR"),
    (packages.programs, program("crun", None), FAILURE, "crun is not installed", "apt-get install -y crun"),
    (packages.programs, program("conmon", None), FAILURE, "conmon is not installed", "apt-get install -y conmon"),
    (packages.programs, program("nft", None), FAILURE, "nft is not installed", "apt-get install -y nftables"),
    (packages.programs, program("haproxy", None), WARNING, "haproxy is not installed", "apt-get install -y haproxy"),
    (packages.programs, program("kubectl", None), WARNING, "kubectl is not", "kubernetes-client"),
    (packages.programs, PACKAGES._replace(said={**SAID, "crun": "crun version 0.10"}), WARNING,
     "crun 0.10 is older than 0.17", "crun"),
    (packages.programs, program("ip", "ip utility, iproute2-ss190107"), WARNING, "older than 5.15", "iproute2"),
    (packages.programs, program("conmon", "?"), WARNING, "does not tell its version", "conmon --version"),
    (packages.programs, program("haproxy", None)._replace(has_apt=False), WARNING, "haproxy", "package manager"),
    (storage.writable, STORAGE._replace(write_refused="Read-only file system"), FAILURE, "Read-only", "df -h"),
    (storage.writable, STORAGE._replace(run_refused="No space left on device"), FAILURE, "/run/fairway", "df -h"),
    (storage.room, STORAGE._replace(free_bytes=1 << 20), FAILURE, "only 1.0 MiB", "--data-dir"),
    (storage.room, STORAGE._replace(free_bytes=500 << 20), WARNING, "only 500 MiB", "--data-dir"),
    (storage.inodes, STORAGE._replace(free_inodes=10), FAILURE, "only 10 inodes", "du --inodes"),
    (storage.inodes, STORAGE._replace(free_inodes=9000), WARNING, "only 9000 inodes", "du --inodes"),
    (storage.file_system, STORAGE._replace(kind="tmpfs"), WARNING, "lies on tmpfs", "--data-dir"),
    (storage.file_system, STORAGE._replace(kind="nfs4"), WARNING, "lies on nfs4", "--data-dir"),
    (storage.file_system, STORAGE._replace(options=frozenset({"noexec"})), WARNING, "mounted noexec", "--data-dir"),
    (storage.overlay, STORAGE._replace(kind="overlay", overlay="Invalid argument"), FAILURE, "as in a container",
     "--data-dir"),
    (ports.own_ports, listener(6443), WARNING, "6443 of the API server is taken by dnsmasq", "--api-port 6444"),
    (ports.own_ports, listener(10250)._replace(chosen=("node_api_port",)), FAILURE, "10250", "--node-api-port 10251"),
    (ports.dns, listener(53, protocol="udp"), FAILURE, "53 is taken on 0.0.0.0 by dnsmasq", "bind-interfaces"),
    (ports.dns, listener(53, "10.96.0.10"), FAILURE, "53 is taken on 10.96.0.10", "listen-on"),
    (ports.own_ports, listener(443)._replace(ports={"ingress_https_port": 443}), WARNING,
     "443 of the Ingresses (HTTPS)", "--ingress-https-port 444"),
    (ports.node_ports, listener(30022, owner=""), WARNING, "30022 (another program)", "--node-port-range"),
    (ports.node_ports, PORTS._replace(ephemeral=range(1024, 65536)), WARNING, "30000-32767", "='32768 60999'"),
    (limits.forwarding, sysctl("net.ipv4.ip_forward", "0"), FAILURE, "ip_forward is off", "net.ipv4.ip_forward=1"),
    (limits.ipv6, sysctl("net.ipv6.conf.all.disable_ipv6", "1")._replace(families=(4, 6)), FAILURE, "IPv6", "=0"),
    (limits.reverse_path, sysctl("net.ipv4.conf.all.rp_filter", "1"), WARNING, "is strict", "all.rp_filter=2"),
    (limits.route_localnet, sysctl("net.ipv4.conf.all.route_localnet", "1"), WARNING, "is on", "route_localnet=0"),
    (limits.route_localnet, LIMITS._replace(wants_loopback=True), FAILURE, "is off", "route_localnet=1"),
    (limits.connections, sysctl("net.netfilter.nf_conntrack_count", "262000"), FAILURE, "full", "=524288"),
    (limits.connections, sysctl("net.netfilter.nf_conntrack_count", "220000"), WARNING, "220000 of",
     "nf_conntrack_max"),
    (limits.open_files, LIMITS._replace(files=1024), FAILURE, "1024 files", "nofile"),
    (limits.open_files, LIMITS._replace(files=8192), WARNING, "8192 files", "nofile"),
    (limits.open_files, sysctl("fs.file-nr", "9500 0 10000"), WARNING, "9500 of 10000", "fs.file-max=20000"),
    (limits.inotify, sysctl("fs.inotify.max_user_instances", "16"), WARNING, "16 inotify instances", "=1024"),
    (limits.processes, LIMITS._replace(threads=32000), WARNING, "32000 of 32768", "kernel.pid_max=131072"),
    (limits.namespaces, sysctl("user.max_net_namespaces", "0"), FAILURE, "is 0", "user.max_net_namespaces=10000"),
    (limits.namespaces, sysctl("user.max_mnt_namespaces", "50"), WARNING, "is 50", "user.max_mnt_namespaces=10000"),
    (limits.neighbours, sysctl("net.ipv4.neigh.default.gc_thresh3", "128"), WARNING, "is 128", "gc_thresh3=4096"),
    (firewalls.dropping, chains(DOCKER), WARNING, "Docker drops what is forwarded",
     "iptables -I DOCKER-USER -s 10.244"),
    (firewalls.dropping, chains(Chain("ip", "filter", "INPUT", "input", "drop", "jump ufw-before-input")), WARNING,
     "ufw drops what comes in", "ufw allow from 10.244.0.0/16"),
    (firewalls.dropping, chains(Chain("ip", "filter", "FORWARD", "forward", "drop", "jump ufw-before-forward")),
     WARNING, "ufw drops what is forwarded", "ufw route allow from 10.244.0.0/16"),
    (firewalls.dropping, chains(Chain("inet", "firewalld", "filter_FORWARD", "forward", "accept", "reject")), WARNING,
     "firewalld drops", "firewall-cmd --permanent --zone=trusted --add-source=10.244.0.0/16"),
    (firewalls.dropping, chains(Chain("inet", "mine", "fwd", "forward", "drop", "")), WARNING, "table inet mine drops",
     "nft insert rule inet mine fwd ip saddr 10.244.0.0/16 accept"),
    (firewalls.dropping, FIREWALLS._replace(legacy=("-P FORWARD DROP",)), WARNING, "iptables-legacy drops",
     "iptables-legacy -I FORWARD -s 10.244.0.0/16"),
    (firewalls.clusters, FIREWALLS._replace(chain_names=frozenset({"KUBE-SERVICES"})), FAILURE, "rules of kube-proxy",
     "kube-proxy --cleanup"),
    (firewalls.clusters, FIREWALLS._replace(tables=frozenset({"ip kube-proxy"})), FAILURE, "rules of kube-proxy",
     "nft delete table ip kube-proxy"),
    (firewalls.clusters, FIREWALLS._replace(programs={"k3s-server": 5}), WARNING, "k3s-server (pid 5)",
     "systemctl stop"),
    (addresses.overlaps, route("10.244.3.0/24", "wg0"), FAILURE, "overlaps the route 10.244.3.0/24 by wg0 (a VPN?)",
     "--pod-cidr 172.30.0.0/16"),
    (addresses.overlaps, route("10.0.0.0/8", "tun0"), WARNING, "overlaps the route 10.0.0.0/8", "--pod-cidr"),
    (addresses.overlaps, route("10.244.0.0/16", ranges=(ADDRESSES.ranges[0]._replace(is_fixed=False),)), WARNING,
     "overlaps the route", "nothing is to be done"),
    (addresses.overlaps, ADDRESSES._replace(others=((ip_network("10.244.0.0/16"), "blue"),)), FAILURE,
     'of cluster "blue"', "--pod-cidr"),
    (addresses.way_out, ADDRESSES._replace(routes=()), WARNING, "no default route for IPv4", "ip route add default"),
    (addresses.node_address, ADDRESSES._replace(lost_ips=("192.0.2.2",)), FAILURE, "192.0.2.2 is not on this machine",
     "sudo fairway down"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "facts", "level", "what", "cure"), ROWS, ids=[f"{row[0].__name__}-{i}" for i, row in enumerate(ROWS)]
)
def test_what_is_wrong_is_named_with_its_cure(
    check: Callable[[Any], Any], facts: Any, level: str, what: str, cure: str
) -> None:
    found = [finding for finding in check(facts) if finding.level != OK]
    assert len(found) == 1, found
    assert found[0].level == level
    assert what in found[0].what
    assert cure in found[0].fix
    assert found[0].why


@pytest.mark.parametrize(
    "rules", [LET, "ct status dnat accept\n", "ctstate RELATED,ESTABLISHED,DNAT counter packets 0 bytes 0 accept\n"]
)
def test_a_firewall_that_lets_pods_or_services_through_is_no_trouble(rules: str) -> None:
    assert [each.level for each in firewalls.dropping(chains(DOCKER._replace(rules=DOCKER.rules + rules)))] == [OK]


def test_a_firewall_of_ipv6_is_nothing_to_a_cluster_of_ipv4() -> None:
    assert list(firewalls.dropping(chains(DOCKER._replace(family="ip6")))) == []


def test_a_running_kube_proxy_s_rules_are_not_left_over() -> None:
    facts = FIREWALLS._replace(tables=frozenset({"ip kube-proxy"}), programs={"kube-proxy": 9})
    assert [each.level for each in firewalls.clusters(facts)] == [WARNING]


def test_a_name_server_of_a_running_cluster_that_only_root_would_know_is_no_trouble() -> None:
    facts = listener(53, "10.96.0.10", owner="")
    assert list(ports.dns(facts._replace(is_running=True))) == []
    assert [each.level for each in ports.dns(facts)] == [FAILURE]


def test_localhost_that_a_cluster_has_opened_is_no_trouble() -> None:
    opened = sysctl("net.ipv4.conf.all.route_localnet", "1")._replace(has_loopback=True)
    assert list(limits.route_localnet(opened)) == []


def test_runc_stands_in_for_crun() -> None:
    facts = program("crun", None)._replace(has_runc=True)
    assert Finding(OK, "runc, in place of crun") in list(packages.programs(facts))


def test_a_running_cluster_s_own_ports_are_not_judged() -> None:
    assert list(ports.own_ports(listener(6443)._replace(is_running=True))) == []


def test_what_is_not_there_is_not_judged() -> None:
    empty = LIMITS._replace(settings={}, is_running=False)
    assert [each.level for check in limits.CHECKS for each in check(empty)] == [OK]
    assert list(kernel.nftables(KERNEL._replace(rules={}))) == []


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (300 << 20, "300 MiB"), (3 << 40, "3.0 TiB")],
)
def test_sizes_for_people(number: int, text: str) -> None:
    assert bytes_text(number) == text


def test_listeners_are_read_from_the_kernel_s_table() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 x\n"
        "   1: 0100007F:192B 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 x\n"
    )
    assert list(parse_listeners("tcp", "0A", table)) == [Listener("tcp", "127.0.0.1", 6443, "4242")]
    six = table.replace("0100007F:192B 00000000", f"{'0' * 24}01000000:192B 00000000")
    assert next(parse_listeners("tcp", "0A", six)).address == "::1"


def test_routes_are_read_with_their_devices() -> None:
    table = (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "wg0\t0000F40A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    )
    assert list(parse_routes(table)) == [
        Route(ip_network("0.0.0.0/0"), "eth0"), Route(ip_network("10.244.0.0/16"), "wg0"),
    ]  # fmt: skip
    six = f"fd00{'0' * 28} 40 {'0' * 32} 00 {'0' * 32} 00000100 00000001 00000000 00000001     eth0\n"
    assert list(parse_routes_6(six)) == [Route(ip_network("fd00::/64"), "eth0")]


def test_the_parts_of_a_rule_are_named() -> None:
    parts = {name for message in load.new_table(4, "t") for name in parts_of(message)}
    assert {"fib", "lookup", "masq", "nat", "chain type nat", "sets", "tables"} <= parts
