"""Failures: what a failed pod means to its Job, and how long the next try has to wait.  Pure.

Source: KEP-3329 (podFailurePolicy), KEP-3850; Kubernetes docs, "Jobs", "Pod backoff failure policy".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fairway.controllers.job.pods import finished_s, has_failed
from fairway.controllers.rules import pods as pod_rules
from fairway.objects import Object

FIRST_S, LIMIT_S = 10.0, 600.0
COUNT, IGNORE, FAIL_INDEX, FAIL_JOB = "Count", "Ignore", "FailIndex", "FailJob"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The ``action`` that a failed pod asks for; ``message`` is told where it fails the Job."""

    action: str = COUNT
    message: str = ""


def meaning(job: Object, pod: Object) -> Meaning:
    """By the first rule of the policy that matches; a failure that no rule knows counts."""
    for index, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or ()):
        found = _by_exit_code(rule["onExitCodes"], pod) if rule.get("onExitCodes") else _by_condition(rule, pod)
        if found:
            return Meaning(rule["action"], f"{found} matching {rule['action']} rule at index {index}")
    return Meaning()


def _by_exit_code(codes: Object, pod: Object) -> str:
    meta = pod["metadata"]
    for status in _statuses(pod):
        ended = (status.get("state") or {}).get("terminated") or {}
        code = ended.get("exitCode") or 0
        if code == 0 or codes.get("containerName") not in (None, status["name"]):
            continue
        if (code in codes["values"]) is (codes["operator"] == "In"):
            name = status["name"]
            return f"Container {name} for pod {meta['namespace']}/{meta['name']} failed with exit code {code}"
    return ""


def _statuses(pod: Object) -> Iterator[Object]:
    status = pod.get("status") or {}
    for name in ("containerStatuses", "initContainerStatuses"):
        yield from status.get(name) or ()


def _by_condition(rule: Object, pod: Object) -> str:
    meta = pod["metadata"]
    for pattern in rule.get("onPodConditions") or ():
        for one in (pod.get("status") or {}).get("conditions") or ():
            if (one.get("type"), one.get("status")) == (pattern["type"], pattern["status"]):
                return f"Pod {meta['namespace']}/{meta['name']} has condition {pattern['type']}"
    return ""


def delay_s(failures: int) -> float:
    """Seconds between the failure of that number and the next try."""
    return min(FIRST_S * 2.0 ** min(failures - 1, 16), LIMIT_S) if failures > 0 else 0.0


def wait_s(job: Object, pods: Iterable[Object], now: float) -> float:
    """Seconds before another pod may be made: more for every failure since the last success."""
    ended = list(pods)
    last_success_s = max((finished_s(pod) for pod in ended if pod_rules.phase(pod) == "Succeeded"), default=0.0)
    ends = [
        finished_s(pod)
        for pod in ended
        if has_failed(job, pod) and finished_s(pod) > last_success_s and meaning(job, pod).action != IGNORE
    ]
    return max(0.0, max(ends) + delay_s(len(ends)) - now) if ends else 0.0


def restarts(pods: Iterable[Object]) -> int:
    """How often the containers of pods that still run were started again."""
    return sum(
        status.get("restartCount") or 0
        for pod in pods
        if pod_rules.phase(pod) in ("Running", "Pending")
        for status in _statuses(pod)
    )
