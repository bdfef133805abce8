"""``CONNECTS``: the subresources that need the connection itself."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import CONNECT
from fairway.apiserver.call import Call
from fairway.apiserver.list_options import flag
from fairway.apiserver.subresources.log import read_log
from fairway.apiserver.subresources.proxy import proxy_node, proxy_pod, proxy_service
from fairway.apiserver.subresources.streams import attach_to, exec_in, port_forward
from fairway.objects import Object
from fairway.objects.label_syntax import integer
from fairway.transport.interface import Answer, Request

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Connect = Callable[[Call, Request, "Api"], Awaitable[Answer]]

CONNECTS: dict[tuple[str, str], Connect] = {
    ("pods", "log"): read_log,
    ("pods", "exec"): exec_in,
    ("pods", "attach"): attach_to,
    ("pods", "portforward"): port_forward,
    ("pods", "proxy"): proxy_pod,
    ("services", "proxy"): proxy_service,
    ("nodes", "proxy"): proxy_node,
}

_OPTIONS = {"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions"}
_FLAGS = ("stdin", "stdout", "stderr", "tty")
_READS = "log"


async def connected(connect: Connect, call: Call, request: Request, api: "Api") -> Answer:
    """Connect, if nobody who is asked refuses.  Raises: ``StatusError``."""
    if call.subresource != _READS and consulting.is_wanted(api):
        options = _options(call, request)
        await consulting.consult(call, CONNECT, options, None, api, object_kind=("", "v1", options["kind"]))
    return await connect(call, request, api)


def _options(call: Call, request: Request) -> Object:
    """The query as the options object that admission sees."""
    kind = _OPTIONS.get(call.subresource) or f"{call.kind.name}ProxyOptions"
    found: Object = {"kind": kind, "apiVersion": "v1"}
    for name, value in request.query or ():
        if name in _FLAGS:
            found[name] = flag(value)
        elif name == "command":
            found.setdefault("command", []).append(value)
        elif name == "ports":
            found.setdefault("ports", []).extend(
                number for one in value.split(",") if (number := integer(one)) is not None
            )
        elif name == "container":
            found[name] = value
    return found
