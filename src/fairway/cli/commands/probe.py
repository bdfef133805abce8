"""Measure what a client meets on its way to a Service: the first packet, and a whole GET.

fairway probe 10.96.0.17
fairway probe web.default.svc.cluster.local:8080 --count 1000 --interval 0.01 --metrics-port 0

Serves the histograms as /metrics, under the names of the Kubernetes probes (docs/slos.md).  Exit code 1 if no ping of
those that were asked for was answered.
"""

import argparse
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cluster.standalone.probe import Target


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    parser.add_argument(
        "target", metavar="TARGET", help="HOST or HOST:PORT: a cluster IP or a name of a Service (default port 80)"
    )
    parser.add_argument("--path", default="/", help="what to get (default /)")
    parser.add_argument(
        "--interval", type=_seconds, default=1.0, metavar="SECONDS", help="between two pings (default 1)"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument("--count", type=_number, default=0, help="end after so many (default: with SIGTERM)")
    parser.add_argument(
        "--metrics-port", type=_number, default=8071, metavar="PORT", help="of /metrics (default 8071; 0: none)"
    )


def run(args: argparse.Namespace) -> int:
    """Probe and tell."""
    from fairway.cluster.standalone import probe

    prober = probe.run(
        _target(args.target, args.path), interval_s=args.interval, count=args.count, metrics_port=args.metrics_port
    )
    if args.json:
        import json

        print(json.dumps(prober.figures()))
    else:
        print(prober.summary())
    if not prober.pings or prober.errors < prober.pings:
        return 0
    from fairway.cluster.errors import ClusterError

    raise ClusterError(
        f"nothing at {args.target} has answered: {prober.last_error}",
        "is it the name or address of a Service, and its port? run: fairway get svc; fairway why svc/NAME",
    )


def _target(text: str, path: str) -> "Target":
    from fairway.cluster.errors import ClusterError
    from fairway.cluster.standalone.probe import Target
    from fairway.objects.authority import host_and_port

    try:
        host, port = host_and_port(text, 80)
    except ValueError:
        host, port = "", 0
    if not re.fullmatch(r"[\w.:%-]+", host) or not port or not path.startswith("/") or " " in path:
        raise ClusterError(f'"{text}" with path "{path}" is no target', "give HOST, HOST:PORT or [IPv6]:PORT")
    return Target(host, port, path)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _number(text: str) -> int:
    if not text.isdigit() or int(text) > 1_000_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return int(text)
