"""Rules of a Job's status: what has ended stays ended, and counts cannot contradict one another."""

from collections.abc import Iterator

from fairway.kinds.rules.values import non_negative
from fairway.objects import Object
from fairway.objects.conditions import is_true
from fairway.objects.errors import Problem, invalid_value, required

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")


def status_problems(new: Object, old: Object) -> Iterator[Problem]:
    """Every broken rule of a status that was written."""
    for name in _COUNTS:
        yield from non_negative(f"status.{name}", (new.get("status") or {}).get(name))
    yield from _endings(new, old)
    yield from _completion(new, old)


def _endings(new: Object, old: Object) -> Iterator[Problem]:
    is_complete = is_true(new, "Complete")
    if is_complete and is_true(new, "Failed"):
        yield _conditions("cannot set Complete=True and Failed=True conditions")
    if is_complete and is_true(new, "FailureTarget"):
        yield _conditions("cannot set Complete=True and FailureTarget=true conditions")
    for type_ in ("Complete", "Failed"):
        if is_true(old, type_) and not is_true(new, type_):
            yield _conditions(f"cannot disable the terminal {type_}=True condition")


def _completion(new: Object, old: Object) -> Iterator[Problem]:
    status, was = new.get("status") or {}, old.get("status") or {}
    is_complete = is_true(new, "Complete")
    if status.get("completionTime"):
        if not is_complete:
            yield invalid_value(
                "status.completionTime", status["completionTime"],
                "cannot set completionTime when there is no Complete=True condition",
            )  # fmt: skip
        if not status.get("startTime"):
            yield required("status.startTime", "cannot set completionTime without startTime")
    elif is_complete:
        yield required("status.completionTime", "completionTime is required for Complete jobs")
    if was.get("completionTime") and status.get("completionTime") not in (None, was["completionTime"]):
        yield invalid_value("status.completionTime", status["completionTime"], "field is immutable")


def _conditions(text: str) -> Problem:
    return Problem("status.conditions", "FieldValueInvalid", f"Invalid value: {text}")
