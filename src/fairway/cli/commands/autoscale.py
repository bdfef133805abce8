"""Have an autoscaler keep a workload between limits.

fairway autoscale deploy/kubia --min=2 --max=10 --cpu=80%
fairway autoscale deploy/kubia --max=10 --cpu=500m --memory=200Mi
"""

import re
import sys

from fairway.cli.arguments import FILE_FLAGS, targets
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import (
    DRY_RUN_FLAG,
    RECORD_FLAG,
    SAVE_CONFIG_FLAG,
    Writing,
    manager_flag,
    recorded,
    save_config,
)
from fairway.cli.writing.generated import required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) --max=N [--min=N] [--cpu=AMOUNT] [--memory=AMOUNT]"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-autoscale"),
    Flag("cpu", help="how much CPU pods shall use: 80% of what they ask for, or 500m each (default 80%)"),
    Flag("cpu-percent", type="int", default=-1, help="the same in percent, as older versions have it"),
    Flag("memory", help="how much memory pods shall use: 80% of what they ask for, or 200Mi each"),
    Flag("max", type="int", default=-1, help="at most so many pods"),
    Flag("min", type="int", default=-1, help="at least so many pods (default 1)"),
    Flag("name", help="the autoscaler's name (default: the workload's)"),
)


def run(call: "Call") -> int:
    """Make an autoscaler for every workload."""
    required(call, "max")
    most, least = call.flags.max, call.flags.min
    if most < 1:
        raise Failure(f"--max=MAXPODS is required and must be at least 1, max: {most}")
    if most < least:
        raise Failure(f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}")
    if call.flags.cpu and call.flags.cpu_percent >= 0:
        raise Failure("--cpu-percent and --cpu are mutually exclusive")
    writing = Writing(call, is_typed=True)
    failures = Gathered()
    for target in targets(call, failures=failures, is_grouped=True):
        with failures:
            _autoscale(call, writing, target)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _autoscale(call: "Call", writing: Writing, target: "Target") -> None:
    api, resource = call.session.api, target.resource
    if target.object is None:
        target.fetch(api)
    root = "/apis" if resource.group else "/api"
    found = api.get(f"{root}/{resource.api_version}").get("resources") or ()
    if not any(each["name"] == f"{resource.plural}/scale" for each in found):
        kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
        shown = f"{resource.group}/{resource.version}, Resource={resource.plural}"
        raise Failure(
            f"cannot autoscale a {kind}: could not find scale subresource for {shown} in discovery information"
        )
    made = autoscaler(
        call.flags.name or target.name, resource.api_version, resource.kind, target.name,
        most=call.flags.max, least=call.flags.min, cpu_percent=call.flags.cpu_percent,
        amounts=_amounts(call),
    )  # fmt: skip
    recorded(call, made)
    if writing.is_client:
        writing.told(made, "created")
        return
    if call.flags.save_config:
        save_config(made, is_sorted=False)
    path = f"/apis/{made['apiVersion']}/namespaces/{call.session.namespace}/horizontalpodautoscalers"
    writing.told(api.create(path, made, writing.query()), "autoscaled")


def _amounts(call: "Call") -> "dict[str, str]":
    """What is asked for in the words of version 2; nothing where version 1 can say it."""
    flags = call.flags
    share = f"{flags.cpu_percent}%" if flags.memory and flags.cpu_percent >= 0 else ""
    return {"cpu": flags.cpu or share, "memory": flags.memory}


def autoscaler(
    name: str, version: str, kind: str, workload: str, *, most: int, least: int, cpu_percent: int,
    amounts: "dict[str, str]",
) -> "dict[str, Any]":  # fmt: skip
    """The autoscaler of a workload; below 0, and empty ``amounts``, are the server's choice.  Pure.

    Raises: ``Failure``.
    """
    spec: dict[str, Any] = {"scaleTargetRef": {"kind": kind, "name": workload, "apiVersion": version}}
    if least > 0:
        spec["minReplicas"] = least
    spec["maxReplicas"] = most
    if metrics := [_metric(resource, text) for resource, text in amounts.items() if text]:
        spec["metrics"] = metrics
        return {
            "kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v2", "metadata": {"name": name}, "spec": spec,
            "status": {"desiredReplicas": 0, "currentMetrics": None},
        }  # fmt: skip
    if cpu_percent >= 0:
        spec["targetCPUUtilizationPercentage"] = cpu_percent
    return {
        "kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v1",
        "metadata": {"name": name, "creationTimestamp": None}, "spec": spec,
        "status": {"currentReplicas": 0, "desiredReplicas": 0},
    }  # fmt: skip


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_UNITS = {"cpu": "m", "memory": "Mi"}


def _metric(resource: str, text: str) -> "dict[str, Any]":
    from fairway.objects.quantity import canonical

    target: dict[str, Any]
    if text.endswith("%"):
        share = text.removesuffix("%")
        if not share.isdecimal():
            raise Failure(f"invalid percentage value: {share}")
        target = {"type": "Utilization", "averageUtilization": int(share)}
    else:
        try:
            amount = canonical(text + _UNITS[resource] if _NUMBER.fullmatch(text) else text)
        except ValueError:
            raise Failure(f"invalid resource {resource} value: {text}") from None
        target = {"type": "AverageValue", "averageValue": amount}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}
