"""Index: the names in the store and the manifests they stand for, as an OCI ``index.json``.

Source: OCI image specification, image-index.md and image-layout.md.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairway.node.images.manifest import OCI_MANIFEST

NAME_ANNOTATION = "org.opencontainers.image.ref.name"
RESOLVED_ANNOTATION = "fairway.digest"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the index.  ``resolved`` is the digest that the name stood for at its registry, if it had one."""

    name: str
    digest: str
    size: int
    resolved: str = ""


class Index:
    """The file, read again only when it has changed: other processes write it too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[tuple[int, int, int], list[Entry]] | None = None

    def entries(self) -> Sequence[Entry]:
        """Every name."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return ()
        mark = (status.st_mtime_ns, status.st_ino, status.st_size)
        if self._known is None or self._known[0] != mark:
            self._known = (mark, decode_index(self.path.read_bytes()))
        return self._known[1]


def encode_index(entries: Sequence[Entry]) -> bytes:
    """The document."""
    return json.dumps({"schemaVersion": 2, "manifests": [_encode(entry) for entry in entries]}, indent=1).encode()


def decode_index(data: bytes) -> list[Entry]:
    """The names in the document."""
    return [_entry(item) for item in json.loads(data).get("manifests", ())]


def _entry(raw: dict[str, Any]) -> Entry:
    notes = raw.get("annotations", {})
    return Entry(notes.get(NAME_ANNOTATION, ""), raw["digest"], raw["size"], notes.get(RESOLVED_ANNOTATION, ""))


def _encode(entry: Entry) -> dict[str, Any]:
    notes = {NAME_ANNOTATION: entry.name}
    if entry.resolved:
        notes[RESOLVED_ANNOTATION] = entry.resolved
    return {"mediaType": OCI_MANIFEST, "digest": entry.digest, "size": entry.size, "annotations": notes}
