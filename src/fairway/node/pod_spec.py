"""Questions about a pod's spec that several parts of the agent ask.  Pure.

Source: Kubernetes docs, "Pod Lifecycle", "Init Containers", "Sidecar Containers".
"""

from collections.abc import Iterator

from fairway.objects import Object

DEFAULT_GRACE_S = 30
STOP_AT_ONCE = "fairway.dev/stop-at-once"


def init_containers(pod: Object) -> list[Object]:
    """The init containers in order, sidecars among them."""
    found: list[Object] = pod["spec"].get("initContainers") or []
    return found


def main_containers(pod: Object) -> list[Object]:
    """The containers proper."""
    found: list[Object] = pod["spec"].get("containers") or []
    return found


def all_containers(pod: Object) -> Iterator[Object]:
    """Init containers, then main containers."""
    yield from init_containers(pod)
    yield from main_containers(pod)


def ephemeral_containers(pod: Object) -> list[Object]:
    """Those that were added to look into the pod; whatever its policy, they run once (KEP-277)."""
    found: list[Object] = pod["spec"].get("ephemeralContainers") or []
    return [{**container, "restartPolicy": "Never"} for container in found]


def every_container(pod: Object) -> Iterator[Object]:
    """Init, main and ephemeral containers."""
    yield from all_containers(pod)
    yield from ephemeral_containers(pod)


def find_container(pod: Object, name: str) -> Object | None:
    """The container of that name, of whatever kind."""
    return next((container for container in every_container(pod) if container["name"] == name), None)


def is_sidecar(init_container: Object) -> bool:
    """Whether an init container keeps running beside the main ones (restartPolicy Always; KEP-753)."""
    return bool(init_container.get("restartPolicy") == "Always")


def shown(pod: Object) -> str:
    """The pod as messages name it: ``name_namespace(uid)``."""
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def is_host_network(pod: Object) -> bool:
    """Whether the pod shares the machine's network."""
    return bool(pod["spec"].get("hostNetwork"))


def addresses_of(pod: Object) -> list[str]:
    """The addresses of the pod, none before it has any."""
    return [each["ip"] for each in (pod.get("status") or {}).get("podIPs") or ()]


def shared_ports_of(pod: Object) -> list[int]:
    """The ports that tell the pod from others at its address; none where the address is its own."""
    if not is_host_network(pod):
        return []
    return [port["containerPort"] for container in all_containers(pod) for port in container.get("ports") or ()]


def stops_at_once(pod: Object) -> bool:
    """Whether the pod does not want the proxies to be waited for before it is stopped (docs/zero-drop.md)."""
    return bool((pod["metadata"].get("annotations") or {}).get(STOP_AT_ONCE) == "true")


def grace_s(pod: Object) -> float:
    """How long the pod may take to stop.

    Once deletion was asked for, what the API then decided; never less than one second, as a container that is not
    even told cannot end well.
    """
    asked = pod["metadata"].get("deletionGracePeriodSeconds")
    if asked is None:
        asked = pod["spec"].get("terminationGracePeriodSeconds")
    return max(1.0, float(DEFAULT_GRACE_S if asked is None else asked))


def hostname(pod: Object) -> str:
    """What the pod calls itself: ``spec.hostname`` or its name, cut to the 63 letters that a label may have.

    ``spec.hostnameOverride`` is taken as it is (KEP-4762).
    """
    if override := pod["spec"].get("hostnameOverride"):
        return str(override)
    wanted: str = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return wanted[:63].rstrip("-.")


def subdomain_fqdn(pod: Object, cluster_domain: str) -> str:
    """The full name of a pod with a subdomain, or empty.  Source: services.md 9; KEP-1797."""
    subdomain = pod["spec"].get("subdomain")
    if not subdomain or pod["spec"].get("hostnameOverride"):
        return ""
    return f"{hostname(pod)}.{subdomain}.{pod['metadata']['namespace']}.svc.{cluster_domain}"


def kernel_hostname(pod: Object, cluster_domain: str) -> str:
    """What the pod's kernel calls it: the full name, where there is one and the pod asks for that (KEP-1797)."""
    full = subdomain_fqdn(pod, cluster_domain) if pod["spec"].get("setHostnameAsFQDN") else ""
    return full or hostname(pod)


def is_terminal(pod: Object) -> bool:
    """Whether the pod's recorded phase is final."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def fs_group(pod: Object) -> int | None:
    """The group that owns the pod's volumes, if one is asked for."""
    found: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return found


def fs_user(pod: Object) -> int | None:
    """The user that all containers of the pod run as, if the pod says that it is one and the same."""
    of_pod = (pod["spec"].get("securityContext") or {}).get("runAsUser")
    users = {(one.get("securityContext") or {}).get("runAsUser", of_pod) for one in all_containers(pod)}
    return users.pop() if len(users) == 1 else None
