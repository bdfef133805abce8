"""Proxy flags: what kube-proxy's flags and its configuration file mean to our proxy.

Shape: ``told`` (pure) turns flags and the file's content into settings; ``read`` gives the content.
Source: Kubernetes docs, "kube-proxy"; KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fairway.cluster.errors import ClusterError
from fairway.cluster.standalone.conntrack import Conntrack, seconds
from fairway.cluster.standalone.proxy import Told
from fairway.objects.authority import host_and_port
from fairway.proxy.model import PRIMARY, AddressError, Settings, address, address_range
from fairway.proxy.status_server import Listening

HEALTH_PORT, METRICS_PORT = 10256, 10249
_KINDS = {str: "a text", int: "a number", bool: "true or false", list: "a list"}


def told(flags: Mapping[str, Any], config: Mapping[str, Any], host_name: str) -> Told:
    """What the proxy is told: a flag that is given goes before the file.

    ``flags`` are by their names with underscores, ``None`` where not given.  Raises: ``ClusterError``.
    """

    def chosen(flag: str, *path: str, default: Any = "", kinds: tuple[type, ...] = (str,)) -> Any:
        given = flags.get(flag)
        return given if given is not None else _at(config, path, default, kinds)

    settings = Settings(
        service_cidrs=_ranges(flags.get("service_cidr"), "--service-cidr"),
        pod_cidrs=_ranges(chosen("cluster_cidr", "clusterCIDR"), "--cluster-cidr"),
        nodeport_addresses=_node_port_addresses(chosen("nodeport_addresses", "nodePortAddresses", kinds=(list,))),
        masquerade_all=chosen("masquerade_all", "nftables", "masqueradeAll", default=False, kinds=(bool,)),
    )
    health = chosen("healthz_bind_address", "healthzBindAddress", default=f"0.0.0.0:{HEALTH_PORT}")
    metrics = chosen("metrics_bind_address", "metricsBindAddress", default=f"127.0.0.1:{METRICS_PORT}")
    health_host, health_port = _place(health, HEALTH_PORT, "--healthz-bind-address")
    metrics_host, metrics_port = _place(metrics, METRICS_PORT, "--metrics-bind-address")
    return Told(
        kubeconfig=chosen("kubeconfig", "clientConnection", "kubeconfig"),
        context=flags.get("context") or "",
        node_name=(chosen("hostname_override", "hostnameOverride") or host_name).strip().lower(),
        settings=settings,
        listening=Listening(health_host, health_port, metrics_host, metrics_port),
        conntrack=Conntrack(
            max_per_core=_number(
                chosen("conntrack_max_per_core", "conntrack", "maxPerCore", default=32768, kinds=(int,))
            ),
            minimum=_number(chosen("conntrack_min", "conntrack", "min", default=131072, kinds=(int,))),
            established_s=seconds(
                chosen("conntrack_tcp_timeout_established", "conntrack", "tcpEstablishedTimeout", default="24h"),
                "--conntrack-tcp-timeout-established",
            ),
            close_wait_s=seconds(
                chosen("conntrack_tcp_timeout_close_wait", "conntrack", "tcpCloseWaitTimeout", default="1h"),
                "--conntrack-tcp-timeout-close-wait",
            ),
        ),
        verbosity=flags.get("v") or 0,
    )


def read(file: str) -> Mapping[str, Any]:
    """The ``KubeProxyConfiguration`` in a file.  Raises: ``ClusterError``."""
    try:
        return configuration(Path(file).read_text(encoding="utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise ClusterError(
            f"--config {file} cannot be read: {why}", "name the file that kube-proxy's --config takes"
        ) from error


def configuration(text: str, file: str) -> Mapping[str, Any]:
    """The ``KubeProxyConfiguration`` in ``text``.  Pure.  Raises: ``ClusterError``."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ClusterError(f"{file} is not valid YAML: {error}", "correct it") from error
    if not isinstance(found, dict) or found.get("kind") != "KubeProxyConfiguration":
        raise ClusterError(f"{file} holds no KubeProxyConfiguration", "give the file that kube-proxy's --config takes")
    return found


def _at(config: Mapping[str, Any], path: tuple[str, ...], default: Any, kinds: tuple[type, ...]) -> Any:
    found: Any = config
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    # In the file an empty value means the default, as it does for kube-proxy.
    if found is None or found == "":
        return default
    if type(found) not in kinds:
        wanted = " or ".join(_KINDS[kind] for kind in kinds)
        raise ClusterError(f"--config: {'.'.join(path)} is {found!r} and not {wanted}", "correct it in the file")
    return found


def _listed(given: Any) -> list[str]:
    texts = given if isinstance(given, list) else str(given or "").split(",")
    return [str(text).strip() for text in texts if str(text).strip()]


def _number(given: Any) -> int:
    if not str(given).isdigit():
        raise ClusterError(f'conntrack: "{given}" is no number of entries', "give a number, or 0 to leave it as it is")
    return int(given)


def _ranges(given: Any, flag: str) -> tuple[str, ...]:
    texts = _listed(given)
    for text in texts:
        try:
            address_range(text)
        except AddressError as error:
            raise ClusterError(
                f"{flag}: {error}", f"give ranges such as {flag} 10.244.0.0/16,fd00:10:244::/56"
            ) from None
    return tuple(texts)


def _node_port_addresses(given: Any) -> tuple[str, ...]:
    texts = _listed(given)
    if PRIMARY in texts and len(texts) > 1:
        raise ClusterError(f'--nodeport-addresses: "{PRIMARY}" cannot be combined with ranges', "give one or the other")
    return (PRIMARY,) if PRIMARY in texts else _ranges(texts, "--nodeport-addresses")


def _place(text: str, default_port: int, flag: str) -> tuple[str, int | None]:
    """Host (empty: every address) and port of ``IP``, ``IP:PORT``, ``[IPv6]:PORT``; an empty text is nowhere."""
    if not text:
        return "", None
    try:
        host, port = host_and_port(text, default_port)
        address(host or "0.0.0.0")
    except ValueError:
        raise ClusterError(f'{flag}: "{text}" is no address with a port', f"give one: {flag} 127.0.0.1:10249") from None
    return ("" if host in ("0.0.0.0", "::") else host), (port or None)
