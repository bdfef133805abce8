"""Have nodes take no new pods, and their pods leave: before work on a machine.

Pods are evicted, so that PodDisruptionBudgets are heeded; it is waited until they are gone. Pods of DaemonSets, pods
whose data would be lost, and pods that nobody makes anew need a flag of their own.

fairway drain node-1 --ignore-daemonsets
fairway drain node-1 --ignore-daemonsets --delete-emptydir-data --force --timeout=2m
fairway uncordon node-1                                        afterwards
"""

import sys

from fairway.cli.arguments import SELECTOR_FLAGS
from fairway.cli.failure import Failure, told
from fairway.cli.flags import Flag
from fairway.cli.writing import DRY_RUN_FLAG, Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.nodes.leaving import Judgement

USAGE = "NODE... | -l SELECTOR"
FLAGS = (
    DRY_RUN_FLAG,
    SELECTOR_FLAGS[0],
    Flag("chunk-size", type="int", default=500, help="(without effect: pods are asked for all at once)"),
    Flag("delete-emptydir-data", type="bool", help="pods go although their emptyDir volumes are lost"),
    Flag("disable-eviction", type="bool", help="delete pods, past all PodDisruptionBudgets"),
    Flag("force", type="bool", help="pods go although nobody makes them anew"),
    Flag("grace-period", type="int", default=-1, help="seconds that pods may take to end; below 0: what they say"),
    Flag("ignore-daemonsets", type="bool", help="pods of DaemonSets stay"),
    Flag("pod-selector", help="only pods with these labels"),
    Flag("skip-wait-for-delete-timeout", type="int", help="pods that have been ending for so many seconds are left"),
    Flag("timeout", type="duration", help="give up after this time; 0: never"),
)


def run(call: "Call") -> int:
    """Cordon every node, then drain one after the other."""
    from fairway.cli import nodes
    from fairway.cli.nodes.draining import aggregated

    writing = Writing(call)
    found = nodes.chosen(call, "drain")
    nodes.mark(call, writing, found, is_off=True)
    failed: list[tuple[str, list[Exception]]] = []
    for node in found:
        problems = _drained(call, writing, node)
        sys.stdout.flush()
        if problems:
            why = aggregated(problems)
            print(
                f'error: unable to drain node "{node.name}" due to error: {why}, continuing command...', file=sys.stderr
            )
            failed.append((node.name, problems))
        else:
            assert node.object is not None
            writing.say(node.object, "drained")
    if failed:
        print("There are pending nodes to be drained:", file=sys.stderr)
        print("".join(f" {name}\n" for name, _ in failed), end="", file=sys.stderr)
        texts = [told(each).removeprefix("error: ") for _, problems in failed for each in problems]
        raise Failure("\n".join(texts), is_bare=True)
    return 0


def _drained(call: "Call", writing: Writing, node: "Target") -> list[Exception]:
    """What keeps the node's pods from leaving; empty when all have left that should."""
    from fairway.cli.nodes.draining import Draining, aggregated

    found = _judged(call, node.name)
    if found.refused:
        return [Failure(text) for text in found.problems]
    if found.warnings:
        sys.stdout.flush()
        print(f"Warning: {found.warnings}", file=sys.stderr)
    if writing.is_client:
        for pod in found.going:
            print(f"evicting pod {pod['metadata']['namespace']}/{pod['metadata']['name']} (dry run)")
        return []
    problems = Draining(call, writing, found.going).run()
    if problems:
        left = _judged(call, node.name).going
        if left:
            why = aggregated(problems)
            print(f'There are pending pods in node "{node.name}" when an error occurred: {why}', file=sys.stderr)
            print("".join(f"pod/{pod['metadata']['name']}\n" for pod in left), end="", file=sys.stderr)
    return problems


def _judged(call: "Call", node: str) -> "Judgement":
    from fairway.cli.arguments.asking import listed
    from fairway.cli.nodes.leaving import Rules, controller_of, judged

    api, flags = call.session.api, call.flags
    query = {"fieldSelector": f"spec.nodeName={node}", "labelSelector": flags.pod_selector}
    pods = [pod for pod in listed(api, "/api/v1/pods", query, 500) if not _is_left(pod, flags)]
    owners = [controller_of(pod["metadata"]) for pod in pods]
    sets = []
    if any(owner and owner["kind"] == "DaemonSet" for owner in owners):
        sets = list(listed(api, "/apis/apps/v1/daemonsets", {}, 500))
    known = frozenset((each["metadata"]["namespace"], each["metadata"]["name"]) for each in sets)
    return judged(pods, Rules(known, flags.ignore_daemonsets, flags.delete_emptydir_data, flags.force))


def _is_left(pod: "dict[str, object]", flags: "object") -> bool:
    """Whether it has been ending for so long that nobody waits for it."""
    from datetime import UTC, datetime

    limit_s = getattr(flags, "skip_wait_for_delete_timeout", 0)
    stamp = pod["metadata"].get("deletionTimestamp")  # type: ignore[attr-defined]
    if not limit_s or not stamp:
        return False
    since = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    return (datetime.now(UTC) - since).total_seconds() > limit_s
