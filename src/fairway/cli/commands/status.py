"""Show the health, addresses and versions of every part of a cluster; exit code 1 if a part is not well."""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass

from fairway.cli.main import add_cluster_flags
from fairway.cli.printers.colour import GREEN, RED, painter
from fairway.cluster.config import Config, locate
from fairway.objects import Object
from fairway.objects.conditions import condition


@dataclass(frozen=True, slots=True)
class Part:
    """One line: what it is, whether it is well, and what there is to say."""

    name: str
    is_well: bool
    text: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add_cluster_flags(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Look and tell."""
    config = locate(args.name, args.data_dir)
    parts = [*_processes(config), *asyncio.run(_api(config))]
    if args.json:
        print(json.dumps({"config": asdict(config), "parts": [asdict(part) for part in parts]}, indent=1))
    else:
        _print(config, parts)
    return 0 if all(part.is_well for part in parts) else 1


def _print(config: Config, parts: list[Part]) -> None:
    print(f'cluster "{config.name}"   context {config.context}   data {config.state_dir}')
    width = max(len(part.name) for part in parts)
    paint = painter(sys.stdout)
    for part in parts:
        mark = paint("✓", GREEN) if part.is_well else paint("✗", RED)
        print(f"  {mark} {part.name:<{width}}  {part.text}")
    print(f"  service addresses {config.service_cidr}   pods {config.pod_cidr}   node ports {config.node_port_range}")
    if not all(part.is_well for part in parts):
        sys.stdout.flush()
        print(f"  fix: sudo fairway up{config.flags}   (why: sudo fairway doctor{config.flags})", file=sys.stderr)


def _processes(config: Config) -> list[Part]:
    from fairway.cluster import processes
    from fairway.cluster.nodes import parts

    found = []
    for part in parts(config):
        pids = processes.find(part, config.name, config.data_dir)
        found.append(Part(part, bool(pids), f"pid {pids[0]}" if pids else "does not run"))
    return found


async def _api(config: Config) -> list[Part]:
    """What the API server says of itself and of the nodes."""
    from fairway.client.http import HttpClient
    from fairway.kinds import INGRESS, INGRESS_CLASS, NODE, POD, SERVICE
    from fairway.objects.errors import StatusError
    from fairway.transport.tls import client_context

    pki = config.pki_dir
    try:
        context = client_context(pki / "ca.crt", pki / "admin.crt", pki / "admin.key")
    except PermissionError:
        return [
            Part(
                "api",
                False,
                f"cannot be asked: {pki / 'admin.key'} is for root, run: sudo fairway status{config.flags}",
            )
        ]
    except OSError as error:
        return [Part("api", False, f"cannot be asked: a certificate in {pki} is missing or damaged ({error.strerror})")]
    client = HttpClient(config.server, ssl_context=context, agent="fairway-status", timeout_s=5.0)
    try:
        version = json.loads((await client.request("GET", "/version")).body)
        nodes, _ = await client.list(NODE)
        pods, _ = await client.list(POD)
        services, _ = await client.list(SERVICE)
        ingresses, _ = await client.list(INGRESS)
        classes, _ = await client.list(INGRESS_CLASS)
    except (OSError, StatusError) as error:
        return [Part("api", False, f"{config.server} does not answer: {_reason(error)}")]
    finally:
        await client.close()
    api = Part("api", True, f"{config.server}   {version['gitVersion']}   {len(services)} services, {len(pods)} pods")
    return [api, *map(_node, nodes), *_ingress(config, ingresses, classes)]


def _ingress(config: Config, ingresses: list[Object], classes: list[Object]) -> list[Part]:
    """What serves the Ingresses; nothing where the cluster is told to serve none."""
    from fairway.cluster import ingress_process
    from fairway.ingress.classes import Whose, whose

    where = ingress_process.where(config)
    if not where:
        return []
    controllers = {each["metadata"]["name"]: each["spec"]["controller"] for each in classes}
    count = sum(whose(each, controllers) is Whose.OURS for each in ingresses)
    pids = ingress_process.find(config)
    if pids:
        return [Part("ingress", True, f"pid {pids[0]}   {where}   {count} ingress{'' if count == 1 else 'es'}")]
    if count:
        return [Part("ingress", False, ingress_process.why_not(config))]
    return [Part("ingress", True, f"{where}   starts with the first ingress")]


def _reason(error: Exception) -> str:
    """The end of a chain of causes, without numbers."""
    cause: BaseException = error
    while isinstance(cause.__cause__, OSError):
        cause = cause.__cause__
    code = cause.errno if isinstance(cause, OSError) else None
    return os.strerror(code) if code is not None and code > 0 else str(error)


def _node(node: Object) -> Part:
    status = node.get("status") or {}
    ready = condition(node, "Ready") or {}
    address = next((a["address"] for a in status.get("addresses") or () if a["type"] == "InternalIP"), "no address")
    runtime = (status.get("nodeInfo") or {}).get("containerRuntimeVersion", "")
    text = (
        f"{address}   {runtime}"
        if ready.get("status") == "True"
        else f"not ready: {ready.get('message', 'no word from it')}"
    )
    return Part(f"node {node['metadata']['name']}", ready.get("status") == "True", text)
