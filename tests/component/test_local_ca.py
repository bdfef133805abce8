"""The local CA and this machine's own stores: its programs, in a mount namespace where the stores are copies."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from own_network import needs

from fairway.cli.main import run
from fairway.cluster.certificates import builder, general_name, usage
from fairway.cluster.config import Config
from fairway.cluster.local_ca import authority, trust
from fairway.cluster.local_ca.domains import RESERVED

pytestmark = needs("unshare", "mount", "curl", "openssl", "update-ca-certificates")
LOCAL, SSL, HOOKS = Path("/usr/local/share/ca-certificates"), Path("/etc/ssl"), Path("/etc/ca-certificates/update.d")
LIST, FEW = Path("/etc/ca-certificates.conf"), 5
"""Which certificates Debian ships; with some of them its program is as quick as it is slow with all."""
NAME = f"ca-{os.getpid()}"
OTHER_USER, OTHER_HOME = "mail", Path("/var/mail")
"""A user that every Debian has, and his home."""


class Machine:
    """Copies of this machine's stores, in which commands run as if they were the machine's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copies = {place: folder / place.name for place in (LOCAL, SSL, HOOKS, OTHER_HOME)}
        for place in self.copies:
            self.copies[place].mkdir()
        (self.copies[SSL] / "certs").mkdir()
        self.copies[LIST] = folder / LIST.name
        shipped = [line for line in LIST.read_text().splitlines() if line[:1] not in ("", "#", "!")]
        self.copies[LIST].write_text("".join(f"{line}\n" for line in shipped[:FEW]))
        hook = self.copies[HOOKS] / "recorder"
        hook.write_text(f"#!/bin/sh\ncat >> {folder}/told\n")
        hook.chmod(0o755)
        (folder / "home").mkdir()
        self.config = Config(name=NAME, data_dir=str(folder / "data"))
        self.config.state_dir.mkdir(parents=True)
        self.config.save()
        trust.ensure(self.config)
        self.run("update-ca-certificates")
        self.label = trust.label(self.config)

    def run(self, *words: str, code: int = 0, **extra: str) -> str:
        mounts = "".join(f"mount --bind {copy} {place}; " for place, copy in self.copies.items())
        known = ("PATH", "LANG", "PYTHONPATH")
        environment = {key: os.environ[key] for key in known if key in os.environ}
        environment |= {"HOME": str(self.folder / "home"), **extra}
        script = f'set -e; {mounts} exec "$@"'
        done = subprocess.run(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", *words],
            capture_output=True, text=True, env=environment, check=False, cwd=self.folder,
        )  # fmt: skip
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def fairway(self, *words: str, code: int = 0, **extra: str) -> str:
        flags = ["--name", self.config.name, "--data-dir", self.config.data_dir]
        return self.run(sys.executable, "-m", "fairway", *words, *flags, code=code, **extra)

    def stores(self) -> dict[str, str]:
        """Every file and link of the stores but Java's, which holds times."""
        found = {}
        for folder in (self.copies[LOCAL], self.copies[SSL]):
            for path in sorted(folder.rglob("*")):
                if path.is_symlink():
                    found[str(path)] = f"-> {os.readlink(path)}"
                elif path.is_file() and path.parent.name != "java":
                    found[str(path)] = path.read_bytes().hex()
        return found

    @property
    def bundle(self) -> Path:
        return self.copies[SSL] / "certs" / "ca-certificates.crt"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents[:2]:  # another user's certutil passes through them
        folder.chmod(0o755)
    made = Machine(tmp_path)
    yield made
    made.fairway("down", "--purge")  # the lock


@contextmanager
def served(machine: Machine, host: str) -> Iterator[int]:
    """The port of an HTTPS server whose certificate the CA made."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *words: object) -> None:
            pass

    machine.fairway("ca", "issue", host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(machine.folder / f"{host}.crt", machine.folder / f"{host}.key")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_curl_and_python_trust_it_until_they_are_told_otherwise(machine: Machine) -> None:
    before = machine.stores()
    with served(machine, "app.localhost") as port:
        curl = ("curl", "-sS", "--resolve", f"app.localhost:{port}:127.0.0.1", f"https://app.localhost:{port}/")
        python = ("/usr/bin/python3", "-c", _PYTHON, str(port))
        assert "SSL certificate problem" in machine.run(*curl, code=60)
        said = machine.fairway("ca", "trust")
        assert f"  system store, as {LOCAL}/{machine.label}.crt\n" in said
        assert said.endswith(f"  undo: sudo fairway ca untrust{machine.config.flags}\n")
        assert machine.run(*curl) == "ok"
        assert machine.run(*python) == "ok\n"
        after = machine.stores()
        assert f"as {LOCAL}/{machine.label}.crt (as before)" in machine.fairway("ca", "trust")
        assert machine.stores() == after
        assert "trusted by   the system store" in machine.fairway("ca", "show")
        assert machine.fairway("ca", "untrust") == f"taken out of the system store, as {LOCAL}/{machine.label}.crt\n"
        assert machine.stores() == before
        assert "SSL certificate problem" in machine.run(*curl, code=60)
    assert machine.fairway("ca", "untrust") == f'the local CA of cluster "{NAME}" was trusted nowhere\n'
    told = (machine.folder / "told").read_text().splitlines()
    link = f"{SSL}/certs/{machine.label}.pem"
    assert [line for line in told if link in line] == [f"+{link}", f"-{link}"]


_PYTHON = """
import http.client, ssl, socket, sys
sock = ssl.create_default_context().wrap_socket(
    socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="app.localhost")
connection = http.client.HTTPConnection("app.localhost")
connection.sock = sock
connection.request("GET", "/")
print(connection.getresponse().read().decode())
"""


def test_purge_takes_it_out_also_where_all_data_is_lost(machine: Machine) -> None:
    before = machine.stores()
    machine.fairway("ca", "trust")
    machine.fairway("down")
    assert machine.stores() != before
    machine.fairway("down", "--purge")
    assert machine.stores() == before
    assert not machine.config.state_dir.exists()
    machine.config.state_dir.mkdir(parents=True)
    machine.config.save()
    trust.ensure(machine.config)
    machine.fairway("ca", "trust")
    (machine.copies[LOCAL] / f"{machine.label}.crt").rename(machine.folder / "aside")
    assert doctor(machine)["what"].startswith(f"{LOCAL}/{machine.label}.crt does not trust the local CA any more")
    (machine.folder / "aside").rename(machine.copies[LOCAL] / f"{machine.label}.crt")
    assert doctor(machine)["level"] == "ok"
    shutil.rmtree(machine.config.state_dir)
    assert doctor(machine)["fix"] == f"run: sudo fairway ca untrust{machine.config.flags}"
    other = Config(name=NAME, data_dir=str(machine.folder / "elsewhere"))
    machine.run(sys.executable, "-m", "fairway", "ca", "untrust", *other.flags.split())
    assert machine.stores() != before  # a cluster of that name elsewhere is another
    machine.fairway("ca", "untrust")
    assert machine.stores() == before


def doctor(machine: Machine) -> dict[str, str]:
    """What the doctor says of the CA's trust."""
    script = (
        "import json; from fairway.cluster.doctor.examination import examine, scene_of; "
        f"print(json.dumps([each.as_dict() for each in examine(scene_of({NAME!r}, {machine.config.data_dir!r}), "
        "['local_ca'])]))"
    )
    (told,) = json.loads(machine.run(sys.executable, "-c", script))
    assert told["check"] == "local_ca/trusted"
    return dict(told)


def test_what_others_wrote_into_the_bundle_stays(machine: Machine) -> None:
    stranger = authority.pem(authority.read_certificate(_other_ca(machine.folder)))
    with machine.bundle.open("ab") as file:
        file.write(stranger)
    machine.fairway("ca", "trust")
    assert stranger in machine.bundle.read_bytes()
    machine.fairway("ca", "untrust")
    assert machine.bundle.read_bytes().endswith(stranger)
    assert machine.bundle.read_bytes().count(stranger) == 1


def _other_ca(folder: Path) -> Path:
    authority.ensure(folder / "other", "other", RESERVED)
    return folder / "other" / "root.crt"


@pytest.mark.skipif(shutil.which("certutil") is None, reason="needs certutil")
def test_browsers_of_the_user_behind_sudo_trust_it_and_their_files_stay_his(machine: Machine) -> None:
    uid = int(subprocess.check_output(["id", "-u", OTHER_USER], text=True))
    profile = OTHER_HOME / ".mozilla" / "firefox" / "ab12.default"
    mine = machine.copies[OTHER_HOME] / ".mozilla" / "firefox" / "ab12.default"
    mine.mkdir(parents=True)
    subprocess.run(["certutil", "-N", "--empty-password", "-d", f"sql:{mine}"], check=True)
    subprocess.run(["chown", "-R", OTHER_USER, machine.copies[OTHER_HOME]], check=True)
    sudo = {"SUDO_UID": str(uid)}
    listing = ("certutil", "-L", "-d", f"sql:{profile}")
    machine.fairway("ca", "trust", **sudo)
    assert machine.label in (listed := machine.run(*listing))
    assert next(line for line in listed.splitlines() if machine.label in line).split()[-1] == "C,,"
    found = json.loads(machine.fairway("ca", "show", "--json"))  # as root itself: it is recorded where it was put
    assert [each["path"] for each in found["places"] if each["trusted"]] == [
        f"{LOCAL}/{machine.label}.crt",
        str(profile),
    ]
    assert {path.stat().st_uid for path in mine.iterdir()} == {uid}
    assert f"taken out of the browser's database {profile}\n" in machine.fairway("ca", "untrust")
    assert machine.label not in machine.run(*listing)
    assert {path.stat().st_uid for path in mine.iterdir()} == {uid}


def test_a_user_s_own_domains_are_signed_for_once_an_up_was_told(machine: Machine) -> None:
    refused = machine.fairway("ca", "issue", "shop.mine.com", code=1)
    assert f"or have it sign for more: sudo fairway up{machine.config.flags} --ingress-ca-domains DOMAIN" in refused
    more = replace(machine.config, ingress_ca_domains="mine.com")
    more.save()
    assert trust.ensure(more)
    assert not trust.ensure(more)
    assert "shop.mine.com" in machine.fairway("ca", "issue", "shop.mine.com")
    assert json.loads(machine.fairway("ca", "show", "--json"))["domains"] == [*RESERVED, "mine.com"]


def test_the_next_up_puts_another_ca_in_the_place_of_the_first(machine: Machine) -> None:
    machine.fairway("ca", "trust")
    first = (trust.folder(machine.config) / "root.crt").read_bytes()
    (trust.folder(machine.config) / "issuer.key").unlink()
    assert trust.ensure(machine.config)
    assert "trusted by   nobody here" in machine.fairway("ca", "show")
    renew = (
        "from fairway.cluster.config import locate; from fairway.cluster.local_ca import trust; "
        f"trust.renew(locate({NAME!r}, {machine.config.data_dir!r}))"
    )
    machine.run(sys.executable, "-c", renew)
    bundle = machine.bundle.read_bytes()
    assert (trust.folder(machine.config) / "root.crt").read_bytes() in bundle
    assert first not in bundle


def test_only_root_reads_the_key_and_the_roots_is_nowhere(tmp_path: Path) -> None:
    assert authority.ensure(tmp_path / "ca", "demo", RESERVED)
    assert not authority.ensure(tmp_path / "ca", "demo", RESERVED)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "ca").iterdir()}
    assert modes == {"root.crt": "0o644", "issuer.crt": "0o644", "issuer.key": "0o600", "made-for": "0o644"}
    assert authority.ensure(tmp_path / "ca", "demo", (*RESERVED, "mine"))
    assert authority.read(tmp_path / "ca").covers("a.mine")


def verified(folder: Path, host: str, chain: bytes) -> str:
    (folder / "leaf.crt").write_bytes(chain)
    words = ["-purpose", "sslserver", "-verify_ip" if host[0].isdigit() else "-verify_hostname", host]
    words += ["-no-CApath", "-CAfile", "ca/root.crt", "-untrusted", "ca/issuer.crt", "leaf.crt"]
    done = subprocess.run(["openssl", "verify", *words], capture_output=True, text=True, cwd=folder, check=False)
    return done.stdout if done.returncode == 0 else done.stderr


def test_hosts_are_signed_for_and_no_stolen_key_can_sign_for_others(tmp_path: Path) -> None:
    authority.ensure(tmp_path / "ca", "demo", RESERVED)
    ca = authority.read(tmp_path / "ca")
    leaf = ca.issue(["app.localhost", "*.app.localhost", "127.0.0.1", "a" * 63 + ".test"])
    for host in ("app.localhost", "x.app.localhost", "127.0.0.1", "a" * 63 + ".test"):
        assert verified(tmp_path, host, leaf.chain) == "leaf.crt: OK\n"
    assert "hostname mismatch" in verified(tmp_path, "x.y.app.localhost", leaf.chain)
    assert leaf.renew_at < leaf.not_after
    with pytest.raises(ValueError, match=r"cannot sign for www\.debian\.org: it is limited to localhost, test"):
        ca.issue(["www.debian.org"])
    for host in ("www.debian.org", "10.0.0.1"):
        forged = _forged(ca, host)
        assert "permitted subtree violation" in verified(tmp_path, host, forged)


def _forged(ca: authority.Authority, host: str) -> bytes:
    """What a thief could make with the issuer's key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "thief")])
    certificate = (
        builder(name, ca.issuer.subject, key.public_key(), 1)
        .add_extension(usage(is_authority=False), critical=True)
        .add_extension(x509.SubjectAlternativeName([general_name(host)]), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return authority.pem(certificate)


def test_it_takes_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    config = Config(name="demo", data_dir=str(tmp_path))
    config.state_dir.mkdir()
    config.save()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for words in (["trust"], ["untrust"], ["issue", "app.localhost"]):
        assert run(["ca", *words, "--name", "demo", "--data-dir", str(tmp_path)]) == 1
        typed = " ".join(words)
        assert capsys.readouterr().err == (
            f"error: fairway ca {words[0]} needs root\n  fix: run: sudo fairway ca {typed}{config.flags}\n"
        )


@pytest.mark.skipif(shutil.which("vfychain") is None, reason="needs vfychain")
def test_browsers_take_a_host_s_certificate_and_no_forged_one(tmp_path: Path) -> None:
    authority.ensure(tmp_path / "ca", "demo", RESERVED)
    ca = authority.read(tmp_path / "ca")
    database = f"sql:{tmp_path / 'db'}"
    (tmp_path / "db").mkdir()
    subprocess.run(["certutil", "-N", "--empty-password", "-d", database], check=True)
    root = ["-A", "-t", "C,,", "-n", "root", "-i", str(tmp_path / "ca" / "root.crt")]
    subprocess.run(["certutil", "-d", database, *root], check=True)

    def is_good(chain: bytes) -> bool:
        (tmp_path / "leaf.crt").write_bytes(authority.pem(x509.load_pem_x509_certificates(chain)[0]))
        given = ["-u", "1", "-pp", "-a", str(tmp_path / "leaf.crt"), "-a", str(tmp_path / "ca" / "issuer.crt")]
        done = subprocess.run(["vfychain", "-d", database, *given], capture_output=True, text=True, check=False)
        return "Chain is good!" in done.stdout + done.stderr

    assert is_good(ca.issue(["app.localhost", "*.app.localhost"]).chain)
    assert is_good(_forged(ca, "shop.localhost"))
    assert not is_good(_forged(ca, "www.debian.org"))
