"""Change fields of objects.

fairway patch svc kubia -p '{"spec":{"sessionAffinity":"ClientIP"}}'
fairway patch svc kubia --type=json -p '[{"op":"remove","path":"/spec/externalIPs"}]'
fairway patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'
"""

from fairway.cli.arguments import FILE_FLAGS, NOTHING, targets
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import CHANGE_CAUSE, DRY_RUN_FLAG, RECORD_FLAG, Writing, cause_of, manager_flag
from fairway.cli.writing.manifests import local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) [-p PATCH | --patch-file FILE]"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-patch"),
    Flag("local", type="bool", help="patch what the file says and print it; nothing is sent"),
    Flag("patch", "p", help="the patch, JSON or YAML"),
    Flag("patch-file", help="a file with the patch"),
    Flag("subresource", help="the subresource: status, scale or resize"),
    Flag("type", default="strategic", help="json, merge or strategic"),
)
_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


def run(call: "Call") -> int:
    """Patch every object."""
    flags = call.flags
    _check(call)
    writing = Writing(call, has_suffix=False)
    patch = _patch_of(flags)
    if flags.local and not (flags.filename or flags.kustomize):
        raise Failure(NOTHING)
    failures = Gathered()
    count = 0
    for target in local(call, failures) if flags.local else targets(call, failures=failures, is_grouped=True):
        count += 1
        with failures:
            _patch(call, writing, target, patch)
    raise_all(failures)
    if not count:
        raise Failure("no objects passed to patch")
    return 0


def _check(call: "Call") -> None:
    flags = call.flags
    if flags.patch and flags.patch_file:
        raise Failure("cannot specify --patch and --patch-file together")
    if not flags.patch and not flags.patch_file:
        raise Failure("must specify --patch or --patch-file containing the contents of the patch")
    if flags.local and call.words:
        raise Failure("cannot specify --local and server resources")
    if flags.type.lower() not in _TYPES:
        raise Failure(f'--type must be one of [{" ".join(sorted(_TYPES))}], not "{flags.type}"')


def _patch_of(flags: "Any") -> "Any":
    """The patch as values.  Raises: ``Failure``."""
    text = flags.patch
    if flags.patch_file:
        try:
            with open(flags.patch_file, encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            raise Failure(
                f"unable to read patch file: open {flags.patch_file}: {(error.strerror or '').lower()}"
            ) from None
    return parsed(text)


def parsed(text: str) -> "Any":
    """JSON or YAML as values; bytes for what begins as JSON and is none.  Raises: ``Failure``."""
    import json

    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            if text.lstrip()[:1] == "{":
                return text.encode()
    from fairway.apiserver.yaml_form import load
    from fairway.cli.arguments.manifests import yaml_error

    try:
        return load(text.encode())
    except ValueError as error:
        raise Failure(f'unable to parse "{text}": {yaml_error(error)}') from None


def _patch(call: "Call", writing: Writing, target: "Target", patch: "Any") -> None:
    flags = call.flags
    type_ = _TYPES[flags.type.lower()]
    if flags.local or writing.is_client:
        before = target.object if flags.local else target.fetch(call.session.api)
        assert before is not None
        after = _locally(before, patch, type_)
        writing.told(after, _operation(before, after))
        return
    api, path = call.session.api, target.below(flags.subresource) if flags.subresource else target.path
    before = api.get(path)
    after = api.patch(path, b"null" if patch is None else patch, writing.query(), type=type_)
    operation = _operation(before, after)
    if flags.record and CHANGE_CAUSE not in (after["metadata"].get("annotations") or {}):
        cause = {"metadata": {"annotations": {CHANGE_CAUSE: cause_of(call)}}}
        after = api.patch(path, cause, writing.query(), type=_TYPES["merge"])
    writing.told(after, operation)


def _locally(before: "dict[str, Any]", patch: "Any", type_: str) -> "dict[str, Any]":
    from fairway.client.blocking import ApiError
    from fairway.objects.errors import StatusError
    from fairway.objects.patches import apply
    from fairway.objects.patches.values import copied

    if type_ == _TYPES["strategic"] and patch is None:
        return before
    if type_ == _TYPES["json"]:
        if isinstance(patch, bytes):
            raise Failure("unexpected end of JSON input")
    elif not isinstance(patch, dict):
        raise Failure("invalid JSON document" if type_ == _TYPES["strategic"] else "Invalid JSON Patch")
    try:
        return apply(type_, copied(before), patch, api_version=before["apiVersion"], kind=before["kind"])
    except StatusError as error:
        raise ApiError(error.status()) from None


def _operation(before: "dict[str, Any]", after: "dict[str, Any]") -> str:
    return "patched (no change)" if before == after else "patched"
