"""Run one pod, with a container of an image.

fairway run web --image=luksa/kubia --port=8080 --expose      and a Service for it
fairway run -it shell --image=busybox --restart=Never --rm    work in it, and leave nothing behind
fairway run once --image=busybox --restart=Never -- date
"""

import sys

from fairway.cli.commands.delete import DELETION_FLAGS
from fairway.cli.commands.expose import OVERRIDE_FLAGS
from fairway.cli.failure import Failure, Gathered, UsageFailure, raise_all
from fairway.cli.flags import Flag
from fairway.cli.generators.expose import parse_labels
from fairway.cli.generators.pod import PodWish, is_image, pod
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.streams.pods import QUIET, STDIN, TTY, check_timeout, running_timeout
from fairway.cli.writing import (
    DRY_RUN_FLAG,
    NONE,
    RECORD_FLAG,
    SAVE_CONFIG_FLAG,
    Writing,
    manager_flag,
    recorded,
    save_config,
)
from fairway.cli.writing.generated import in_namespace, required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "NAME --image=IMAGE [--port=PORT] [--command] [-- ARGS...]"
FLAGS = (
    *OUTPUT_FLAGS,
    *OVERRIDE_FLAGS,
    *DELETION_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-run"),
    QUIET,
    STDIN,
    TTY,
    running_timeout(60.0),
    Flag("annotations", type="array", help="an annotation, KEY=VALUE; may be repeated"),
    Flag("attach", type="bool", help="wait until the pod runs, and join its streams (the rule with -i)"),
    Flag("command", type="bool", help="what follows -- is the command and not its arguments"),
    Flag("env", type="array", help="a variable, KEY=VALUE; may be repeated"),
    Flag("expose", type="bool", help="make a Service for the pod, too; needs --port"),
    Flag("image", help="the container's image"),
    Flag("image-pull-policy", help="Always, IfNotPresent or Never"),
    Flag("labels", "l", help="the pod's labels, KEY=VALUE,... (default run=NAME)"),
    Flag("leave-stdin-open", type="bool", help="keep standard input open after the first attachment"),
    Flag("port", help="the port that the container declares"),
    Flag("privileged", type="bool", help="a privileged container"),
    Flag("restart", default="Always", help="Always, OnFailure or Never"),
    Flag("rm", type="bool", help="delete the pod when all is done; for attached containers"),
    Flag("wait", type="bool", help="with --rm: wait until it is gone"),
)


def run(call: "Call") -> int:
    """Run it."""
    _check(call)
    flags, args = call.flags, call.words
    writing = Writing(call, is_typed=True)
    is_attached = flags.attach or (flags.stdin and not flags.is_given("attach"))
    _check_attachment(call, writing, is_attached=is_attached)
    name, rest = args[0], args[1:]
    wish = PodWish(
        flags.image, rest, flags.command, flags.port, flags.env, flags.labels, flags.annotations, flags.restart,
        flags.image_pull_policy, flags.privileged, flags.stdin, flags.tty, flags.stdin and not flags.leave_stdin_open,
    )  # fmt: skip
    made = _made(call, writing, pod(name, wish))
    failures = Gathered()
    created = []
    if flags.expose:
        with failures:
            service = _send(call, writing, _service(made, flags), "services")
            writing.told(service, "created")
            if flags.output == "yaml":
                print("---")  # One line of dashes more than need be: kubectl's own.
            created.append(service)
    try:
        running = _send(call, writing, made, "pods")
    except Exception as error:
        if not failures:
            raise
        raise_all([*failures, error])
        raise
    created.append(running)
    if is_attached:
        from fairway.cli.writing.attended import attend

        sys.stdout.flush()
        return attend(call, running, created)
    writing.told(running, "created")
    raise_all(failures)
    return 0


def _check(call: "Call") -> None:
    flags = call.flags
    required(call, "image")
    if not call.words or call.dash == 0:
        raise UsageFailure("NAME is required for run")
    check_timeout(call)
    if not flags.image:
        raise Failure("--image is required")
    if not is_image(flags.image):
        raise Failure(f'Invalid image name "{flags.image}": invalid reference format')
    if flags.tty and not flags.stdin:
        raise UsageFailure("-i/--stdin is required for containers with -t/--tty=true")
    if flags.expose and not flags.port:
        raise UsageFailure("--port must be set when exposing a service")


def _check_attachment(call: "Call", writing: Writing, *, is_attached: bool) -> None:
    flags = call.flags
    if flags.restart not in ("Always", "OnFailure", "Never"):
        raise UsageFailure(f"invalid restart policy: {flags.restart}")
    if flags.rm and not is_attached:
        raise UsageFailure("--rm should only be used for attached containers")
    if is_attached and writing.strategy != NONE:
        raise UsageFailure(
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)"
        )
    if flags.image_pull_policy not in ("", "Always", "IfNotPresent", "Never"):
        raise UsageFailure(f"invalid image pull policy: {flags.image_pull_policy}")


def _made(call: "Call", writing: Writing, made: "dict[str, Any]") -> "dict[str, Any]":
    if call.flags.overrides:
        from fairway.cli.writing.overrides import overridden

        made = overridden(made, call.flags.overrides, call.flags.override_type)
    recorded(call, made)
    if writing.is_client:
        return in_namespace(made, call.session.namespace) if call.session.is_namespace_given else made
    return made


def _send(call: "Call", writing: Writing, made: "dict[str, Any]", plural: str) -> "dict[str, Any]":
    session = call.session
    if writing.is_client:
        return in_namespace(made, session.namespace) if session.is_namespace_given else made
    if call.flags.save_config:
        save_config(made, is_sorted=False)
    path = f"/api/v1/namespaces/{session.namespace}/{plural}"
    found: dict[str, Any] = session.api.create(path, made, writing.query())
    return found


def _service(made: "dict[str, Any]", flags: "Any") -> "dict[str, Any]":
    """The Service for the pod, with its name and the port that both have."""
    from fairway.cli.generators import head, metadata

    number = int(flags.port)
    spec = {
        "ports": [{"protocol": "TCP", "port": number, "targetPort": number}],
        "selector": dict(sorted((made["metadata"].get("labels") or {}).items())),
    }
    meta = metadata(made["metadata"].get("name", ""), parse_labels(flags.labels) if flags.labels else None)
    return head("Service", "v1", meta, spec=spec, status={"loadBalancer": {}})
