"""Give a Service ports of the machine that its cluster runs on, or take them back, while everything runs.

A host port answers at every address of the machine, localhost among them, or at those of --address.  It is an
annotation of the Service (fairway.dev/host-ports): it lasts as long as the Service, through restarts and reboots.

Examples:
  fairway expose-host svc/kubia 8080:http
  fairway expose-host svc/kubia 8080:80 8443:443 --address 127.0.0.1
  fairway expose-host svc/dns 5353:53/UDP
  fairway expose-host --list -A
  fairway expose-host svc/kubia 8080 --remove         # without a port: all of the Service's
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments.target import Target
    from fairway.cli.call import Call
    from fairway.kinds.rules.host_ports import HostPort

    Object = dict[str, Any]

USAGE = "svc/NAME [ADDRESS:]HOST_PORT:PORT[/PROTOCOL] ... | --list | svc/NAME [HOST_PORT ...] --remove"
FLAGS = (
    Flag("address", type="strings", help="addresses of the machine, or localhost (default: all, localhost too)"),
    Flag("list", type="bool", help="show the host ports that there are"),
    Flag("all-namespaces", "A", "bool", "with --list: of all namespaces"),
    Flag("remove", type="bool", help="take host ports back"),
    Flag("json", type="bool", help="with --list: JSON"),
)
_TRIES = 5


def run(call: "Call") -> int:
    """List, remove or add."""
    from fairway.cli.commands.expose_host import listing

    if call.flags.list:
        return listing.show(call)
    if not call.words:
        raise Failure("which Service? try: fairway expose-host svc/NAME 8080:80, or --list")
    target = _target(call)
    if call.flags.remove:
        return _changed(call, target, _without)
    if len(call.words) < 2:
        raise Failure(f"which port? try: fairway expose-host svc/{target.name} 8080:80")
    return _changed(call, target, _with)


def _target(call: "Call") -> "Target":
    from fairway.cli.arguments import targets

    target = next(iter(targets(call, call.words[:1], default_type="services")))
    if target.resource.kind != "Service":
        raise Failure(f"cannot expose a {target.resource.kind} on the host: a Service is what has host ports")
    return target


def _changed(call: "Call", target: "Target", change: "Any") -> int:
    """Write the annotation anew; once more where another one has written meanwhile."""
    from fairway.client.blocking import MERGE_PATCH, ApiError
    from fairway.kinds.rules.host_ports import ANNOTATION, host_ports_of, text_of

    api = call.session.api
    for attempt in range(1, _TRIES + 1):
        service = target.fetch(api)
        before = list(host_ports_of(service))
        after = change(call, service, before)
        meta = service["metadata"]
        annotations = {ANNOTATION: text_of(after) or None}
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "annotations": annotations}}
        if after == before:
            break
        try:
            api.patch(target.path, patch, {"fieldManager": "fairway-expose-host"}, type=MERGE_PATCH)
            break
        except ApiError as error:
            if error.reason != "Conflict" or attempt == _TRIES:
                raise
    return _tell(target, before, after)


def _tell(target: "Target", before: "list[HostPort]", after: "list[HostPort]") -> int:
    from fairway.cli.commands.expose_host.machine import wait_held

    new = [each for each in after if each not in before]
    gone = [each for each in before if each not in after]
    wait_held(new)
    for each in new:
        print(f"service/{target.name} exposed at host port {each.where} -> {each.port}/{each.protocol}")
    for each in gone:
        print(f"service/{target.name} no longer exposed at host port {each.where}")
    if not new and not gone:
        print(f"service/{target.name} unchanged")
    return 0


def _with(call: "Call", service: "Object", before: "list[HostPort]") -> "list[HostPort]":
    from fairway.cli.commands.expose_host import machine, wishes

    wanted = wishes.wanted(call.words[1:], call.flags.address, service)
    new = [each for each in wanted if each not in before]
    kept = [each for each in before if not any(each.where == other.where and
            each.protocol == other.protocol for other in new)]  # fmt: skip
    wishes.check_own(new, kept)
    wishes.check_others(call, service, new)
    machine.check_free([each for each in new if not any(each.collides(other) for other in before)])
    return [*kept, *new]


def _without(call: "Call", service: "Object", before: "list[HostPort]") -> "list[HostPort]":
    from fairway.cli.commands.expose_host import wishes

    return wishes.left(call.words[1:], call.flags.address, service, before)
