"""Serve the names of a cluster's Services: cluster DNS alone, against any Kubernetes API server.

fairway dns --kubeconfig FILE --listen 169.254.20.10

Without a kubeconfig it speaks as the pod that it runs in.  It needs the rights to list and watch services and
endpointslices.  It ends with SIGTERM; while the API server is away it goes on with what it knows.
"""

import argparse


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


def run(args: argparse.Namespace) -> int:
    """Serve."""
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


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)
