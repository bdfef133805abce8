"""Setting: what the commands of ``set`` share: which objects, their pods' templates, one patch each.

Shape: ``run(call, words, change, ...)``; ``change(object, target)`` changes a copy of the object and raises what
forbids it.
"""

import fnmatch
import sys
from contextlib import suppress

from fairway.cli.arguments import ALL_FLAG, FILE_FLAGS, NOTHING, SELECTOR_FLAGS, fetched
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, RECORD_FLAG, Writing, manager_flag, recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

    Object = dict[str, Any]

LOCAL_FLAG = Flag("local", type="bool", help="change what the file says and print it; nothing is sent")
SET_FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    ALL_FLAG,
    DRY_RUN_FLAG,
    RECORD_FLAG,
    LOCAL_FLAG,
    manager_flag("kubectl-set"),
)
SELECTOR_FLAG = SELECTOR_FLAGS[0]
CONTAINERS_FLAG = Flag("containers", "c", default="*", help="which containers, a name or a pattern")
ONLY_FILES = (
    "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n"
    "   '-f rsrc.yaml'\n   '--filename=rsrc.json'"
)
STRATEGIC = "application/strategic-merge-patch+json"


class Unchanged(Exception):
    """There is nothing to do, and nothing is said."""


def run(
    call: "Call",
    words: "Sequence[str]",
    change: "Callable[[Object, Target], None]",
    operation: str,
    *,
    failing: str = "",
    local_without_files: str = NOTHING,
    is_silent: bool = True,
    check: "Callable[[], None]" = lambda: None,
) -> int:
    """Change every object.  ``is_silent``: one that is as it shall be is not told of.

    ``local_without_files`` is told where ``--local`` is given with names and no files.  ``check`` is made when the
    objects are known to be there; ``failing`` stands before what a refusal says.
    """
    writing = Writing(call, is_typed=True)
    if call.flags.local and not (call.flags.filename or call.flags.kustomize):
        raise Failure(local_without_files if words else NOTHING)
    found = _found(call, words)
    check()
    failures = Gathered()
    for target in found:
        with failures, suppress(Unchanged):
            _set(call, writing, target, change, operation, failing, is_silent=is_silent)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _found(call: "Call", words: "Sequence[str]") -> "list[Target]":
    from fairway.cli.writing.manifests import local

    failures = Gathered()
    is_all = call.flags.all
    found = list(local(call, failures)) if call.flags.local else fetched(call, failures, words, lists=is_all)
    raise_all(failures)
    return found


def _set(
    call: "Call", writing: Writing, target: "Target", change: "Callable[[Object, Target], None]", operation: str,
    failing: str, *, is_silent: bool,
) -> None:  # fmt: skip
    from fairway.client.blocking import ApiError
    from fairway.objects.patches.three_way import strategic
    from fairway.objects.patches.values import copied, equal

    assert target.object is not None
    before, after = target.object, copied(target.object)
    change(after, target)
    if equal(before, after) and is_silent:
        raise Unchanged
    recorded(call, after)
    if call.flags.local or writing.is_client:
        if call.flags.local:
            from fairway.cli.writing.declared_order import filled

            after = filled(after)
        writing.told(after, operation)
        return
    patch = strategic(before, after, before, after["apiVersion"], after["kind"])
    try:
        writing.told(call.session.api.patch(target.path, patch, writing.query(), type=STRATEGIC), operation)
    except ApiError as error:
        raise (Failure(f"{failing}{error}") if failing else error) from None


def pod_spec(found: "Object", target: "Target") -> "Object":
    """The spec of the object's pods.  Raises: ``Failure`` for an object that has none."""
    spec = found.get("spec") or {}
    if found["kind"] == "CronJob":
        spec = ((spec.get("jobTemplate") or {}).get("spec")) or {}
    if found["kind"] == "Pod":
        return spec
    template = spec.get("template")
    if not isinstance(template, dict) or "spec" not in template:
        version = found["apiVersion"].rpartition("/")[2]
        raise Failure(
            f"{target.resource.plural}/{target.name} the object is not a pod or does not have a pod template: "
            f"*{version}.{found['kind']}"
        )
    inner: Object = template["spec"]
    return inner


def chosen(containers: "Sequence[Object]", pattern: str) -> "list[Object]":
    """The containers that a pattern names."""
    return [container for container in containers if fnmatch.fnmatchcase(container["name"], pattern)]
