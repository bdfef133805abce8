"""Serve the names of a cluster's Services: cluster DNS alone, against any Kubernetes API server.

fairway dns --kubeconfig FILE --listen 169.254.20.10
fairway dns install-resolver   programs of this machine find the names of the cluster that runs on it
fairway dns remove-resolver    undo it, as `fairway down` does too

Without a kubeconfig it speaks as the pod that it runs in.  It needs the rights to list and watch services and
endpointslices.  It ends with SIGTERM; while the API server is away it goes on with what it knows.
"""

import argparse

from fairway.cli.main import add_cluster_flags


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    parser.add_argument(
        "--kubeconfig", default="", metavar="FILE", help="kubeconfig file (default: $KUBECONFIG, or as a pod)"
    )
    parser.add_argument("--context", default="", help="context in it (default: the current one)")
    parser.add_argument(
        "--listen",
        default="127.0.0.1",
        metavar="IP,IP",
        help="where to answer: IP or IP:PORT (default 127.0.0.1, port 53)",
    )
    parser.add_argument(
        "--cluster-domain", default="cluster.local", metavar="DOMAIN", help="the cluster's (default cluster.local)"
    )
    parser.add_argument(
        "--upstreams", default="", metavar="IP,IP",
        help="name servers for all other names, IP or IP:PORT (default: those of /etc/resolv.conf)",
    )  # fmt: skip
    parser.add_argument(
        "--reverse-cidrs", default="", metavar="CIDR,CIDR",
        help="ranges whose reverse names are this cluster's alone and never asked of others",
    )  # fmt: skip
    parser.add_argument(
        "--metrics-port", type=_port, default=9153, metavar="PORT",
        help="/metrics, /health and /ready at the same addresses (default 9153; 0: none)",
    )  # fmt: skip

    actions = parser.add_subparsers(dest="action", metavar="{install-resolver,remove-resolver}")
    for name, text in (
        ("install-resolver", "have this machine's resolver ask the cluster's DNS for the cluster's names"),
        ("remove-resolver", "undo it"),
    ):
        action = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        add_cluster_flags(action)
        action.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Serve, or change this machine's resolver."""
    if args.action:
        return _change_resolver(args)
    from fairway.cluster.standalone import dns

    dns.run(
        args.kubeconfig,
        args.context,
        dns.settings(
            listen=args.listen,
            cluster_domain=args.cluster_domain,
            upstreams=args.upstreams,
            reverse_cidrs=args.reverse_cidrs,
            metrics_port=args.metrics_port,
        ),
    )
    return 0


def _change_resolver(args: argparse.Namespace) -> int:
    from fairway.cluster.config import locate
    from fairway.cluster.resolver import host

    config = locate(args.name, args.data_dir)
    done = host.remove(config) if args.action == "remove-resolver" else host.install(config)
    if args.json:
        import json

        print(json.dumps({"action": args.action, "probe": host.probe_name(config), "done": done}, indent=1))
        return 0
    print("\n".join(done))
    if args.action == "remove-resolver":
        return 0
    print(f"  try: getent hosts {host.probe_name(config)}   undo: sudo fairway dns remove-resolver{config.flags}")
    return 0


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)
