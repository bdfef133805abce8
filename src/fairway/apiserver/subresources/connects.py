"""``CONNECTS``: the subresources that need the connection itself."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.subresources.log import read_log
from fairway.apiserver.subresources.proxy import proxy_node, proxy_pod, proxy_service
from fairway.apiserver.subresources.streams import attach_to, exec_in, port_forward
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
