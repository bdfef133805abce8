#!/usr/bin/env python3
"""Build the kubia image offline: ``build.py [OUTPUT]`` writes an archive for ``fairway image import``.

The image is put together from what the machine has: busybox-static for a shell, curl and the interpreter that runs
``kubia.py``, each with the shared libraries that ``ldd`` names.  Two builds on one machine give the same bytes.
The archive is an OCI layout that carries ``docker save``'s manifest too, so other tools load it as well.
"""

import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAME = "docker.io/luksa/kubia:latest"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
ENTRYPOINT = ["/usr/bin/python3", "-I", "-S", "/app/kubia.pyc"]
MODULES = "select, sys, time, _signal, _socket, posix, ssl, os"
LIST_MODULES = (
    f"import {MODULES}, json\nprint(json.dumps([getattr(m, '__file__', None) for m in list(sys.modules.values())]))"
)
COMPILE = (
    "import py_compile, sys\n"
    "py_compile.compile(sys.argv[1], sys.argv[2], sys.argv[3], doraise=True,"
    " invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
)
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


class Missing(Exception):
    """The machine lacks something; the text names the cure."""


class Tree:
    """The image's files, by path without the leading slash."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[tarfile.TarInfo, bytes]] = {}

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Add a folder."""
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode = tarfile.DIRTYPE, mode
        self._put(entry, b"")

    def file(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Add a file."""
        entry = tarfile.TarInfo(path)
        entry.size, entry.mode = len(data), mode
        self._put(entry, data)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        entry = tarfile.TarInfo(path)
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
        self._put(entry, b"")

    def _put(self, entry: tarfile.TarInfo, data: bytes) -> None:
        parent = entry.name.rpartition("/")[0]
        if parent and parent not in self._entries:
            self.folder(parent)
        self._entries.setdefault(entry.name, (entry, data))

    def tar(self) -> bytes:
        """The tar, sorted and without times or owners."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for _path, (entry, data) in sorted(self._entries.items()):
                archive.addfile(entry, io.BytesIO(data))
        return buffer.getvalue()


def program(name: str, package: str) -> str:
    """The path of a program of the machine.  Raises: ``Missing``."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is missing: install it with `apt-get install {package}`")
    return path


def libraries(path: str) -> list[str]:
    """The shared libraries of a program or library, by the paths under which they are looked for."""
    told = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    found = []
    for line in told.splitlines():
        words = line.split()
        found += [word for word in words[:3] if word.startswith("/")][-1:]
    return found


def add_program(tree: Tree, path: str, target: str) -> None:
    """A program and its libraries."""
    tree.file(target, Path(path).read_bytes(), 0o755)
    for library in libraries(path):
        tree.file(library.lstrip("/"), Path(library).read_bytes(), 0o755)


def interpreter() -> str:
    """The system's interpreter, else the one that runs this: small ones first."""
    system = shutil.which("python3", path="/usr/bin")
    return os.path.realpath(system or getattr(sys, "_base_executable", sys.executable))


def add_interpreter(tree: Tree, python: str) -> None:
    """The interpreter with the modules that the server imports, compiled; nothing else of its library."""
    target = python.lstrip("/")
    add_program(tree, python, target)
    tree.link("usr/bin/python3", python)
    told = subprocess.run([python, "-I", "-S", "-c", LIST_MODULES], capture_output=True, text=True, check=True)
    for path in sorted({found for found in json.loads(told.stdout) if found}):
        if path.endswith(".py"):
            tree.file(path.lstrip("/"), Path(path).read_bytes())
            folder, _, name = path.rpartition("/")
            cached = f"{folder}/__pycache__/{name[:-3]}.cpython-{tag(python)}.pyc"
            tree.file(cached.lstrip("/"), compiled(python, path, path))
        else:
            add_program(tree, path, path.lstrip("/"))


def tag(python: str) -> str:
    """The part of a cached file's name that says which interpreter made it."""
    code = "import sys; print('%d%d' % sys.version_info[:2])"
    return subprocess.run([python, "-I", "-S", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def compiled(python: str, source: str, shown: str) -> bytes:
    """The byte code of a module, valid whatever the times of files are."""
    passing = f"{tempfile.gettempdir()}/kubia-{os.getpid()}.pyc"
    try:
        subprocess.run([python, "-I", "-S", "-c", COMPILE, source, passing, shown], check=True)
        return Path(passing).read_bytes()
    finally:
        Path(passing).unlink(missing_ok=True)


def certificate() -> tuple[bytes, bytes]:
    """A self-signed certificate and its key, the same in every build: a demonstration, no secret."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.x509.oid import NameOID

    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"kubia: a demonstration, no secret").digest())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubia")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certified = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("kubia")]), critical=False)
        .sign(key, None)
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certified.public_bytes(pem), private


def image_tree() -> Tree:
    """Every file of the image.  Raises: ``Missing``."""
    tree = Tree()
    for folder, mode in (("tmp", 0o1777), ("root", 0o700), ("proc", 0o555), ("sys", 0o555), ("dev", 0o755)):
        tree.folder(folder, mode)
    for path, text in FILES.items():
        tree.file(path, text.encode())
    add_program(tree, program("curl", "curl"), "usr/bin/curl")
    python = interpreter()
    add_interpreter(tree, python)
    source = HERE / "kubia.py"
    tree.file("app/kubia.py", source.read_bytes())
    tree.file("app/kubia.pyc", compiled(python, str(source), "/app/kubia.py"))
    public, private = certificate()
    tree.file("app/kubia.crt", public)
    tree.file("app/kubia.key", private)
    busybox = program("busybox", "busybox-static")
    if libraries(busybox):
        raise Missing("busybox is not static: install it with `apt-get install busybox-static`")
    tree.file("bin/busybox", Path(busybox).read_bytes(), 0o755)
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    for applet in applets:
        if applet != "busybox":
            tree.link(f"bin/{applet}", "busybox")
    return tree


def digest(data: bytes) -> str:
    """The digest of a blob."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def archive(layer: bytes) -> bytes:
    """The whole archive around one layer."""
    packed = gzip.compress(layer, 6, mtime=0)
    config = json.dumps(
        {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": ENTRYPOINT,
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "ExposedPorts": {"8080/tcp": {}},
            },
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "examples/kubia/build.py"}],
        }
    ).encode()
    media = "application/vnd.oci.image"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{media}.manifest.v1+json",
            "config": describe(f"{media}.config.v1+json", config),
            "layers": [describe(f"{media}.layer.v1.tar+gzip", packed)],
        }
    ).encode()
    entry = describe(f"{media}.manifest.v1+json", manifest)
    entry["annotations"] = {"io.containerd.image.name": NAME, "org.opencontainers.image.ref.name": "latest"}
    blobs = {digest(data): data for data in (config, manifest, packed)}
    tree = Tree()
    tree.file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    tree.file("index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
    saved = {"Config": blob(digest(config)), "RepoTags": ["luksa/kubia:latest"], "Layers": [blob(digest(packed))]}
    tree.file("manifest.json", json.dumps([saved]).encode())
    for name, data in blobs.items():
        tree.file(blob(name), data)
    return tree.tar()


def describe(media_type: str, data: bytes) -> dict[str, object]:
    """What points to a blob."""
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def blob(name: str) -> str:
    """Where a blob lies in the archive."""
    return f"blobs/{name.replace(':', '/')}"


def main() -> int:
    """Build and write; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the kubia image offline.")
    parser.add_argument("output", nargs="?", default=str(HERE / "kubia.tar"))
    output = Path(parser.parse_args().output)
    try:
        data = archive(image_tree().tar())
    except Missing as missing:
        print(f"build.py: {missing}", file=sys.stderr)
        return 1
    passing = output.with_name(output.name + ".new")
    passing.write_bytes(data)
    os.rename(passing, output)
    print(f"{output}: {len(data) / (1 << 20):.1f} MiB, {digest(data)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
