"""Wait until objects are as they should be; every change is told by the server, nothing is asked again and again.

fairway wait pod -l app=kubia --for=condition=Ready
fairway wait rs/kubia --for=jsonpath={.status.readyReplicas}=3 --timeout=1m
fairway wait pod/kubia --for=delete
fairway wait svc/kubia --for=create
"""

import math
import time

from fairway.cli.arguments import ALL_FLAG, FILE_FLAGS, SELECTOR_FLAGS, Target, targets
from fairway.cli.commands.wait.conditions import DELETE, Condition, condition_of
from fairway.cli.failure import Failure, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS, printer_of
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.call import Call

USAGE = "(TYPE [NAME...] | TYPE/NAME... | -f FILE) --for=CONDITION"
FLAGS = (
    *FILE_FLAGS,
    *SELECTOR_FLAGS,
    ALL_FLAG,
    *OUTPUT_FLAGS,
    Flag("for", help="what to wait for: create, delete, condition=TYPE[=VALUE], jsonpath=EXPRESSION[=VALUE]"),
    Flag("local", type="bool", help="look only at what the manifests say"),
    Flag("timeout", type="duration", default=30.0, help="how long; 0: look once; less than 0: a week"),
)
WEEK_S = 7 * 24 * 3600.0


def run(call: "Call") -> int:
    """Wait for one object after another, all until the same moment."""
    condition = condition_of(getattr(call.flags, "for"))
    printer = printer_of(call.flags)
    waiting = _Waiting(call, condition)
    failures: list[Exception] = []
    count = 0
    for target in _meant(call, condition, waiting, failures):
        count += 1
        try:
            found = waiting.object_met(target)
        except (ApiError, Failure) as error:
            failures.append(error)
            continue
        if found is not None:
            print(
                f"{target.printed} condition met" if printer is None else printer(found),
                end="\n" if printer is None else "",
            )
    raise_all(failures)
    if not count and condition is not DELETE:
        raise Failure("no matching resources found")
    return 0


def _meant(call: "Call", condition: Condition, waiting: "_Waiting", failures: "list[Exception]") -> "list[Target]":
    """The objects; those that are not there are waited for, gone already, or failures."""
    found: list[Target] = []
    asked = list(targets(call, failures=failures))
    for target in asked:
        if target.object is None or target.source:
            try:
                target.fetch(call.session.api)
            except ApiError as error:
                if not error.is_not_found:
                    raise
                if condition.name == "create":
                    waiting.until_created(target)
                elif condition is not DELETE:
                    failures.append(error)
                    continue
                else:
                    continue
        found.append(target)
    return found


class _Waiting:
    """Waits until one moment that all objects share."""

    def __init__(self, call: "Call", condition: Condition) -> None:
        timeout_s = call.flags.timeout
        self._api, self._condition = call.session.api, condition
        self._is_once = timeout_s == 0
        self._end_s = time.monotonic() + (timeout_s if timeout_s >= 0 else WEEK_S)

    def until_created(self, target: Target) -> None:
        """Wait for an object that is not there."""
        path = target.resource.path(target.namespace)
        left_s = self._end_s - time.monotonic()
        while left_s > 0 and not self._is_once:
            listed = self._api.get(path, {"fieldSelector": f"metadata.name={target.name}"})
            if listed.get("items"):
                target.fetch(self._api)
                return
            for event, found in self._events(target, listed["metadata"]["resourceVersion"], left_s):
                if event == "ADDED":
                    target.object = found
                    return
            left_s = self._end_s - time.monotonic()
        raise Failure("timed out waiting for the condition")

    def object_met(self, target: Target) -> "dict[str, Any] | None":
        """The object once the condition is met.  Raises: ``Failure``."""
        found = target.object
        assert found is not None
        condition, uid = self._condition, found["metadata"]["uid"]
        where = f"{target.resource.plural}/{target.name}"
        is_late = not self._is_once and time.monotonic() >= self._end_s
        if condition.is_met(found) and not is_late:
            return found
        if self._is_once:
            raise Failure(f"condition not met for {where}")
        left_s = self._end_s - time.monotonic()
        while left_s > 0:
            for event, changed in self._events(target, found["metadata"]["resourceVersion"], left_s):
                is_gone = event == "DELETED" or changed["metadata"]["uid"] != uid
                if is_gone and condition is DELETE:
                    return found
                found = changed
                if not is_gone and condition.is_met(found):
                    return found
            left_s = self._end_s - time.monotonic()
        raise Failure(f"timed out waiting for the condition on {where}")

    def _events(self, target: Target, version: str, left_s: float) -> "Iterator[tuple[str, dict[str, Any]]]":
        query = {
            "fieldSelector": f"metadata.name={target.name}", "resourceVersion": version,
            "timeoutSeconds": math.ceil(left_s),
        }  # fmt: skip
        return self._api.watch(target.resource.path(target.namespace), query, for_s=left_s)
