"""Clients: how people's programs find the cluster: kubeconfig, proxies in the environment, name servers."""

import ipaddress
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.cluster.doctor.sockets import listening

PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")


class Kubeconfig(NamedTuple):
    """One file: its access rights, and why it cannot be read or understood."""

    path: str
    mode: int = 0o600
    trouble: str = ""


class Facts(NamedTuple):
    """``view`` is all kubeconfig files merged, as kubectl sees them; ``has_ca``: our context trusts our CA."""

    files: tuple[Kubeconfig, ...]
    view: Mapping[str, Any]
    context: str
    server: str
    is_ca_ours: bool
    environment: Mapping[str, str]
    reached: tuple[str, ...]
    name_servers: tuple[str, ...]
    deaf: tuple[str, ...]
    has_upstreams: bool
    is_known: bool
    is_running: bool
    flags: str = ""
    cluster_domain: str = "cluster.local"


def look(scene: Scene) -> Facts:
    """Read the files that kubectl would, the environment, and /etc/resolv.conf."""
    from fairway.cluster import kubeconfig
    from fairway.dns.upstreams import servers_of

    config = scene.config
    user = kubeconfig.path()
    named = [Path(each) for each in os.environ.get("KUBECONFIG", "").split(":") if each] or [user]
    files, view = _read(named)
    try:
        resolv_conf = Path("/etc/resolv.conf").read_text(errors="replace")
    except OSError:
        resolv_conf = ""
    servers = tuple(each.host for each in servers_of(resolv_conf))
    return Facts(
        tuple(files),
        view,
        config.context,
        config.server,
        _is_ca_ours(scene, view),
        {name.lower(): value for name, value in os.environ.items() if name.lower() in (*PROXIES, "no_proxy") and value},
        (*config.service_cidrs, *config.pod_cidrs, *config.node_ips),
        servers,
        tuple(each for each in servers if _is_deaf(each)),
        bool(config.dns_upstreams),
        scene.is_known,
        scene.is_running,
        scene.flags,
        config.cluster_domain,
    )


def _read(named: list[Path]) -> tuple[list[Kubeconfig], dict[str, Any]]:
    from fairway.client.kubeconfig import KubeconfigError, load

    files, good = [], []
    for path in named:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
        except OSError as error:
            files.append(Kubeconfig(str(path), trouble=str(error.strerror)))
            continue
        try:
            load([path])
            good.append(path)
            files.append(Kubeconfig(str(path), mode))
        except KubeconfigError as error:
            files.append(Kubeconfig(str(path), mode, str(error)))
    return files, dict(load(good)) if good else {}


def _is_ca_ours(scene: Scene, view: Mapping[str, Any]) -> bool:
    import base64

    cluster = _named(view, "clusters", scene.config.context).get("cluster") or {}
    try:
        ours = (scene.config.pki_dir / "ca.crt").read_bytes()
    except OSError:
        return True
    return not cluster or base64.b64decode(cluster.get("certificate-authority-data") or "") == ours


def _named(view: Mapping[str, Any], section: str, name: str) -> dict[str, Any]:
    return next((dict(each) for each in view.get(section) or () if each.get("name") == name), {})


def _is_deaf(server: str) -> bool:
    """Whether a name server on this machine is not there."""
    address = ipaddress.ip_address(server.partition("%")[0])
    if not address.is_loopback:
        return False
    heard = {each.address for each in listening() if each.port == 53 and each.protocol == "udp"}
    return not heard & {server, "0.0.0.0", "::"}


def kubeconfig_files(facts: Facts) -> Iterator[Finding]:
    """Readable, and for their owner alone."""
    for file in facts.files:
        if file.trouble:
            text = file.trouble if file.path in file.trouble else f"{file.path}: {file.trouble}"
            yield failure(
                f"kubeconfig {text}",
                "kubectl does not get any further, whatever the cluster does",
                f"mend or move it: mv {file.path} {file.path}.broken; then: sudo fairway up{facts.flags}",
            )
        elif file.mode & 0o077:
            yield warning(
                f"{file.path} can be read by others (mode {file.mode:04o})",
                "it holds the administrator's key",
                f"run: chmod 600 {file.path}",
            )


def context(facts: Facts) -> Iterator[Finding]:
    """The cluster's own context, and the one that kubectl uses."""
    if not facts.is_known or not facts.is_running:
        return
    if any(file.trouble for file in facts.files):
        return
    cluster = _named(facts.view, "clusters", facts.context).get("cluster") or {}
    again = f"put it in anew: sudo fairway up{facts.flags}"
    if not cluster:
        yield warning(f'no kubeconfig has the context "{facts.context}"', "kubectl does not know this cluster", again)
        return
    if cluster.get("server") != facts.server:
        yield failure(
            f'context "{facts.context}" leads to {cluster.get("server")}, and the cluster is at {facts.server}',
            "kubectl talks to nobody, or to another cluster",
            again,
        )
    elif not facts.is_ca_ours:
        yield failure(
            f'context "{facts.context}" trusts another authority than the cluster\'s',
            "kubectl refuses the server: certificate signed by unknown authority",
            again,
        )
    elif (current := facts.view.get("current-context")) != facts.context:
        yield warning(
            f'the current context is "{current or "none"}", not "{facts.context}"',
            "kubectl talks to another cluster",
            f"run: kubectl config use-context {facts.context}",
        )
    else:
        yield well(f'kubeconfig: context "{facts.context}" is current and leads to {facts.server}')


def proxies(facts: Facts) -> Iterator[Finding]:
    """A proxy knows no cluster addresses."""
    named = [name for name in PROXIES if facts.environment.get(name)]
    if not named:
        return
    host = facts.server.partition("://")[2].rpartition(":")[0].strip("[]")
    wanted = [address for address in (host, *facts.reached) if not _is_loopback(address)]
    passed = facts.environment.get("no_proxy", "")
    missing = [address for address in wanted if not _is_excepted(address, passed)]
    if missing:
        lists = ",".join(filter(None, [passed, *missing, f".{facts.cluster_domain}", "localhost", "127.0.0.1"]))
        yield warning(
            f"{' and '.join(name.upper() for name in named)} is set, and NO_PROXY leaves out {', '.join(missing)}",
            "requests to pods, Services and the API go to a proxy that does not know them",
            f"run: export NO_PROXY={lists} no_proxy={lists}",
        )
    else:
        yield well("the proxy in the environment is not asked for the cluster's addresses")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _is_excepted(wanted: str, passed: str) -> bool:
    """Whether NO_PROXY names an address or a range, itself or a wider one; source: golang.org/x/net/http/httpproxy."""
    for entry in (each.strip() for each in passed.split(",")):
        if entry == "*" or entry == wanted:
            return True
        try:
            wide, narrow = ipaddress.ip_network(entry, strict=False), ipaddress.ip_network(wanted)
        except ValueError:
            continue
        if wide.version == narrow.version and narrow.subnet_of(wide):  # type: ignore[arg-type]
            return True
    return False


def name_servers(facts: Facts) -> Iterator[Finding]:
    """Cluster DNS asks the machine's name servers for all names that are not the cluster's."""
    if facts.has_upstreams:
        return
    cure = f"name some: sudo fairway up{facts.flags} --dns-upstreams IP"
    if not facts.name_servers:
        yield warning("/etc/resolv.conf names no name server", "pods find no names outside the cluster", cure)
    elif facts.deaf:
        yield warning(
            f"nothing answers at {', '.join(facts.deaf)}, the name server of /etc/resolv.conf",
            "neither this machine nor pods find names outside the cluster",
            f"start it (sudo systemctl restart systemd-resolved), or {cure}",
        )
    else:
        yield well(f"other names are asked of {', '.join(facts.name_servers)}")


CHECKS = (kubeconfig_files, context, proxies, name_servers)
