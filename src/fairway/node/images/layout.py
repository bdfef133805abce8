"""Layout: the store's files: an OCI image layout, and beside it each layer unpacked once.

    oci-layout  index.json          names and the manifests they stand for
    blobs/sha256/<digest>           manifests, configs, layers as they came
    layers/<first 24 digits>/       a layer unpacked, for overlayfs (short, because mount options fit in one page)
    ingest/                         what is being written; renamed when whole
    index.lock  content.lock        the first for changes of the index; the second is held shared by whoever brings
                                    content in and exclusively by whoever collects garbage

Source: OCI image specification, image-layout.md.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fairway.node import trees
from fairway.node.images.compression import plain_reader
from fairway.node.images.index import Entry, Index, encode_index
from fairway.node.images.layers import COPY_BYTES, InvalidLayer, unpack_layer
from fairway.node.images.manifest import Descriptor, Manifest, diff_ids, parse_manifest
from fairway.node.syscalls import syncfs

LAYER_NAME_LENGTH = 24
DOCUMENT_MAX = 8 << 20


class DigestMismatch(Exception):
    """The content is not what its digest says."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"unexpected commit digest {found}, expected {expected}: failed precondition")


@dataclass(frozen=True, slots=True)
class Rootfs:
    """What a container's file system is made of: folders below ``layers``, lowest first, and the image's config."""

    layers_path: Path
    layers: tuple[str, ...]
    config: dict[str, Any]


class _HashingReader:
    """Passes on what it reads, and its digest at the end."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        while self.read(COPY_BYTES):
            pass
        return f"sha256:{self._hash.hexdigest()}"


class Layout:
    """Blocking; safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layers_path = path / "layers"
        self._blobs = path / "blobs" / "sha256"
        self._ingest = path / "ingest"
        self.index = Index(path / "index.json")
        self._documents: dict[str, dict[str, Any]] = {}

    def prepare(self) -> None:
        """Make the folders; repeating it is harmless."""
        for folder in (self._blobs, self.layers_path, self._ingest):
            folder.mkdir(parents=True, exist_ok=True)
        mark = self.path / "oci-layout"
        if not mark.exists():
            self.write_whole(mark, b'{"imageLayoutVersion":"1.0.0"}')

    # Locks

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[bool]:
        self.prepare()
        descriptor = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, how)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    @contextmanager
    def bringing_in(self) -> Iterator[None]:
        """Nothing is collected while content comes in that no name stands for yet."""
        with self._locked("content.lock", fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """For the collector: whether nobody is bringing in content now."""
        with self._locked("content.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as free:
            yield free

    # Blobs

    def blob_path(self, digest: str) -> Path:
        """Where the blob of that digest lies."""
        return self._blobs / digest.removeprefix("sha256:")

    def has_blob(self, digest: str) -> bool:
        """Whether the blob is here."""
        return self.blob_path(digest).exists()

    @contextmanager
    def new_file(self) -> Iterator[BinaryIO]:
        """A file for content on its way; gone afterwards unless it was committed."""
        with tempfile.NamedTemporaryFile(dir=self._ingest, delete=False) as file:
            try:
                yield file  # type: ignore[misc]
            finally:
                Path(file.name).unlink(missing_ok=True)

    def commit(self, file: BinaryIO, digest: str) -> None:
        """Make a whole, checked file the blob of its digest, durably."""
        file.flush()
        os.fdatasync(file.fileno())
        os.chmod(file.name, 0o644)
        os.rename(file.name, self.blob_path(digest))
        _sync_folder(self._blobs)

    def add_blob(self, source: BinaryIO, expected: str = "") -> tuple[str, int]:
        """Copy a blob in; returns its digest and size.  Raises: ``DigestMismatch``."""
        reader = _HashingReader(source)
        with self.new_file() as file:
            shutil.copyfileobj(reader, file, COPY_BYTES)
            size = file.tell()
            digest = reader.digest()
            if expected and digest != expected:
                raise DigestMismatch(expected, digest)
            if not self.has_blob(digest):
                self.commit(file, digest)
        return digest, size

    def add_bytes(self, data: bytes, media_type: str) -> Descriptor:
        """Put a document in."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if not self.has_blob(digest):
            with self.new_file() as file:
                file.write(data)
                self.commit(file, digest)
        return Descriptor(media_type, digest, len(data))

    def document(self, digest: str) -> dict[str, Any]:
        """A JSON blob.  Raises: ``FileNotFoundError``, ``ValueError``."""
        found = self._documents.get(digest)
        if found is None:
            path = self.blob_path(digest)
            if path.stat().st_size > DOCUMENT_MAX:
                raise ValueError(f"{digest} is too large to be a manifest or config")
            found = json.loads(path.read_bytes())
            if not isinstance(found, dict):
                raise ValueError(f"{digest} is no JSON object")
            self._documents[digest] = found
        return found

    def manifest(self, digest: str) -> Manifest:
        """The manifest of that digest."""
        return parse_manifest(self.document(digest))

    # Layers

    def layer_name(self, diff_id: str) -> str:
        """The folder of an unpacked layer below ``layers``."""
        return diff_id.removeprefix("sha256:")[:LAYER_NAME_LENGTH]

    def unpack(self, blob: str, diff_id: str) -> None:
        """Unpack a layer unless it is.  Raises: ``InvalidLayer``, ``DigestMismatch``."""
        target = self.layers_path / self.layer_name(diff_id)
        if target.exists():
            return
        folder = Path(tempfile.mkdtemp(dir=self._ingest))
        try:
            root = folder / "root"
            root.mkdir(mode=0o755)
            with plain_reader(self.blob_path(blob)) as stream:
                reader = _HashingReader(stream)
                unpack_layer(reader, root)  # type: ignore[arg-type]
                found = reader.digest()
            if found != diff_id:
                raise DigestMismatch(diff_id, found)
            _sync_filesystem(root)
            try:
                os.rename(root, target)
            except OSError:
                if not target.exists():
                    raise
            _sync_folder(self.layers_path)
        finally:
            trees.remove(folder, ignore_errors=True)

    def unpack_all(self, manifest: Manifest) -> None:
        """Unpack every layer of an image.  Raises: ``InvalidLayer``, ``DigestMismatch``."""
        ids = diff_ids(self.document(manifest.config.digest))
        if len(ids) != len(manifest.layers):
            raise InvalidLayer(f"the config names {len(ids)} layers, the manifest {len(manifest.layers)}")
        for layer, diff_id in zip(manifest.layers, ids, strict=True):
            self.unpack(layer.digest, diff_id)

    def rootfs(self, image_id: str) -> Rootfs:
        """What a container of that image is made of.  Raises: ``FileNotFoundError``."""
        config = self.document(image_id)
        names = tuple(dict.fromkeys(self.layer_name(diff_id) for diff_id in diff_ids(config)))
        for name in names:
            if not (self.layers_path / name).is_dir():
                raise FileNotFoundError(f"layer {name} of image {image_id} is not unpacked")
        return Rootfs(self.layers_path, names, config)

    def write_whole(self, path: Path, data: bytes) -> None:
        """Replace a file of the store, durably: it is the old or the new one after any crash."""
        with self.new_file() as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.rename(file.name, path)
        _sync_folder(path.parent)

    # Names

    def entries(self) -> Sequence[Entry]:
        """Every name; read again only when the index has changed."""
        return self.index.entries()

    def change_index(self, change: Callable[[Sequence[Entry]], Sequence[Entry]]) -> None:
        """Replace the names by what ``change`` makes of them, durably and alone."""
        with self._locked("index.lock", fcntl.LOCK_EX):
            self.write_whole(self.index.path, encode_index(change(self.index.entries())))

    # What the collector needs

    def blobs(self) -> list[str]:
        """Digests of all blobs."""
        return [f"sha256:{entry.name}" for entry in self._blobs.iterdir()]

    def discard_blob(self, digest: str) -> None:
        """Remove a blob."""
        self._documents.pop(digest, None)
        self.blob_path(digest).unlink(missing_ok=True)

    def unpacked(self) -> list[str]:
        """Folder names of all unpacked layers."""
        return [entry.name for entry in self.layers_path.iterdir()]

    def discard_layer(self, name: str) -> None:
        """Remove an unpacked layer: out of the way first, so that a crash leaves no half of it in use."""
        folder = Path(tempfile.mkdtemp(dir=self._ingest))
        os.rename(self.layers_path / name, folder / "root")
        trees.remove(folder)

    def discard_unfinished(self) -> None:
        """Remove what crashed imports left behind; only while alone."""
        for entry in self._ingest.iterdir():
            if entry.is_dir():
                trees.remove(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_filesystem(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs(descriptor)
    finally:
        os.close(descriptor)
