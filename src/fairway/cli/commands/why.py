"""Say why each pod is, or is not, behind a Service, and what is probably a slip in it.

Example: fairway why svc/kubia
"""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from fairway.apiserver.why import Explanation, explain
from fairway.objects import Object


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    parser.add_argument("service", metavar="svc/NAME", help="the Service")
    parser.add_argument("-n", "--namespace", default="", help="its namespace (default: the context's)")
    parser.add_argument("--kubeconfig", default="", help="kubeconfig file (default: $KUBECONFIG or ~/.kube/config)")
    parser.add_argument("--context", default="", help="context in it (default: the current one)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(args: argparse.Namespace) -> int:
    """Ask the API and print."""
    kind, slash, name = args.service.partition("/")
    if not slash:
        kind, name = "svc", kind
    if kind not in ("svc", "service", "services") or not name:
        print(f'error: "{args.service}" is not a Service\n  fix: fairway why svc/NAME', file=sys.stderr)
        return 2
    answer = asyncio.run(_ask(args, name))
    print(json.dumps(asdict(answer), indent=1) if args.json else _text(answer))
    return 0


async def _ask(args: argparse.Namespace, name: str) -> Explanation:
    from fairway.client.kubeconfig import KubeconfigError, connect, load, paths, select
    from fairway.cluster.errors import ClusterError
    from fairway.kinds import ENDPOINT_SLICE, POD, SERVICE
    from fairway.objects.errors import StatusError

    files = [Path(args.kubeconfig)] if args.kubeconfig else paths(os.environ, Path.home())
    try:
        access = select(load(files), args.context)
    except KubeconfigError as error:
        raise ClusterError(str(error), "is a cluster up? run: sudo fairway up") from error
    client, namespace = connect(access, agent="fairway-why"), args.namespace or access.namespace
    try:
        service: Object = await client.get(SERVICE, namespace, name)
        pods, _ = await client.list(POD, namespace)
        slices, _ = await client.list(ENDPOINT_SLICE, namespace, labels=f"kubernetes.io/service-name={name}")
    except StatusError as error:
        fix = f"see what is there: kubectl get svc -n {namespace}" if error.code == 404 else ""
        raise ClusterError(f"{error} (namespace {namespace})", fix) from error
    except OSError as error:
        raise ClusterError(f"the API server does not answer: {error}", "is it up? run: fairway status") from error
    finally:
        await client.close()
    return explain(service, pods, slices)


def _text(answer: Explanation) -> str:
    lines = [answer.summary]
    for advice in answer.advice:
        lines += [f"  ! {advice.path}: {advice.text}", f"    did you mean  {advice.cure}"]
    for verdict in answer.verdicts:
        lines.append(f"  {'✓' if verdict.is_behind else '✗'} pod/{verdict.pod}: {verdict.text}")
    return "\n".join(lines)
