"""Firewalls: who else has rules for packets, whether they let pods and Services through, and other clusters.

Shape: ``Facts.chains`` are the hooked chains of others with their policy and the text of their rules.
Source: nft(8), "Netfilter hooks"; a drop of any table wins whatever the priority.
"""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.doctor.sockets import program_names
from fairway.node.path import find

PATIENCE_S: Final = 2.0
OURS: Final = "fairway-"
_HOOKS = ("forward", "input")


class Chain(NamedTuple):
    """A hooked chain of another program.  ``rules`` is the text of its table, cut; ``hook`` forward or input."""

    family: str
    table: str
    name: str
    hook: str
    policy: str
    rules: str = ""


class Facts(NamedTuple):
    """``tables`` are ``family name`` of all tables; ``names`` of chains; ``programs`` are running ones with a pid."""

    chains: tuple[Chain, ...]
    tables: frozenset[str]
    chain_names: frozenset[str]
    legacy: tuple[str, ...]
    programs: dict[str, int]
    files: frozenset[str]
    pod_cidrs: tuple[str, ...]
    service_cidrs: tuple[str, ...]


FOREIGN_FILES: Final = (
    "/etc/ufw/ufw.conf",
    "/var/lib/rancher/k3s",
    "/var/lib/k0s",
    "/var/lib/minikube",
    "/etc/kubernetes/manifests",
)


def look(scene: Scene) -> Facts:
    """Ask nft for the chains of all, and iptables-legacy where its tables are loaded."""
    listed = _chains() if scene.is_root else []
    names = program_names()
    return Facts(
        tuple(_hooked(each) for each in listed if each.get("hook") in _HOOKS and not _is_ours(each)),
        frozenset(f"{each['family']} {each['table']}" for each in listed),
        frozenset(str(each["name"]) for each in listed),
        _legacy(),
        names,
        frozenset(path for path in FOREIGN_FILES if _is_in_use(path)),
        scene.config.pod_cidrs,
        scene.config.service_cidrs,
    )


def _is_ours(chain: dict[str, Any]) -> bool:
    return str(chain["table"]).startswith(OURS)


def _chains() -> list[dict[str, Any]]:
    text = _said("nft", "-j", "list", "chains")
    if not text:
        return []
    return [each["chain"] for each in json.loads(text).get("nftables", ()) if "chain" in each]


def _hooked(chain: dict[str, Any]) -> Chain:
    family, table = str(chain["family"]), str(chain["table"])
    policy = str(chain.get("policy", "accept"))
    is_asked = policy == "drop" or table == "firewalld"
    rules = _said("nft", "-t", "list", "table", family, table) if is_asked else ""
    return Chain(family, table, str(chain["name"]), str(chain["hook"]), policy, rules)


def _said(program: str, *words: str) -> str:
    path = find(program)
    if path is None:
        return ""
    try:
        done = subprocess.run([path, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def _legacy() -> tuple[str, ...]:
    """What iptables-legacy says of its forward chain, where the kernel has its tables."""
    with contextlib.suppress(OSError):
        if "filter" in Path("/proc/thread-self/net/ip_tables_names").read_text().split():
            return tuple(_said("iptables-legacy", "-S", "FORWARD").splitlines())
    return ()


def _is_in_use(path: str) -> bool:
    """Whether a file or a folder with something in it is there; of ufw's, whether it is switched on."""
    place = Path(path)
    with contextlib.suppress(OSError):
        if place.is_dir():
            return any(place.iterdir())
        return "ENABLED=yes" in place.read_text()
    return False


def _whose(chain: Chain) -> str:
    if chain.table == "firewalld":
        return "firewalld"
    for mark, name in (("ufw-", "ufw"), ("DOCKER", "Docker"), ("LIBVIRT", "libvirt"), ("KUBE-", "kube-proxy")):
        if mark in chain.rules:
            return name
    return f"table {chain.family} {chain.table}"


def _family_of(chain: Chain, cidrs: tuple[str, ...]) -> list[str]:
    wants_ipv6 = {"ip": False, "ip6": True}.get(chain.family)
    return [cidr for cidr in cidrs if wants_ipv6 is None or (":" in cidr) == wants_ipv6]


def _lets_through(chain: Chain, cidrs: list[str]) -> bool:
    """Whether a rule names the pods' range, or accepts what is translated, as Services' connections are."""
    named = all(re.search(rf"{re.escape(cidr)}\b.*(accept|trusted)", chain.rules) for cidr in cidrs)
    translated = re.search(r"(ct status dnat|ctstate .*DNAT).*accept", chain.rules)
    return named or (chain.hook == "forward" and translated is not None)


def dropping(facts: Facts) -> Iterator[Finding]:
    """Another table's drop wins."""
    if not any(chain.policy == "drop" or chain.table == "firewalld" for chain in facts.chains):
        yield well("no other firewall drops what is forwarded")
    for chain in facts.chains:
        if chain.policy != "drop" and chain.table != "firewalld":
            continue
        cidrs = _family_of(chain, facts.pod_cidrs)
        if not cidrs:
            continue
        whose = _whose(chain)
        if _lets_through(chain, cidrs):
            yield well(f"{whose} drops {_what(chain)}, but lets pods or Services through")
            continue
        yield warning(
            f"{whose} drops {_what(chain)} (chain {chain.family} {chain.table} {chain.name})",
            "packets to pods are dropped there, whatever Fairway's rules say"
            if chain.hook == "forward"
            else "pods reach neither cluster DNS nor the API server there",
            _cure(whose, chain, cidrs[0]),
        )
    yield from _legacy_dropping(facts)


def _what(chain: Chain) -> str:
    return "what is forwarded" if chain.hook == "forward" else "what comes in"


def _cure(whose: str, chain: Chain, cidr: str) -> str:
    if whose == "ufw":
        way = "ufw route allow from" if chain.hook == "forward" else "ufw allow from"
        back = f" && sudo ufw route allow to {cidr}" if chain.hook == "forward" else ""
        return f"run: sudo {way} {cidr}{back}"
    if whose == "firewalld":
        return f"run: sudo firewall-cmd --permanent --zone=trusted --add-source={cidr} && sudo firewall-cmd --reload"
    if whose == "Docker":
        return (
            f"run: sudo iptables -I DOCKER-USER -s {cidr} -j ACCEPT && sudo iptables -I DOCKER-USER -d {cidr} -j ACCEPT"
        )
    word = "ip6" if ":" in cidr else "ip"
    place = f"{chain.family} {chain.table} {chain.name}"
    both = f"sudo nft insert rule {place} {word} saddr {cidr} accept"
    if chain.hook == "forward":
        both += f" && sudo nft insert rule {place} {word} daddr {cidr} accept"
    return f"run: {both}"


def _legacy_dropping(facts: Facts) -> Iterator[Finding]:
    if "-P FORWARD DROP" not in facts.legacy:
        return
    text = "\n".join(facts.legacy)
    cidrs = [cidr for cidr in facts.pod_cidrs if ":" not in cidr]
    if cidrs and not all(cidr in text for cidr in cidrs):
        yield warning(
            "iptables-legacy drops what is forwarded (policy of FORWARD)",
            "packets to pods are dropped there, whatever Fairway's rules say",
            f"run: sudo iptables-legacy -I FORWARD -s {cidrs[0]} -j ACCEPT && "
            f"sudo iptables-legacy -I FORWARD -d {cidrs[0]} -j ACCEPT",
        )


def others_present(facts: Facts) -> Iterator[Finding]:
    """Who else writes rules, for those who look for a cause."""
    marks = {
        "Docker": "DOCKER" in facts.chain_names or "dockerd" in facts.programs,
        "firewalld": "inet firewalld" in facts.tables or "firewalld" in facts.programs,
        "ufw": "/etc/ufw/ufw.conf" in facts.files or any(name.startswith("ufw-") for name in facts.chain_names),
        "libvirt": "LIBVIRT_FWI" in facts.chain_names or "libvirtd" in facts.programs,
    }
    if there := [name for name, is_there in marks.items() if is_there]:
        yield well(f"others with rules of their own: {', '.join(there)}")


def clusters(facts: Facts) -> Iterator[Finding]:
    """Another Kubernetes on the machine, or what is left of it."""
    is_proxy_there = any(name.startswith("KUBE-SERVICES") for name in facts.chain_names) or any(
        table in facts.tables for table in ("ip kube-proxy", "ip6 kube-proxy")
    )
    running = sorted(facts.programs.keys() & {"kube-proxy", "kubelet", "kube-apiserver", "k3s", "k3s-server", "k0s"})
    if is_proxy_there and not {"kube-proxy", "k3s", "k3s-server", "k0s", "kubelet"} & facts.programs.keys():
        yield failure(
            "rules of kube-proxy are left in the kernel, and no kube-proxy runs",
            f"they lead addresses in {', '.join(facts.service_cidrs)} that Fairway does not know to pods that are gone",
            "run: sudo kube-proxy --cleanup; without it: sudo nft delete table ip kube-proxy, or "
            "sudo iptables-save | grep -v KUBE- | sudo iptables-restore",
        )
    if running:
        pids = ", ".join(f"{name} (pid {facts.programs[name]})" for name in running)
        yield warning(
            f"another Kubernetes runs here: {pids}",
            "it holds the usual ports, and its kube-proxy leads the same service addresses",
            "stop it (sudo systemctl stop k3s kubelet), or give Fairway ranges of its own: --service-cidr, --pod-cidr",
        )
    elif left := sorted(path for path in facts.files if not path.startswith("/etc/ufw")):
        yield well(f"another Kubernetes was here and does not run: {', '.join(left)}")


CHECKS = (dropping, others_present, clusters)
