"""Manifests: what registries and archives say an image consists of.  Pure.

Sources: OCI image specification (manifest, image index, config); Docker image manifest v2, schema 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ACCEPT = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST))

ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "i686": ("386", ""),
    "ppc64le": ("ppc64le", ""),
    "s390x": ("s390x", ""),
    "riscv64": ("riscv64", ""),
}
"""What ``uname -m`` calls a machine, and its GOARCH and variant."""


class InvalidManifest(ValueError):
    """The document is not what its place demands; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What points to a blob."""

    media_type: str
    digest: str
    size: int

    def encode(self) -> dict[str, Any]:
        """The descriptor as it stands in a document."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image of one platform."""

    config: Descriptor
    layers: tuple[Descriptor, ...]

    def encode(self) -> dict[str, Any]:
        """The OCI manifest."""
        return {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.config.encode(),
            "layers": [layer.encode() for layer in self.layers],
        }


def parse_descriptor(raw: Any) -> Descriptor:
    """A descriptor.  Raises: ``InvalidManifest``."""
    if not isinstance(raw, Mapping):
        raise InvalidManifest("a descriptor is not an object")
    digest, size = raw.get("digest"), raw.get("size")
    if not isinstance(digest, str) or not isinstance(size, int) or size < 0:
        raise InvalidManifest("a descriptor has no digest or size")
    return Descriptor(str(raw.get("mediaType", "")), digest, size)


def is_index(document: Mapping[str, Any]) -> bool:
    """Whether the document lists manifests of several platforms."""
    return document.get("mediaType") in (OCI_INDEX, DOCKER_LIST) or "manifests" in document


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """A manifest of one platform.  Raises: ``InvalidManifest``."""
    if document.get("schemaVersion") != 2:
        raise InvalidManifest(f"manifest schema version {document.get('schemaVersion')} is not supported")
    layers = document.get("layers")
    if not isinstance(layers, list):
        raise InvalidManifest("the manifest has no layers")
    return Manifest(parse_descriptor(document.get("config")), tuple(parse_descriptor(layer) for layer in layers))


def platform_rank(platform: Mapping[str, Any] | None, machine: str) -> int:
    """How well a platform fits this machine (``uname -m``): 0 not at all, 1 unsaid or roughly, 2 exactly."""
    if not platform:
        return 1
    architecture, variant = ARCHITECTURES.get(machine, (machine, ""))
    if platform.get("os") != "linux" or platform.get("architecture") != architecture:
        return 0
    return 2 if platform.get("variant", "") in ("", variant) else 1


def choose_platform(document: Mapping[str, Any], machine: str) -> Descriptor:
    """The manifest for this machine.  Raises: ``InvalidManifest`` when there is none."""
    entries = [entry for entry in document.get("manifests", ()) if isinstance(entry, Mapping)]
    best = max(entries, key=lambda entry: platform_rank(entry.get("platform"), machine), default=None)
    if best is None or not platform_rank(best.get("platform"), machine):
        raise InvalidManifest("no match for platform in manifest: not found")
    return parse_descriptor(best)


def diff_ids(config: Mapping[str, Any]) -> Sequence[str]:
    """The digests of the unpacked layers, lowest first.  Raises: ``InvalidManifest``."""
    rootfs = config.get("rootfs")
    found = rootfs.get("diff_ids") if isinstance(rootfs, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise InvalidManifest("the image's config has no rootfs.diff_ids")
    return found
