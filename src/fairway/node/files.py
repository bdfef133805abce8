"""Files that every container gets from its node: /etc/hosts, /etc/hostname and /etc/resolv.conf, as texts.  Pure.

Source: services.md 9 and 10.2; Kubernetes docs, "DNS for Services and Pods", "Adding entries to Pod /etc/hosts".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from fairway.node.pod_spec import hostname, is_host_network, subdomain_fqdn
from fairway.objects import Object

MAX_NAMESERVERS = 3
MAX_SEARCHES = 32
MAX_SEARCH_LETTERS = 2048

_LOOPBACK = """\
# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
"""


def hosts_text(pod: Object, pod_ips: Sequence[str], cluster_domain: str, machine_hosts: str) -> str:
    """The text of /etc/hosts; ``machine_hosts`` is the machine's own, which host network pods build on."""
    if is_host_network(pod):
        text = f"# Kubernetes-managed hosts file (host network).\n{machine_hosts}"
    else:
        names = " ".join(filter(None, (subdomain_fqdn(pod, cluster_domain), hostname(pod)))).replace(" ", "\t")
        text = _LOOPBACK + "".join(f"{ip}\t{names}\n" for ip in pod_ips)
    return text + _aliases(pod["spec"].get("hostAliases") or [])


def _aliases(aliases: Sequence[Object]) -> str:
    if not aliases:
        return ""
    lines = "".join("{}\t{}\n".format(alias["ip"], "\t".join(alias.get("hostnames") or [])) for alias in aliases)
    return f"\n# Entries added by HostAliases.\n{lines}"


@dataclass(slots=True)
class Resolver:
    """The content of a resolv.conf."""

    nameservers: list[str] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    def text(self) -> str:
        """As the file is written; what exceeds the limits of resolvers is left out."""
        lines = []
        if searches := _limited(self.searches):
            lines.append(f"search {' '.join(searches)}")
        lines += [f"nameserver {server}" for server in self.nameservers[:MAX_NAMESERVERS]]
        if self.options:
            lines.append(f"options {' '.join(self.options)}")
        return "\n".join(lines) + "\n" if lines else ""

    def omissions(self) -> Iterator[str]:
        """What of it resolvers would not read, as events tell it."""
        applied = _limited(self.searches)
        if len(applied) < len(self.searches):
            yield (
                "Search Line limits were exceeded, some search paths have been omitted, "
                f"the applied search line is: {' '.join(applied)}"
            )
        if len(self.nameservers) > MAX_NAMESERVERS:
            yield (
                "Nameserver limits were exceeded, some nameservers have been omitted, "
                f"the applied nameserver line is: {' '.join(self.nameservers[:MAX_NAMESERVERS])}"
            )


def parse_resolver(text: str) -> Resolver:
    """Read a resolv.conf; unknown lines are passed over.  Source: resolv.conf(5)."""
    found = Resolver()
    for line in text.splitlines():
        words = line.split("#")[0].split(";")[0].split()
        if not words:
            continue
        if words[0] == "nameserver" and len(words) > 1:
            found.nameservers.append(words[1])
        elif words[0] == "search":
            found.searches = [search for search in words[1:] if search != "."]
        elif words[0] == "options":
            found.options = words[1:]
    return found


def is_stub(machine: Resolver) -> bool:
    """Whether the machine asks systemd-resolved on its loopback, where no pod gets."""
    return bool(machine.nameservers) and set(machine.nameservers) <= {"127.0.0.53", "127.0.0.54"}


def pod_resolver(pod: Object, machine: Resolver, cluster_dns: Sequence[str], cluster_domain: str) -> Resolver:
    """What a pod's dnsPolicy and dnsConfig make of the machine's resolver."""
    policy = pod["spec"].get("dnsPolicy", "ClusterFirst")
    is_cluster = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not is_host_network(pod))
    if policy == "None":
        made = Resolver()
    elif is_cluster and cluster_dns:
        namespace = pod["metadata"]["namespace"]
        own = [f"{namespace}.svc.{cluster_domain}", f"svc.{cluster_domain}", cluster_domain]
        made = Resolver(list(cluster_dns), _unique([*own, *machine.searches]), ["ndots:5"])
    else:
        others = [server for server in machine.nameservers if server not in cluster_dns]  # see install-resolver
        made = Resolver(others, list(machine.searches), list(machine.options))
    return _configured(made, pod["spec"].get("dnsConfig") or {})


def _configured(base: Resolver, config: Object) -> Resolver:
    return Resolver(
        _unique([*base.nameservers, *(config.get("nameservers") or [])]),
        _unique([*base.searches, *(config.get("searches") or [])]),
        _merged_options(base.options, config.get("options") or []),
    )


def _merged_options(base: Iterable[str], given: Iterable[Object]) -> list[str]:
    options = {option.partition(":")[0]: option for option in base}
    for option in given:
        value = option.get("value")
        options[option["name"]] = option["name"] if value in (None, "") else f"{option['name']}:{value}"
    return list(options.values())


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _limited(searches: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for search in searches[:MAX_SEARCHES]:
        if len(" ".join([*kept, search])) > MAX_SEARCH_LETTERS:
            break
        kept.append(search)
    return kept
