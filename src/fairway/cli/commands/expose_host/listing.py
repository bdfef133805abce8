"""Listing: the host ports that there are."""

import sys

from fairway.kinds.rules.host_ports import HostPort, host_ports_of, port_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

    Object = dict[str, Any]


def show(call: "Call") -> int:
    """A table, or JSON."""
    namespace = "" if call.flags.all_namespaces else call.session.namespace
    path = f"/api/v1/namespaces/{namespace}/services" if namespace else "/api/v1/services"
    services = call.session.api.get(path).get("items") or ()
    rows = [row for service in services for row in rows_of(service)]
    wanted = call.words[0].rpartition("/")[2] if call.words else ""
    rows = [row for row in rows if not wanted or row["service"] == wanted]
    if call.flags.json:
        import json

        print(json.dumps(rows, indent=1))
        return 0
    if not rows:
        print(f"No host ports{f' in {namespace} namespace' if namespace else ''}.", file=sys.stderr)
        return 0
    from fairway.cli.printers.columns import aligned

    heads = ["SERVICE", "ADDRESS", "HOST-PORT", "PORT", "CLUSTER-IP"]
    cells = [[row["service"], row["address"] or "*", row["hostPort"], row["port"], row["clusterIP"]] for row in rows]
    if not namespace:
        heads = ["NAMESPACE", *heads]
        cells = [[row["namespace"], *each] for row, each in zip(rows, cells, strict=True)]
    sys.stdout.write(aligned([heads, *cells]))
    return 0


def rows_of(service: "Object") -> "list[dict[str, str]]":
    """The host ports of one Service.  Pure."""
    return [_row(service, each) for each in host_ports_of(service)]


def _row(service: "Object", host_port: HostPort) -> "dict[str, str]":
    meta, spec = service["metadata"], service.get("spec") or {}
    port = port_of(host_port, spec.get("ports") or ())
    number = "<none>" if port is None else str(port["port"])
    return {
        "namespace": meta["namespace"], "service": meta["name"], "address": host_port.address,
        "hostPort": str(host_port.host_port), "port": f"{number}/{host_port.protocol}",
        "clusterIP": spec.get("clusterIP") or "",
    }  # fmt: skip
