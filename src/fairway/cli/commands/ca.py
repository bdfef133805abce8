"""Have this machine trust the certificates that a cluster's own CA makes for its Ingresses, or trust them no more.

fairway ca trust       programs of this machine, and the browsers of its user, trust the CA
fairway ca untrust     undo it, as `fairway down --purge` does too
fairway ca show        its fingerprint, for which names it can sign, where it is trusted
fairway ca issue HOST  a certificate and a key for a server of your own, or for a Secret

The CA is one of this cluster's alone, and can sign only for names that nobody in the world owns: below localhost, test,
example, internal, local and the cluster's domain.  See docs/ca.md.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairway.cli.main import add_cluster_flags
from fairway.cluster.errors import ClusterError

if TYPE_CHECKING:
    from fairway.cluster.config import Config
    from fairway.cluster.local_ca.trust import Finding

ISSUED_DAYS = 90


def configure(parser: argparse.ArgumentParser) -> None:
    """Flags."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="{trust,untrust,show,issue}")
    for name, aliases, text in (
        ("trust", (), "have this machine's programs and its user's browsers trust the CA"),
        ("untrust", (), "undo it"),
        ("show", ("status",), "show the CA: its fingerprint, for which names it can sign, where it is trusted"),
        ("issue", (), "make a certificate and a key for hosts"),
    ):
        action = actions.add_parser(name, aliases=aliases, help=text, description=text, allow_abbrev=False)
        action.set_defaults(action=name)
        add_cluster_flags(action)
        action.add_argument("--json", action="store_true", help="print JSON")
        if name == "show":
            action.add_argument("--pem", action="store_true", help="print the CA's certificate, and nothing else")
        if name == "issue":
            action.add_argument("hosts", nargs="+", metavar="HOST", help="a name, *.name, or an address of loopback")
            action.add_argument(
                "--out", default=".", metavar="DIR", help="folder for HOST.crt and HOST.key (default .)"
            )
            action.add_argument(
                "--days", type=_days, default=ISSUED_DAYS, help=f"how long it counts (default {ISSUED_DAYS}, most 825)"
            )


def run(args: argparse.Namespace) -> int:
    """Do it and tell."""
    return {"trust": _trust, "untrust": _untrust, "show": _show, "issue": _issue}[args.action](args)


def _trust(args: argparse.Namespace) -> int:
    from fairway.cluster.config import locate
    from fairway.cluster.local_ca import trust
    from fairway.cluster.up import lock

    config = locate(args.name, args.data_dir)
    _need_root("trust", config)
    with lock(config):
        findings = trust.trust(config)
    undo = f"sudo fairway ca untrust{config.flags}"
    remarks = _remarks(config)
    if args.json:
        _print_json({**_known(config), "places": _as_json(findings), "remarks": remarks, "undo": undo})
        return 0
    known = _known(config)
    print(f"this machine trusts the local CA of cluster {config.name}, SHA-256 {known['fingerprint']}")
    for each in findings:
        print(f"  {_where(each)}" + ("" if each.is_changed else " (as before)"))
    print(f"  for names below {', '.join(known['domains'])}, and for loopback addresses")
    print("".join(f"  {line}\n" for line in remarks), end="")
    print(f"  undo: {undo}")
    return 0


def _untrust(args: argparse.Namespace) -> int:
    import contextlib

    from fairway.cluster.config import Config, locate
    from fairway.cluster.local_ca import trust
    from fairway.cluster.up import lock
    from fairway.cluster.values import cluster_name

    # What was trusted can be taken out by the cluster's name alone, also where all of its data is lost.
    config = Config(name=cluster_name(args.name), data_dir=args.data_dir)
    with contextlib.suppress(ClusterError):
        config = locate(args.name, args.data_dir)
    _need_root("untrust", config)
    with lock(config) if config.state_dir.exists() else contextlib.nullcontext():
        findings = trust.untrust(config)
    if args.json:
        _print_json({"cluster": config.name, "places": _as_json(findings)})
        return 0
    for each in findings:
        print(f"taken out of the {_where(each)}")
    if not findings:
        print(f'the local CA of cluster "{config.name}" was trusted nowhere')
    return 0


def _show(args: argparse.Namespace) -> int:
    from fairway.cluster.config import locate
    from fairway.cluster.local_ca import trust

    config = locate(args.name, args.data_dir)
    known = _known(config)
    if args.pem:
        print(Path(known["certificate"]).read_text(), end="")
        return 0
    findings = trust.look(config)
    if args.json:
        _print_json({**known, "places": _as_json(findings)})
        return 0
    print(f"{known['subject']}\n  SHA-256      {known['fingerprint']}\n  certificate  {known['certificate']}")
    print(f"  until        {known['notAfter']}")
    print(f"  signs for    names below {', '.join(known['domains'])}; loopback addresses")
    trusted = [each for each in findings if each.is_trusted]
    for each in trusted:
        print(f"  trusted by   the {_where(each)}")
    if not trusted:
        print(f"  trusted by   nobody here; to change that: sudo fairway ca trust{config.flags}")
    return 0


def _issue(args: argparse.Namespace) -> int:
    from fairway.cluster.config import locate
    from fairway.cluster.local_ca import authority, trust

    config = locate(args.name, args.data_dir)
    _need_root("issue", config, *args.hosts)
    trust.ensure(config)
    hosts = [host.lower().rstrip(".") for host in args.hosts]
    try:
        leaf = authority.read(trust.folder(config)).issue(hosts, days=args.days)
    except ValueError as error:
        more = f"sudo fairway up{config.flags} --ingress-ca-domains DOMAIN"
        raise ClusterError(str(error), f"choose a name below one of these, or have it sign for more: {more}") from error
    files = _write(Path(args.out), hosts[0], leaf.chain, leaf.key)
    until = leaf.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    if args.json:
        _print_json({"hosts": hosts, "certificate": str(files[0]), "key": str(files[1]), "notAfter": until})
        return 0
    print(f"{files[0]}   certificate for {', '.join(hosts)} and the CA's, until {until}")
    print(f"{files[1]}   its key")
    print(f"  for an Ingress: kubectl create secret tls NAME --cert={files[0]} --key={files[1]}")
    return 0


def _write(folder: Path, host: str, chain: bytes, key: bytes) -> tuple[Path, Path]:
    """The two files, owned by whoever typed the command."""
    from fairway.cluster.certificates import write
    from fairway.cluster.kubeconfig import invoking_user

    name = host.replace("*", "_wildcard").replace(":", "-")
    files = folder / f"{name}.crt", folder / f"{name}.key"
    user = invoking_user()
    try:
        for path, text, mode in ((files[1], key, 0o600), (files[0], chain, 0o644)):
            write(path, text, mode, (user.pw_uid, user.pw_gid))
    except OSError as error:
        raise ClusterError(f"cannot write into {folder}: {error.strerror}", "name another folder in --out") from error
    return files


def _known(config: "Config") -> dict[str, Any]:
    """What can be told of a cluster's CA.  Raises: ``ClusterError`` where it has none."""
    from fairway.cluster.local_ca import authority, trust

    path = trust.folder(config) / "root.crt"
    try:
        root = authority.read_certificate(path)
    except FileNotFoundError:
        raise ClusterError(
            f'cluster "{config.name}" has no CA for Ingresses yet',
            f"the next up makes it: sudo fairway up{config.flags}",
        ) from None
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"{path} cannot be read: {error}", f"make another: sudo rm {path} && sudo fairway up{config.flags}"
        ) from error
    return {
        "cluster": config.name,
        "subject": root.subject.rfc4514_string(),
        "fingerprint": authority.fingerprint(root),
        "certificate": str(path),
        "label": trust.label(config),
        "notAfter": root.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "domains": list(authority.domains_of(root)),
    }


def _remarks(config: "Config") -> list[str]:
    """What the user must know: of browsers that were left alone, and of programs that have lists of their own."""
    from fairway.cluster.local_ca import nss, system_store, trust

    found = []
    if closed := trust.closed_browsers():
        found.append(
            f"left alone, for there is no certutil: {', '.join(map(str, closed))}; "
            f"run: sudo apt-get install -y {nss.PACKAGE}, then this again"
        )
    bundle = system_store.needed().bundle
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        file = os.environ.get(name, "")
        if file and os.path.realpath(file) != os.path.realpath(bundle):
            found.append(f"{name} names {file}: programs that obey it do not look at the system store")
    found.append(f"programs with a list of their own: export REQUESTS_CA_BUNDLE={bundle} (Python's requests),")
    found.append(
        f"  NODE_EXTRA_CA_CERTS={trust.folder(config) / 'root.crt'} (Node.js); running browsers: start them again"
    )
    return found


def _where(finding: "Finding") -> str:
    if finding.place.kind == "browser":
        return f"browser's database {finding.place.path}"
    return f"system store, as {finding.place.path}"


def _as_json(findings: "Sequence[Finding]") -> list[dict[str, Any]]:
    return [
        {"kind": each.place.kind, "path": each.place.path, "trusted": each.is_trusted, "changed": each.is_changed}
        for each in findings
    ]


def _print_json(value: dict[str, Any]) -> None:
    json.dump(value, sys.stdout, indent=1)
    print()


def _need_root(action: str, config: "Config", *words: str) -> None:
    if os.geteuid() != 0:
        typed = " ".join(["fairway ca", action, *words])
        raise ClusterError(f"fairway ca {action} needs root", f"run: sudo {typed}{config.flags}")


def _days(text: str) -> int:
    if not (text.isdecimal() and text.isascii()) or not 1 <= int(text) <= 825:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days between 1 and 825")
    return int(text)
