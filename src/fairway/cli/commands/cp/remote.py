"""Remote: runs a command in the container that a copy is about."""

from fairway.cli.commands.cp.places import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.streams.remote_command import Streams


def run_in(
    call: "Call", place: Place, command: list[str], streams: "Streams", *, is_quiet: bool = False, into: "Any" = None
) -> int:
    """The exit code; ``into`` is where the choice of a container is told.

    Raises: ``Failure``, ``ApiError``, ``Unreachable``.
    """
    from fairway.cli.arguments import Target
    from fairway.cli.commands.exec import check_running, container_of
    from fairway.cli.streams import pods, remote_command

    namespace = place.namespace or call.session.namespace
    pod = Target(call.session.resources.find("pods"), namespace, place.pod).fetch(call.session.api)
    check_running(pod)
    container = container_of(pod, call.flags.container, is_quiet=is_quiet, into=into)
    path = pods.pods_path(namespace, place.pod, "exec")
    return remote_command.run(call, path, {"command": command, "container": container}, streams)
