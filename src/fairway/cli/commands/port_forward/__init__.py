"""Forward local ports to a pod, or to the pods of a Service or a workload.

For a Service, a Deployment or a ReplicaSet each new connection goes to a pod that is ready: when the present one dies,
another one takes over; where none is ready, connections wait for one, for as long as --pod-running-timeout says.

Examples:
  fairway port-forward svc/kubia 8080:http
  fairway port-forward deploy/kubia :8080
  fairway port-forward --address 0.0.0.0 kubia-x7d2f 8080:8080 8443
"""

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.cli.streams.pods import running_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.commands.port_forward.ports import Forwarded
    from fairway.client.blocking import Api

    Object = dict[str, Any]

USAGE = "(POD | TYPE/NAME) [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]"
FLAGS = (
    Flag("address", type="strings", help="IP addresses to listen at, or localhost", default=("localhost",)),
    running_timeout(60.0),
)


def run(call: "Call") -> int:
    """Forward until interrupted."""
    from fairway.cli.commands.port_forward.ports import check_service, forwarded
    from fairway.cli.streams import pods

    if len(call.words) < 2:
        raise UsageFailure("TYPE/NAME and list of ports are required for port-forward")
    pods.check_timeout(call)
    found = pods.one_object(call, call.words[:1])
    service = found if found["kind"] == "Service" else None
    if service is not None and (service.get("spec") or {}).get("selector"):
        check_service(call.words[1:], service)  # before it is waited for a pod, however long that takes
    pod = pods.attachable_pod(call, found)
    ports = forwarded(call.words[1:], pod, service)
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running" and found["kind"] == "Pod":
        raise Failure(f"unable to forward port because pod is not running. Current status={phase}")
    return _forward(call, found, pod, ports)


def _forward(call: "Call", found: "Object", pod: "Object", ports: "list[Forwarded]") -> int:
    import asyncio

    from fairway.cli.commands.port_forward.connections import Forwarding
    from fairway.cli.commands.port_forward.listening import addresses, listen
    from fairway.cli.commands.port_forward.ports import remote_port

    def api() -> "Api":
        from fairway.cli.session import Session

        return Session(call.flags).api

    def remote_of(port: "Forwarded", at: "Object") -> int:
        if at["metadata"]["uid"] == pod["metadata"]["uid"]:
            return port.remote
        return remote_port(port.wanted, at, found if found["kind"] == "Service" else None)

    async def work() -> None:
        backends = _backends(call, api, found, pod)
        if found["kind"] == "Pod":
            await (await backends.backend()).connected(api)
        await Forwarding(backends, api, remote_of).run(listen(ports, at))

    at = addresses(call.flags.address)
    if not at:
        raise Failure("you must specify at least 1 address")
    asyncio.run(work())
    return 0


def _backends(call: "Call", api: "Any", found: "Object", pod: "Object") -> "Any":
    from fairway.cli.commands.port_forward.backends import Following, Single
    from fairway.cli.streams.pods import selector_for

    if found["kind"] == "Pod":
        return Single(api, pod)
    meta = found["metadata"]
    return Following(
        api, meta["namespace"], selector_for(found, "attach to"), pod,
        name=f"{found['kind'].lower()}/{meta['name']}", patience_s=call.flags.pod_running_timeout,
    )  # fmt: skip
