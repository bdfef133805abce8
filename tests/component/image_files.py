"""Images for tests, made from a few files."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Content = bytes | str | tarfile.TarInfo
"""A file's bytes, a link's target, or a whole entry."""


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar(files: Mapping[str, Content] | Sequence[tuple[str, Content]]) -> bytes:
    buffer = io.BytesIO()
    pairs = files.items() if isinstance(files, Mapping) else files
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in pairs:
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = content if isinstance(content, bytes) else b""
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            elif name.endswith("/") and not isinstance(content, tarfile.TarInfo):
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            elif not isinstance(content, tarfile.TarInfo):
                entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@dataclass
class ImageFiles:
    """One image in pieces."""

    layers: list[bytes]
    config: bytes
    packed: bool = True

    @property
    def blobs(self) -> list[bytes]:
        return [gzip.compress(layer, mtime=0) if self.packed else layer for layer in self.layers]

    @property
    def manifest(self) -> bytes:
        base = "application/vnd.oci.image"
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{base}.manifest.v1+json",
                "config": describe(f"{base}.config.v1+json", self.config),
                "layers": [describe(f"{base}.layer.v1.tar+gzip", blob) for blob in self.blobs],
            }
        ).encode()

    @property
    def id(self) -> str:
        return digest(self.config)

    def oci_archive(self, name: str) -> bytes:
        entry = describe("application/vnd.oci.image.manifest.v1+json", self.manifest)
        if name:
            entry["annotations"] = {"org.opencontainers.image.ref.name": name}
        index = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
        files: dict[str, Content] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index}
        for blob in (self.config, self.manifest, *self.blobs):
            files[f"blobs/sha256/{digest(blob).removeprefix('sha256:')}"] = blob
        return tar(files)

    def docker_archive(self, *names: str) -> bytes:
        layers = [f"{number}/layer.tar" for number in range(len(self.layers))]
        files: dict[str, Content] = dict(zip(layers, self.layers, strict=True))
        files["config.json"] = self.config
        files["manifest.json"] = json.dumps(
            [{"Config": "config.json", "RepoTags": list(names), "Layers": layers}]
        ).encode()
        return tar(files)


def describe(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def image(*layers: Mapping[str, Content], packed: bool = True, **config: Any) -> ImageFiles:
    tars = [tar(layer) for layer in layers]
    document = {
        "architecture": "amd64", "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in tars]},
    }  # fmt: skip
    return ImageFiles(tars, json.dumps(document).encode(), packed)


def busybox(**config: Any) -> ImageFiles:
    """A shell and its commands; needs busybox-static."""
    path = shutil.which("busybox")
    assert path is not None
    names = (
        "sh",
        "cat",
        "echo",
        "sleep",
        "id",
        "ls",
        "pwd",
        "env",
        "true",
        "tty",
        "stty",
        "head",
        "yes",
        "dd",
        "mount",
    )
    files: dict[str, Content] = {"bin/": b"", "tmp/": b"", "etc/": b"", "bin/busybox": Path(path).read_bytes()}
    files |= {f"bin/{name}": "busybox" for name in names}
    files |= {"etc/passwd": b"root:x:0:0::/root:/bin/sh\nweb:x:101:102::/:/bin/sh\n", "etc/group": b"www:x:200:web\n"}
    return image(files, **({"Cmd": ["sleep", "1000"]} | config))
