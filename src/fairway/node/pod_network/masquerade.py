"""Masquerade: pods that talk to the world beyond the cluster do it with the node's address; names are asked untracked.

A table of our own, apart from the proxy's; at priority 100, behind the proxy's decisions at 95.  The DNS is on the node
itself, at the cluster IP that pods know: its packets are neither tracked nor translated (docs/decisions/0009).
"""

from collections.abc import Iterable

from fairway.node.machine import Machine
from fairway.node.names import masquerade_table
from fairway.node.pod_network import nft
from fairway.node.runtimes.interface import RuntimeFailure

REASON = "NetworkNotReady"
ABSENT = ("No such file or directory", "Address family not supported", "Operation not supported")
"""What nft says of a table that is not there, or of a family that the kernel does not have."""


def render(machine: Machine) -> str:
    """The table as text for ``nft -f``, replacing an older one in the same transaction."""
    table = masquerade_table(machine.cluster)
    dns = {_word(address): address for address in machine.dns_addresses}
    words = map(_word, machine.pod_cidrs)
    return "".join(_family(table, word, *_hidden_unless(machine, word), dns.get(word, "")) for word in words)


def _word(address: str) -> str:
    """What nft calls the family of an address or range."""
    return "ip6" if ":" in address else "ip"


def _hidden_unless(machine: Machine, word: str) -> tuple[str, str]:
    """Whose packets are masqueraded here, unless they go where.  Nobody's on a further node: the first one does it."""
    if machine.node > 1:
        return "", ""
    cluster = _ranges(word, (*machine.cluster_cidrs, *machine.node_cidrs))
    return cluster if machine.node_cidrs else _ranges(word, machine.pod_cidrs), cluster


def _ranges(word: str, cidrs: Iterable[str]) -> str:
    found = [cidr for cidr in cidrs if _word(cidr) == word]
    return found[0] if len(found) == 1 else f"{{ {', '.join(found)} }}"


def _family(table: str, family: str, pods: str, cluster: str, dns: str) -> str:
    hidden = _hidden(family, pods, cluster) if pods else ""
    untracked = _untracked_dns(family, dns) if dns else ""
    return (
        f"table {family} {table} {{}}\n"
        f"delete table {family} {table}\n"
        f"table {family} {table} {{\n"
        f"{hidden}"
        f"{untracked}"
        "}\n"
    )


def _hidden(family: str, pods: str, cluster: str) -> str:
    return (
        "\tchain postrouting {\n"
        "\t\ttype nat hook postrouting priority 100; policy accept;\n"
        f"\t\t{family} saddr {pods} {family} daddr != {cluster} masquerade fully-random\n"
        "\t}\n"
    )


def _untracked_dns(family: str, address: str) -> str:
    """Chains before connection tracking: to the DNS from pods and from here, and back."""
    there = "".join(f"\t\t{family} daddr {address} {protocol} dport 53 notrack\n" for protocol in ("udp", "tcp"))
    back = "".join(f"\t\t{family} saddr {address} {protocol} sport 53 notrack\n" for protocol in ("udp", "tcp"))
    hook = "\t\ttype filter hook {} priority -300; policy accept;\n"
    return (
        f"\tchain dns-prerouting {{\n{hook.format('prerouting')}{there}\t}}\n"
        f"\tchain dns-output {{\n{hook.format('output')}{there}{back}\t}}\n"
    )


def load(machine: Machine) -> None:
    """Put the table into the kernel.  Raises: ``RuntimeFailure``."""
    nft.load(render(machine), "the masquerade table", REASON)


def unload(cluster: str) -> bool:
    """Take the tables out; false when there was none.  Raises: ``RuntimeFailure``.

    Nothing is listed: nft lists all there is, and begins again whenever another program changes anything meanwhile,
    for ever beside a busy cluster.
    """
    table = masquerade_table(cluster)
    return any([_delete(family, table) for family in ("ip", "ip6")])


def _delete(family: str, table: str) -> bool:
    answer = nft.run(["delete", "table", family, table], REASON)
    if answer.returncode and not any(text in answer.stderr for text in ABSENT):
        raise RuntimeFailure(REASON, f"nft did not delete table {family} {table}: {answer.stderr.strip()}")
    return answer.returncode == 0
