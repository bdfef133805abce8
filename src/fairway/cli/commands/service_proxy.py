"""Work as the Service proxy of one node, in place of kube-proxy, against any Kubernetes API server.

fairway service-proxy --kubeconfig FILE --node-name NAME
fairway service-proxy --dry-run ...     says what it would change, and ends
fairway service-proxy --cleanup         takes its rules away

Without a kubeconfig it speaks as the pod that it runs in.  The ClusterRole system:node-proxier is all that it needs.
It ends with SIGTERM; its rules stay and go on working.  The flags are kube-proxy's where it has them.
"""

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    add = parser.add_argument
    add("--kubeconfig", metavar="FILE", help="kubeconfig file (default: $KUBECONFIG, or as a pod)")
    add("--context", default="", help="context in it (default: the current one)")
    add("--hostname-override", "--node-name", metavar="NAME", help="name of this Node (default: the host name)")
    add("--cluster-cidr", metavar="CIDR,CIDR", help="ranges of all pods (default: the Node's own spec.podCIDRs)")
    add(
        "--service-cidr", metavar="CIDR,CIDR",
        help="ranges of cluster IPs, where the API server has no ServiceCIDR objects",
    )  # fmt: skip
    add(
        "--nodeport-addresses", metavar="CIDR,CIDR",
        help="addresses at which node ports answer, or `primary` (default: all but loopback)",
    )  # fmt: skip
    add("--masquerade-all", action="store_true", default=None, help="hide the source of everything to a cluster IP")
    add("--healthz-bind-address", metavar="IP:PORT", help="/healthz and /livez (default 0.0.0.0:10256; empty: none)")
    add("--metrics-bind-address", metavar="IP:PORT", help="/metrics and more (default 127.0.0.1:10249; empty: none)")
    add("--proxy-mode", choices=["nftables"], default="nftables", help="nftables is the only one")
    add("--conntrack-max-per-core", metavar="N", help="tracked connections a core (default 32768; 0: as it is)")
    add("--conntrack-min", metavar="N", help="tracked connections at least (default 131072)")
    add("--conntrack-tcp-timeout-established", metavar="TIME", help="of idle connections (default 24h; 0: as it is)")
    add("--conntrack-tcp-timeout-close-wait", metavar="TIME", help="of half closed ones (default 1h; 0: as it is)")
    add("-v", "--v", type=int, default=0, metavar="N", help="4 and more: log every detail")
    add("--config", metavar="FILE", help="kube-proxy's configuration file; flags go before it")
    add("--dry-run", action="store_true", help="print what would change, element by element, and end")
    add("--json", action="store_true", help="with --dry-run: a JSON object a line")
    add("--cleanup", action="store_true", help="remove all rules and end")


def run(args: argparse.Namespace) -> int:
    """Work, preview or clean up."""
    from fairway.cluster.standalone import proxy
    from fairway.cluster.standalone.proxy_flags import read, told

    if args.cleanup:
        proxy.cleanup()
        return 0
    import socket

    wanted = told(vars(args), read(args.config) if args.config else {}, socket.gethostname())
    if args.dry_run:
        for line in proxy.preview(wanted, is_json=args.json):
            print(line)
        return 0
    proxy.run(wanted)
    return 0
