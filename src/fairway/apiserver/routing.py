"""Routing: what upstream's REST router refuses before anybody looks at what a request wants.

Pure.  Custom kinds and proxies do not pass that router.
Source: kube-apiserver side by side; go-restful's rules for ``Accept``.
"""

from fairway.apiserver import negotiation
from fairway.apiserver.routes import Route
from fairway.objects.errors import StatusError, bad_request, method_not_allowed, no_such_resource
from fairway.objects.names import path_segment
from fairway.transport.interface import Request

_LOG_MEDIA = ("text/plain", *negotiation.ROUTED)


def no_verb(route: Route) -> StatusError:
    """404 or 405: nothing is done there by such a method."""
    is_known = not route.subresource or route.kind.subresource(route.subresource) is not None
    return method_not_allowed() if is_known else no_such_resource()


def check(request: Request, route: Route, asked_verb: str, *, is_connection: bool) -> None:
    """Raises: ``StatusError`` 405 for HEAD, 406 but for a connection, and 400 for what is no name."""
    if route.kind.custom is None and route.subresource != "proxy":
        if request.method == "HEAD":
            raise no_verb(route)
        accept = request.headers.get("accept", "")
        if route.subresource == "log":
            negotiation.check_routed(accept, _LOG_MEDIA)
        elif asked_verb in ("list", "watch"):
            negotiation.check_routed(accept, negotiation.STREAMED)
        elif not is_connection:
            negotiation.check_routed(accept)
    if "%" in route.name or route.name in (".", ".."):
        raise bad_request(f'Name parameter invalid: "{route.name}": {";".join(path_segment(route.name))}')
