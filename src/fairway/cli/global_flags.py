"""Global flags: those of every command that speaks to the API, which cluster, as whom, how.

Source: ``kubectl options``.
"""

from fairway.cli.flags import Flag

GLOBAL_FLAGS = (
    Flag("as", help="act as this user", type="string"),
    Flag("as-group", help="act as a member of this group; may be repeated", type="array"),
    Flag("as-uid", help="act as the user with this UID"),
    Flag("cache-dir", help="folder for what was learnt of API servers (default $HOME/.kube/cache)"),
    Flag("certificate-authority", help="file with the certificate of the authority that the server is checked against"),
    Flag("client-certificate", help="file with a client certificate for TLS"),
    Flag("client-key", help="file with the key of the client certificate"),
    Flag("cluster", help="the cluster of the kubeconfig"),
    Flag("context", help="the context of the kubeconfig"),
    Flag("disable-compression", type="bool", help="ask for answers that are not compressed (they never are)"),
    Flag("insecure-skip-tls-verify", type="bool", help="do not check the server's certificate"),
    Flag("kubeconfig", help="the kubeconfig file (default $KUBECONFIG or $HOME/.kube/config)"),
    Flag("log-flush-frequency", type="duration", default=5.0, help="(without effect)", is_hidden=True),
    Flag("profile", default="none", help="(without effect)", is_hidden=True),
    Flag("profile-output", default="profile.pprof", help="(without effect)", is_hidden=True),
    Flag("vmodule", help="(without effect)", is_hidden=True),
    Flag("match-server-version", type="bool", help="insist on the server's version being this program's"),
    Flag("namespace", "n", help="the namespace (default: the context's)"),
    Flag("password", help="password for basic authentication"),
    Flag("request-timeout", default="0", help="how long one request may take, such as 5s; 0 for as long as it needs"),
    Flag("server", "s", help="address and port of the API server"),
    Flag("tls-server-name", help="the name that the server's certificate must have"),
    Flag("token", help="bearer token"),
    Flag("user", help="the user of the kubeconfig"),
    Flag("username", help="user name for basic authentication"),
    Flag("v", "v", type="int", help="how much to tell of the requests: 6 their lines, 7 heads, 8 bodies"),
    Flag("warnings-as-errors", type="bool", help="end with exit code 1 if the server has warned"),
)
