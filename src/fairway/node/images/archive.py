"""Archives: images in tar files, as ``docker save`` and OCI tools write them, packed or not.

Source: OCI image specification, image-layout.md; the Docker image specification v1.2 (``manifest.json``).
"""

import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from fairway.node.images.compression import is_packed, plain_reader
from fairway.node.images.index import NAME_ANNOTATION
from fairway.node.images.layers import COPY_BYTES, clean_name
from fairway.node.images.layout import DOCUMENT_MAX, Layout
from fairway.node.images.manifest import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    choose_platform,
    is_index,
    parse_descriptor,
    parse_manifest,
    platform_rank,
)


class InvalidArchive(Exception):
    """The file is no image archive; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One image of an archive: its manifest, the names it had there, and its digest if it came with one."""

    manifest: Descriptor
    names: tuple[str, ...]
    resolved: str = ""


class _Archive:
    """The members of an open archive by their clean names."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._members = {clean_name(member.name): member for member in archive}

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def open(self, name: str) -> BinaryIO:
        """A member's content; links inside the archive are followed.  Raises: ``InvalidArchive``."""
        member = self._members.get(clean_name(name))
        try:
            content = self._archive.extractfile(member) if member is not None else None
        except KeyError:
            content = None
        if content is None:
            raise InvalidArchive(f"the archive has no file {name}")
        return cast(BinaryIO, content)

    def document(self, name: str) -> Any:
        """A member's JSON.  Raises: ``InvalidArchive``."""
        raw = self.open(name).read(DOCUMENT_MAX)
        try:
            return json.loads(raw)
        except ValueError as error:
            raise InvalidArchive(f"{name} in the archive is no JSON: {error}") from error

    def blob(self, digest: str) -> BinaryIO:
        """A blob of an OCI layout."""
        return self.open(f"blobs/{digest.replace(':', '/', 1)}")


@contextmanager
def _spooled(source: BinaryIO, layout: Layout) -> Iterator[Path]:
    """A passing file with the content of ``source``."""
    with layout.new_file() as file:
        shutil.copyfileobj(source, file, COPY_BYTES)
        file.flush()
        yield Path(file.name)


@contextmanager
def _opened(path: Path, layout: Layout) -> Iterator[_Archive]:
    """The archive with random access: a packed one is unpacked into a passing file first."""
    try:
        with ExitStack() as passing:
            if not path.is_file():  # A pipe can be read only once and only forwards.
                path = passing.enter_context(_spooled(passing.enter_context(path.open("rb")), layout))
            if is_packed(path):
                path = passing.enter_context(_spooled(passing.enter_context(plain_reader(path)), layout))
            yield _Archive(passing.enter_context(tarfile.open(path, "r:")))
    except (tarfile.TarError, EOFError) as error:
        raise InvalidArchive(f"it is no tar archive: {error}") from error


def read_archive(path: Path, layout: Layout, machine: str) -> list[Imported]:
    """Bring every image of the archive into the layout, blobs and manifests; nothing is named or unpacked yet.

    Raises: ``InvalidArchive``, ``InvalidManifest``, ``InvalidLayer``, ``DigestMismatch``, ``OSError``.
    """
    with _opened(path, layout) as archive:
        if "index.json" in archive:
            names = _docker_names(archive) if "manifest.json" in archive else {}
            return _read_index(archive, archive.document("index.json"), layout, machine, names)
        if "manifest.json" in archive:
            return [_read_docker(archive, image, layout) for image in archive.document("manifest.json")]
    raise InvalidArchive("it has neither index.json (OCI) nor manifest.json (docker save)")


def _docker_names(archive: _Archive) -> dict[str, tuple[str, ...]]:
    """Names by the digest of the config, from the ``manifest.json`` that newer tools put beside an OCI layout."""
    found = {}
    for image in archive.document("manifest.json"):
        found[_digest_of(str(image.get("Config", "")))] = tuple(image.get("RepoTags") or ())
    return found


def _digest_of(path: str) -> str:
    return "sha256:" + path.rpartition("/")[2].removesuffix(".json")


def _read_index(
    archive: _Archive, index: Mapping[str, Any], layout: Layout, machine: str, names: Mapping[str, tuple[str, ...]]
) -> list[Imported]:
    images: dict[str, Imported] = {}
    for raw in index.get("manifests", ()):
        if not platform_rank(raw.get("platform"), machine):
            continue
        descriptor = parse_descriptor(raw)
        notes = raw.get("annotations") or {}
        document = _document(archive, descriptor, layout)
        chosen = descriptor
        if is_index(document):
            chosen = choose_platform(document, machine)
            document = _document(archive, chosen, layout)
        manifest = parse_manifest(document)
        for blob in (manifest.config, *manifest.layers):
            if not layout.has_blob(blob.digest):
                layout.add_blob(archive.blob(blob.digest), blob.digest)
        told = notes.get("io.containerd.image.name") or notes.get(NAME_ANNOTATION, "")
        before = images.get(chosen.digest)
        all_names = (*(before.names if before else ()), *filter(None, (told,)), *names.get(manifest.config.digest, ()))
        image = Descriptor(OCI_MANIFEST, chosen.digest, chosen.size)
        images[chosen.digest] = Imported(image, tuple(dict.fromkeys(all_names)), descriptor.digest)
    return list(images.values())


def _document(archive: _Archive, descriptor: Descriptor, layout: Layout) -> dict[str, Any]:
    if not layout.has_blob(descriptor.digest):
        layout.add_blob(archive.blob(descriptor.digest), descriptor.digest)
    return layout.document(descriptor.digest)


def _read_docker(archive: _Archive, image: Mapping[str, Any], layout: Layout) -> Imported:
    """An image of ``docker save``: there is no manifest, so one is written."""
    config_digest, config_size = layout.add_blob(archive.open(str(image.get("Config", ""))))
    layers = []
    for name in image.get("Layers") or ():
        digest, size = layout.add_blob(archive.open(str(name)))
        layers.append(Descriptor(OCI_LAYER, digest, size))
    manifest = Manifest(Descriptor(OCI_CONFIG, config_digest, config_size), tuple(layers))
    text = json.dumps(manifest.encode(), separators=(",", ":")).encode()
    return Imported(layout.add_bytes(text, OCI_MANIFEST), tuple(image.get("RepoTags") or ()))
