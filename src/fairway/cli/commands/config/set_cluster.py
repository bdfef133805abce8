"""Make or change a cluster: where it answers, and how it is trusted.

fairway config set-cluster dev --server=https://192.0.2.1:6443 --certificate-authority=ca.crt --embed-certs
"""

import base64
import os

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.flags import Values

USAGE = "NAME"
FLAGS = (
    Flag("certificate-authority", help="file with the certificate of its authority"),
    Flag("embed-certs", type="bool", help="put the certificate itself into the kubeconfig"),
    Flag("insecure-skip-tls-verify", type="bool", help="do not check its certificate"),
    Flag("proxy-url", help="the proxy on the way to it"),
    Flag("server", help="its address: https://HOST:PORT"),
    Flag("tls-server-name", help="the name that its certificate must have"),
)


def run(call: "Call") -> int:
    """Make or change it."""
    if len(call.words) != 1:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    flags, name = call.flags, call.words[0]
    if flags.insecure_skip_tls_verify and flags.certificate_authority:
        raise Failure("you cannot specify a certificate authority and insecure mode at the same time")
    if flags.is_given("embed-certs") and not flags.certificate_authority:
        raise Failure("you must specify a --certificate-authority to embed")
    data = embedded("certificate-authority", flags.certificate_authority) if flags.embed_certs else ""

    def changed(clusters: "dict[str, Any]") -> None:
        _change(clusters.setdefault(name, {"server": ""}), flags, data)

    Files(flags).change("clusters", name, changed)
    print(f'Cluster "{name}" set.')
    return 0


def _change(cluster: "dict[str, Any]", flags: "Values", data: str) -> None:
    for key in ("server", "tls-server-name", "proxy-url"):
        if flags.is_given(key):
            _put(cluster, key, getattr(flags, key.replace("-", "_")))
    if flags.is_given("insecure-skip-tls-verify"):
        _put(cluster, "insecure-skip-tls-verify", flags.insecure_skip_tls_verify)
        if flags.insecure_skip_tls_verify:
            cluster.pop("certificate-authority", None)
            cluster.pop("certificate-authority-data", None)
    if flags.certificate_authority:
        cluster.pop("insecure-skip-tls-verify", None)
        cluster.pop("certificate-authority-data", None)
        cluster.pop("certificate-authority", None)
        if data:
            cluster["certificate-authority-data"] = data
        else:
            cluster["certificate-authority"] = os.path.abspath(flags.certificate_authority)


def _put(item: "dict[str, Any]", key: str, value: "Any") -> None:
    if value or key == "server":
        item[key] = value
    else:
        item.pop(key, None)


def embedded(what: str, file: str) -> str:
    """The content of ``file`` in base64.  Raises: ``Failure``."""
    try:
        with open(file, "rb") as reading:
            return base64.b64encode(reading.read()).decode()
    except OSError as error:
        raise Failure(f"could not stat {what} file {file}: stat {file}: {(error.strerror or '').lower()}") from None
