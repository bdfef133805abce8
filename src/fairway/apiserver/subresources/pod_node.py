"""Which node and which container a request for a pod's log or streams is about.

Pure.  Source: the texts of upstream's pod registry, which clients show to their users.
"""

from fairway.apiserver.subresources.node_tunnel import NodeAddress
from fairway.objects import Object
from fairway.objects.errors import bad_request, internal

_KUBELET_PORT = 10250


def container_of(pod: Object, asked: str) -> str:
    """The container that is meant.  Raises: ``StatusError`` 400 if none or no one is."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    regular = [one["name"] for one in spec.get("containers") or ()]
    initial = [one["name"] for one in spec.get("initContainers") or ()]
    ephemeral = [one["name"] for one in spec.get("ephemeralContainers") or ()]
    if asked:
        if asked not in (*regular, *initial, *ephemeral):
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(regular) == 1:
        return str(regular[0])
    default = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container")
    if default in regular:
        return str(default)
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(regular)}]"
    if initial:
        text += f" or one of the init containers: [{' '.join(initial)}]"
    if ephemeral:
        text += f" or one of the ephemeral containers: [{' '.join(ephemeral)}]"
    raise bad_request(text)


def node_name_of(pod: Object) -> str:
    """The node that runs the pod.  Raises: ``StatusError`` 400 before there is one."""
    found: str = pod["spec"].get("nodeName") or ""
    if not found:
        raise bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
    return found


def address_of(node: Object) -> NodeAddress:
    """Where the node's API listens.  Raises: ``StatusError`` 500 while the node has not said so."""
    name, status = node["metadata"]["name"], node.get("status") or {}
    known = [(one.get("type"), one.get("address")) for one in status.get("addresses") or ()]
    host = next((address for wanted in ("InternalIP", "Hostname") for type_, address in known if type_ == wanted), "")
    if not host:
        raise internal(f"no preferred addresses found for node {name}; known addresses: []")
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port") or _KUBELET_PORT
    return NodeAddress(name, host, int(port))
