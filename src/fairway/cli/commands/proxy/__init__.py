"""Serve the API of the cluster on a local port, with this user's rights, and files beside it.

With one of its own flags, such as --node-name, it is the Service proxy of a node: fairway service-proxy.

Examples:
  fairway proxy                                  # curl http://127.0.0.1:8001/api/v1/services
  fairway proxy --port=0 --www=site --www-prefix=/static/
  fairway proxy --unix-socket=/run/user/1000/api.sock
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

_PORT = 8001
FLAGS = (
    Flag(
        "accept-hosts",
        help="hosts that may be asked for, regular expressions with commas",
        default=r"^localhost$,^127\.0\.0\.1$,^\[::1\]$",
    ),
    Flag("accept-paths", help="paths that may be asked for, regular expressions with commas", default="^.*"),
    Flag("address", help="the IP address to listen at", default="127.0.0.1"),
    Flag("api-prefix", help="the path below which the API is served", default="/"),
    Flag("append-server-path", type="bool", help="put the path of the kubeconfig's server before each path"),
    Flag("disable-filter", type="bool", help="let every request pass; dangerous where others reach the port"),
    Flag("keepalive", type="duration", help="how often idle connections are asked whether they live; 0 for never"),
    Flag("port", "p", "int", "the port; 0 for any that is free", default=_PORT),
    Flag("reject-methods", help="methods that may not be used, regular expressions with commas", default="^$"),
    Flag(
        "reject-paths",
        help="paths that may not be asked for, regular expressions with commas",
        default="^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
    ),
    Flag("unix-socket", "u", help="serve on this socket of the file system"),
    Flag("www", "w", help="serve the files of this folder, too"),
    Flag("www-prefix", "P", help="the path below which they are served", default="/static/"),
)


def run(call: "Call") -> int:
    """Serve until interrupted."""
    import asyncio
    import sys

    from fairway.cli.commands.proxy.filtering import Filter
    from fairway.cli.commands.proxy.serving import Gateway, serve

    flags = call.flags
    if flags.port != _PORT and flags.unix_socket:
        raise Failure("cannot set --unix-socket and --port at the same time")
    if flags.disable_filter and not flags.unix_socket:
        text = "Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious"
        print(f"warning: {text}", file=sys.stderr)
    passes = None if flags.disable_filter else Filter(
        flags.accept_hosts, flags.accept_paths, flags.reject_methods, flags.reject_paths
    )  # fmt: skip
    gateway = Gateway(
        call.session.api, passes, api_prefix=_slashed(flags.api_prefix), www=flags.www,
        www_prefix=_slashed(flags.www_prefix), has_server_path=flags.append_server_path,
    )  # fmt: skip
    asyncio.run(serve(gateway, flags.address, flags.port, flags.unix_socket))
    return 0


def _slashed(prefix: str) -> str:
    prefix = prefix if prefix.startswith("/") else f"/{prefix}"
    return prefix if prefix.endswith("/") else f"{prefix}/"
