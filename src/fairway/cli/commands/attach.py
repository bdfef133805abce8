"""Join the standard streams of a container that runs already.

Examples:
  fairway attach kubia-x7d2f
  fairway attach deploy/kubia -c kubia -it

USAGE: fairway attach (POD | TYPE/NAME) [-c CONTAINER]
"""

import sys

from fairway.cli.failure import Failure
from fairway.cli.streams.pods import CONTAINER, QUIET, STDIN, TTY, running_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call
    from fairway.cli.streams.choice import Object

FLAGS = (CONTAINER, running_timeout(60.0), QUIET, STDIN, TTY)


def run(call: "Call") -> int:
    """Attach."""
    from fairway.cli.commands.exec import interactive
    from fairway.cli.streams import pods, remote_command
    from fairway.cli.streams.choice import ENDED

    words = call.words
    if not words:
        raise Failure("at least 1 argument is required for attach")
    if len(words) > 2:
        shown = " ".join(words)
        raise Failure(f"expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {len(words)}: [{shown}]")
    pods.check_timeout(call)
    pod = pods.attachable_pod(call, pods.one_object(call, words))
    phase = (pod.get("status") or {}).get("phase")
    if phase in ENDED:
        raise Failure(f"cannot attach a container in a completed pod; current phase is {phase}")
    container = _container(call, pod)
    is_tty = bool(container.get("tty"))
    if call.flags.tty and not is_tty and not call.flags.quiet:
        print(
            f"error: Unable to use a TTY - container {container['name']} did not allocate one", file=sys.stderr
        )  # fmt: skip
    notice = "" if call.flags.quiet else "If you don't see a command prompt, try pressing enter."
    meta = pod["metadata"]
    path = pods.pods_path(meta["namespace"], meta["name"], "attach")
    code = interactive(call, path, {"container": container["name"]}, is_tty=is_tty, notice=notice)
    if (
        call.flags.stdin
        and is_tty
        and sys.stdin.isatty()
        and (pod["spec"].get("restartPolicy") or "Always") == "Always"
    ):
        print(
            f"Session ended, resume using 'fairway attach {meta['name']} -c {container['name']} -i -t' "
            "command when the pod is running"
        )
    return remote_command.told(code)


def _container(call: "Call", pod: "Object") -> "Object":
    from fairway.cli.streams.choice import container_named, default_container

    name = call.flags.container
    if not name:
        name, text = default_container(pod)
        if text and not call.flags.quiet:
            print(text, file=sys.stderr)
    container = container_named(pod, name)
    if container is None:
        raise Failure(f"cannot attach to the container: container {name} not found in pod {pod['metadata']['name']}")
    return container
