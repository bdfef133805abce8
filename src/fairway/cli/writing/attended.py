"""Attended: a pod that somebody waits for: joined when it runs, its exit code taken over, deleted if asked.

Source: what ``kubectl run --attach`` does and says.
"""

import sys
import time

from fairway.cli.failure import Failure
from fairway.client.blocking import ApiError, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from fairway.cli.call import Call

    Object = dict[str, Any]

_NOTICE = "If you don't see a command prompt, try pressing enter."


def attend(call: "Call", pod: "Object", created: "Sequence[Object]") -> int:
    """Join the pod until it has ended; its exit code.  Raises: ``Failure``."""
    try:
        return _attend(call, pod)
    finally:
        if call.flags.rm:
            sys.stdout.flush()
            _remove(call, created)


def _attend(call: "Call", pod: "Object") -> int:
    flags = call.flags
    running = _waited(call, pod, _is_running)
    if _phase(running) in ("Succeeded", "Failed"):
        _log(call, running)
    else:
        _join(call, running)
    if flags.leave_stdin_open or flags.restart == "Always":
        return 0
    ended = _waited(call, pod, _has_succeeded if flags.restart == "OnFailure" else _has_ended)
    if _phase(ended) == "Succeeded":
        return 0
    raise _failure(ended)


def _failure(pod: "Object") -> Failure:
    meta = pod["metadata"]
    statuses = (pod.get("status") or {}).get("containerStatuses") or [{}]
    ended = (statuses[0].get("state") or {}).get("terminated") or {}
    code = int(ended.get("exitCode") or 0)
    if not code:
        return Failure(f"pod {meta['namespace']}/{meta['name']} failed with unknown exit code")
    said = f"pod {meta['namespace']}/{meta['name']} terminated ({ended.get('reason', '')})\n{ended.get('message', '')}"
    return Failure(said.rstrip("\n"), exit_code=code, is_bare=True)


def _join(call: "Call", pod: "Object") -> None:
    from fairway.cli.commands.exec import interactive
    from fairway.cli.streams.pods import pods_path

    meta, container = pod["metadata"], pod["spec"]["containers"][0]
    path = pods_path(meta["namespace"], meta["name"], "attach")
    notice = "" if call.flags.quiet else _NOTICE
    query = {"container": container["name"]}
    try:
        interactive(call, path, query, is_tty=bool(container.get("tty")), notice=notice)
    except (ApiError, Unreachable, Failure) as error:
        sys.stdout.flush()
        print(
            f"warning: couldn't attach to pod/{meta['name']}, falling back to streaming logs: {error}", file=sys.stderr
        )
        _log(call, pod)


def _log(call: "Call", pod: "Object") -> None:
    from fairway.cli.streams.pods import pods_path

    meta = pod["metadata"]
    query = {"container": pod["spec"]["containers"][0]["name"], "follow": True}
    sys.stdout.flush()
    for piece in call.session.api.stream(pods_path(meta["namespace"], meta["name"], "log"), query, accept="*/*"):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _phase(pod: "Object") -> str:
    return str((pod.get("status") or {}).get("phase") or "")


def _has_ended(pod: "Object") -> bool:
    return _phase(pod) in ("Succeeded", "Failed")


def _has_succeeded(pod: "Object") -> bool:
    return _phase(pod) == "Succeeded"


def _is_running(pod: "Object") -> bool:
    """Whether it runs and is ready, or has ended already."""
    if _has_ended(pod):
        return True
    conditions = (pod.get("status") or {}).get("conditions") or ()
    is_ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return _phase(pod) == "Running" and is_ready


def _waited(call: "Call", pod: "Object", is_met: "Callable[[Object], bool]") -> "Object":
    """The pod when that is so.  Raises: ``Failure`` when it takes too long or the pod is deleted."""
    from fairway.cli.streams.pods import pods_path

    meta, api = pod["metadata"], call.session.api
    deadline = time.monotonic() + call.flags.pod_running_timeout
    path, query = pods_path(meta["namespace"]), {"fieldSelector": f"metadata.name={meta['name']}"}
    while True:
        page = api.get(path, query)
        for item in page.get("items") or ():
            if is_met(item):
                return {"apiVersion": "v1", "kind": "Pod", **item}
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise Failure("timed out waiting for the condition")
        version = page["metadata"].get("resourceVersion")
        try:
            for event, item in api.watch(
                path, {**query, "resourceVersion": version, "timeoutSeconds": int(left_s) + 1}
            ):
                if event == "DELETED":
                    raise Failure(f'pods "{meta["name"]}" not found')
                if is_met(item):
                    return item  # type: ignore[no-any-return]
        except ApiError as error:
            if error.code != 410:  # The watch began too long ago: list again.
                raise


def _remove(call: "Call", created: "Sequence[Object]") -> None:
    from fairway.cli.arguments import Target
    from fairway.cli.commands.delete import Deletion

    deletion = Deletion(call, is_quiet=True)
    deletion.is_lenient = True
    gone = []
    for each in created:
        resource = call.session.resources.of_kind(each["apiVersion"], each["kind"])
        target = Target(resource, each["metadata"]["namespace"], each["metadata"]["name"])
        if (uid := deletion.delete(target, is_told=not call.flags.quiet)) is not None:
            gone.append((target, uid))
    if call.flags.wait:
        from fairway.cli.writing.gone import wait_until_gone

        wait_until_gone(call.session.api, gone, call.flags.timeout)
