"""Have an autoscaler keep a workload between limits.

fairway autoscale deploy/kubia --min=2 --max=10 --cpu-percent=80
"""

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

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) --max=N [--min=N] [--cpu-percent=N]"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-autoscale"),
    Flag(
        "cpu-percent", type="int", default=-1, help="how much of the CPU that they ask for pods shall use (default 80)"
    ),
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
    )  # fmt: skip
    recorded(call, made)
    if writing.is_client:
        writing.told(made, "created")
        return
    if call.flags.save_config:
        save_config(made, is_sorted=False)
    path = f"/apis/autoscaling/v1/namespaces/{call.session.namespace}/horizontalpodautoscalers"
    writing.told(api.create(path, made, writing.query()), "autoscaled")


def autoscaler(
    name: str, version: str, kind: str, workload: str, *, most: int, least: int, cpu_percent: int
) -> "dict[str, Any]":
    """The autoscaler of a workload.  Below 0: the server's choice.  Pure."""
    spec: dict[str, Any] = {"scaleTargetRef": {"kind": kind, "name": workload, "apiVersion": version}}
    if least > 0:
        spec["minReplicas"] = least
    spec["maxReplicas"] = most
    if cpu_percent >= 0:
        spec["targetCPUUtilizationPercentage"] = cpu_percent
    return {
        "kind": "HorizontalPodAutoscaler", "apiVersion": "autoscaling/v1",
        "metadata": {"name": name, "creationTimestamp": None}, "spec": spec,
        "status": {"currentReplicas": 0, "desiredReplicas": 0},
    }  # fmt: skip
