"""Run a command in a container of a pod, and pass its exit code on.

Examples:
  fairway exec kubia-x7d2f -- date
  fairway exec -it svc/kubia -- sh
  tar cf - notes | fairway exec -i kubia-x7d2f -- tar xf - -C /tmp

USAGE: fairway exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]
"""

import sys

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.cli.streams.pods import CONTAINER, QUIET, STDIN, TTY, running_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.streams.choice import Object

FLAGS = (
    CONTAINER,
    Flag("filename", "f", "strings", "file, folder or URL of the manifest of what is meant"),
    Flag("kustomize", is_hidden=True),
    Flag("recursive", type="bool", is_hidden=True),
    running_timeout(60.0),
    QUIET,
    STDIN,
    TTY,
)


def run(call: "Call") -> int:
    """Run the command."""
    from fairway.cli.streams import pods, remote_command

    words, command = _parted(call)
    pods.check_timeout(call)
    if not (words and words[0]) and not call.flags.filename:
        raise Failure("pod, type/name or --filename must be specified")
    if not command:
        raise Failure("you must specify at least one command for the container")
    if words and call.flags.filename:
        from fairway.cli.arguments.manifests import check_paths

        check_paths(call.flags.filename)
        raise Failure("resource/name arguments cannot be provided when a path is specified")
    found = pods.one_object(call, words, "cannot exec into multiple objects at a time")
    pod = pods.attachable_pod(call, found)
    check_running(pod)
    meta, container = pod["metadata"], container_of(pod, call.flags.container, is_quiet=call.flags.quiet)
    query: dict[str, Any] = {"command": command, "container": container}
    path = pods.pods_path(meta["namespace"], meta["name"], "exec")
    return remote_command.told(interactive(call, path, query, is_tty=call.flags.tty))


def _parted(call: "Call") -> tuple[list[str], list[str]]:
    words, dash = call.words, call.dash
    if dash >= 0:
        return words[: min(dash, 1)], words[dash:]
    if len(words) > 1 or (words and call.flags.filename):
        raise UsageFailure("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
    return words, []


def check_running(pod: "Object") -> None:
    """Raises: ``Failure`` for a pod that has ended."""
    from fairway.cli.streams.choice import ENDED

    phase = (pod.get("status") or {}).get("phase")
    if phase in ENDED:
        raise Failure(f"cannot exec into a container in a completed pod; current phase is {phase}")


def container_of(pod: "Object", named: str, *, is_quiet: bool, into: "Any" = None) -> str:
    """The container that is meant; says so where it was not named."""
    if named:
        return named
    from fairway.cli.streams.choice import default_container

    name, text = default_container(pod)
    if text and not is_quiet:
        print(text, file=into or sys.stderr, flush=True)
    return name


def interactive(call: "Call", path: str, query: "dict[str, Any]", *, is_tty: bool, notice: str = "") -> int:
    """Carry the user's own standard streams, in raw mode if there is a terminal and one is wanted."""
    from fairway.cli.streams.remote_command import Streams, run, to_descriptor

    stdin = 0 if call.flags.stdin else None
    if stdin is not None and is_tty:
        if sys.stdin is not None and sys.stdin.isatty():
            from fairway.cli.streams.terminal import raw

            _say(notice)
            with raw(0) as terminal:
                return run(call, path, query, Streams(stdin, to_descriptor(1), None, terminal))
        if not call.flags.quiet:
            _say("Unable to use a TTY - input is not a terminal or the right kind of file")
    _say(notice)
    return run(call, path, query, Streams(stdin, to_descriptor(1), to_descriptor(2)))


def _say(text: str) -> None:
    if text:
        print(text, file=sys.stderr)
