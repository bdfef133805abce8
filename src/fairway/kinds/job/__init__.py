"""Job (batch/v1): pods that run to their end, a number of times.

Source: Kubernetes docs, "Jobs"; API reference, "Job v1 batch".
"""

from collections.abc import Iterator

from fairway.kinds.job.columns import COLUMNS
from fairway.kinds.job.filling import defaults, fill_spec, prepare
from fairway.kinds.job.status import status_problems
from fairway.kinds.job.transitions import transition_problems
from fairway.kinds.job.validation import identity_problems, name_problems, spec_problems
from fairway.kinds.kind import STATUS, WHY, Kind
from fairway.kinds.rules import replicas
from fairway.kinds.rules.cells import field
from fairway.objects import Object
from fairway.objects.errors import Problem

_MANY_COMPLETIONS, _MANY_PODS = 100_000, 10_000
_TOO_MANY = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might"
    " not be able to track completedIndexes when a big number of indexes fail"
)
_successful = field("status", "succeeded")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; most of a Job stays what it was."""
    if old is not None and new.get("status") is not old.get("status"):
        yield from status_problems(new, old)
    if old is not None and new["spec"] == old["spec"]:
        return
    if old is None:
        yield from identity_problems(new)
        yield from spec_problems("spec", new["spec"])
        yield from name_problems(new)
    else:
        yield from spec_problems("spec", new["spec"])
        yield from transition_problems(new, old)


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Those of name and template, and of more indexes than can be told of."""
    if old is None:
        yield from replicas.name_warnings(new)
    spec = new["spec"]
    if (
        spec.get("completionMode") == "Indexed"
        and (spec.get("completions") or 0) > _MANY_COMPLETIONS
        and (spec.get("parallelism") or 0) > _MANY_PODS
    ):
        yield f"spec: {_TOO_MANY}"
    yield from replicas.template_warnings(new, old)


JOB = Kind(
    group="batch", version="v1", name="Job", plural="jobs",
    categories=("all",),
    subresources=(STATUS, WHY),
    columns=COLUMNS,
    fields={"status.successful": lambda job: _successful(job) or "0"},
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    judged_twice=True,
    warnings=warnings,
    has_generation=True,
    orphans_by_default=True,
)  # fmt: skip

__all__ = ["JOB", "fill_spec", "spec_problems"]
