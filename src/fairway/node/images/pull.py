"""Pull: fetch one image from its registry into the layout.  Blocking."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import BinaryIO

from fairway.node.images.index import Entry
from fairway.node.images.layers import InvalidLayer
from fairway.node.images.layout import DigestMismatch, Layout
from fairway.node.images.manifest import (
    OCI_MANIFEST,
    Descriptor,
    InvalidManifest,
    Manifest,
    choose_platform,
    is_index,
    parse_manifest,
)
from fairway.node.images.reference import Reference
from fairway.node.images.registry import Credentials, Document, Registry, RegistryError

PARALLEL_BLOBS = 3


def pull_image(
    reference: Reference, layout: Layout, machine: str, credentials: Credentials, pause: Callable[[float], None]
) -> Entry:
    """The image, whole and unpacked, but not named yet; the caller holds ``layout.bringing_in()``.

    Raises: ``RegistryError`` with the whole text for the user.
    """
    registry = Registry(reference.registry, credentials, pause)
    try:
        resolved = registry.manifest(reference)
    except RegistryError as error:
        missing = f"{reference}: " if str(error) == "not found" else ""
        raise RegistryError(
            f'failed to pull and unpack image "{reference}": failed to resolve reference "{reference}": '
            f"{missing}{error}"
        ) from error
    try:
        chosen, manifest = _choose(registry, reference, resolved, machine)
        _fetch_blobs(registry, reference, manifest, layout)
        descriptor = layout.add_bytes(chosen.data, OCI_MANIFEST)
        layout.unpack_all(manifest)
    except (RegistryError, InvalidManifest, InvalidLayer, DigestMismatch, ValueError) as error:
        raise RegistryError(f'failed to pull and unpack image "{reference}": {error}') from error
    return Entry(str(reference), descriptor.digest, descriptor.size, resolved.digest)


def _choose(registry: Registry, reference: Reference, resolved: Document, machine: str) -> tuple[Document, Manifest]:
    document = json.loads(resolved.data)
    if not isinstance(document, dict):
        raise InvalidManifest("the manifest is no JSON object")
    if not is_index(document):
        return resolved, parse_manifest(document)
    chosen = registry.manifest(reference, choose_platform(document, machine).digest)
    return chosen, parse_manifest(json.loads(chosen.data))


def _fetch_blobs(registry: Registry, reference: Reference, manifest: Manifest, layout: Layout) -> None:
    wanted = {blob.digest: blob for blob in (manifest.config, *manifest.layers)}
    missing = [blob for blob in wanted.values() if not layout.has_blob(blob.digest)]
    with ThreadPoolExecutor(PARALLEL_BLOBS, thread_name_prefix="pull") as executor:
        for done in [executor.submit(_fetch_blob, registry, reference, blob, layout) for blob in missing]:
            done.result()


def _fetch_blob(registry: Registry, reference: Reference, blob: Descriptor, layout: Layout) -> None:
    with ExitStack() as files:

        def new_sink() -> BinaryIO:
            return files.enter_context(layout.new_file())

        layout.commit(registry.blob(reference.repository, blob.digest, new_sink), blob.digest)
