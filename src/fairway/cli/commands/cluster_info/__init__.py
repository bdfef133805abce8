"""Show where the cluster answers: its API server, and Services that say they belong to the cluster."""

import sys

from fairway.cli.failure import PROGRAM
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

COMMANDS = {"dump": "write down the state of the cluster"}
FLAGS = ()
_LABEL = "kubernetes.io/cluster-service=true"
_NAME = "kubernetes.io/name"
_GREEN, _YELLOW, _PLAIN = "\x1b[0;32m", "\x1b[0;33m", "\x1b[0m"


def run(call: "Call") -> int:
    """Ask for the Services, and print."""
    server = call.session.api.server
    lines = [_line("Kubernetes control plane", server)]
    try:
        listed = call.session.api.get(
            f"/api/v1/namespaces/{call.flags.namespace or 'kube-system'}/services", {"labelSelector": _LABEL}
        )
    except ApiError as error:
        if error.code != 403:
            raise
        listed = {}
    lines += [_line(_shown(each), address_of(each, server)) for each in listed.get("items") or ()]
    print("\n".join(lines))
    print(f"\nTo further debug and diagnose cluster problems, use '{PROGRAM} cluster-info dump'.")
    return 0


def _shown(service: "dict[str, Any]") -> str:
    meta = service["metadata"]
    return str((meta.get("labels") or {}).get(_NAME) or meta["name"])


def address_of(service: "dict[str, Any]", server: str) -> str:
    """Where a Service is reached: at its load balancer, or by the API server.  Pure."""
    meta, ports = service["metadata"], service["spec"].get("ports") or []
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if ingress:
        host = ingress[0].get("ip") or ingress[0].get("hostname")
        return " ".join(f"http://{host}:{port['port']}" for port in ports)
    name = meta["name"]
    if ports:
        port = ports[0]
        scheme = "https:" if port.get("name") == "https" or port["port"] == 443 else ""
        name = f"{scheme}{name}:{port.get('name') or ''}"
    return f"{server}/api/v1/namespaces/{meta['namespace']}/services/{name}/proxy"


def _line(name: str, address: str) -> str:
    if sys.stdout.isatty():
        return f"{_GREEN}{name}{_PLAIN} is running at {_YELLOW}{address}{_PLAIN}"
    return f"{name} is running at {address}"
