"""Store: the machine's images, as the agent and ``fairway image`` see them."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from fairway.node.images.archive import InvalidArchive, read_archive
from fairway.node.images.credentials import credentials_from
from fairway.node.images.garbage import collect
from fairway.node.images.index import Entry
from fairway.node.images.layers import InvalidLayer
from fairway.node.images.layout import DigestMismatch, Layout
from fairway.node.images.manifest import InvalidManifest
from fairway.node.images.reference import InvalidReference, Reference, parse_reference
from fairway.node.machine import Machine
from fairway.node.records import images_in_use
from fairway.node.runtimes.interface import Image, RuntimeFailure

CREDENTIALS_FILE = "registry-credentials.json"
"""Beside the image store, so that all nodes that share it have the same."""
SHORT_ID_MIN = 12


class ImageStore:
    """Implements ``Images``.  Reading costs a ``stat``; several processes may use one store."""

    def __init__(self, machine: Machine, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.layout = Layout(machine.images_path)
        self._machine = machine
        self._pause = pause
        self._pulls: dict[str, asyncio.Task[Image]] = {}

    async def find(self, reference: str) -> Image | None:
        """The local image of that name, id (whole or its first 12 digits) or digest."""
        entries = self.layout.entries()
        chosen = _matching(reference, entries, self.layout)
        return self._image(chosen, entries) if chosen is not None else None

    async def list(self) -> Sequence[Image]:
        """All local images."""
        entries = self.layout.entries()
        first = {self._image_id(entry): entry for entry in reversed(entries)}
        return [self._image(entry, entries) for entry in reversed(first.values())]

    async def pull(self, reference: str) -> Image:
        """Fetch an image; pulls of the same image at the same time are one.  Raises: ``RuntimeFailure``."""
        parsed = _parsed(reference)
        task = self._pulls.get(str(parsed))
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._pull, parsed))
            self._pulls[str(parsed)] = task
            task.add_done_callback(lambda _task: self._pulls.pop(str(parsed), None))
        return await asyncio.shield(task)

    async def load(self, path: str, name: str = "") -> Sequence[Image]:
        """Import every image of an archive, under ``name`` if given.  Raises: ``RuntimeFailure``."""
        return await asyncio.to_thread(self._load, Path(path), name)

    async def remove(self, reference: str) -> None:
        """Drop a name, and the image with its last name; an id drops all its names.  Raises: ``RuntimeFailure``."""
        await asyncio.to_thread(self._remove, reference)

    def _pull(self, reference: Reference) -> Image:
        from fairway.node.images.pull import pull_image
        from fairway.node.images.registry import RegistryError

        def credentials(registry: str) -> tuple[str, str] | None:
            return credentials_from(self._machine.images_path.parent / CREDENTIALS_FILE, registry)

        try:
            with self.layout.bringing_in():
                entry = pull_image(reference, self.layout, os.uname().machine, credentials, self._pause)
                self._name([entry])
        except RegistryError as error:
            raise RuntimeFailure("ErrImagePull", str(error)) from error
        except OSError as error:
            raise RuntimeFailure("ErrImagePull", f'failed to pull and unpack image "{reference}": {error}') from error
        self._collect()
        return self._image(entry, self.layout.entries())

    def _load(self, path: Path, name: str) -> Sequence[Image]:
        given = str(_parsed(name)) if name else ""
        try:
            with self.layout.bringing_in():
                entries = self._read(path, given)
                self._name(entries)
        except (InvalidArchive, InvalidManifest, InvalidLayer, InvalidReference, DigestMismatch) as error:
            raise RuntimeFailure("ErrImageImport", f"{path} cannot be imported: {error}") from error
        except OSError as error:
            raise RuntimeFailure("ErrImageImport", f"{path} cannot be imported: {error.strerror or error}") from error
        self._collect()
        known = self.layout.entries()
        first = {self._image_id(entry): entry for entry in reversed(entries)}
        return [self._image(entry, known) for entry in reversed(first.values())]

    def _read(self, path: Path, given: str) -> Sequence[Entry]:
        images = read_archive(path, self.layout, os.uname().machine)
        if not images:
            raise InvalidArchive("it holds no image")
        if given and len(images) > 1:
            raise InvalidArchive(f"it holds {len(images)} images, so no one name can be given")
        entries: Sequence[Entry] = ()
        for image in images:
            names = [given] if given else [str(parse_reference(name)) for name in image.names]
            if not names:
                raise InvalidArchive("its image has no name: give one with --name")
            self.layout.unpack_all(self.layout.manifest(image.manifest.digest))
            new = [Entry(name, image.manifest.digest, image.manifest.size, image.resolved) for name in names]
            entries = [*entries, *new]
        return entries

    def _name(self, new: Iterable[Entry]) -> None:
        added = {entry.name: entry for entry in new}
        self.layout.change_index(
            lambda present: [*(entry for entry in present if entry.name not in added), *added.values()]
        )

    def _remove(self, reference: str) -> None:
        entries = self.layout.entries()
        chosen = _matching(reference, entries, self.layout)
        if chosen is None:
            raise RuntimeFailure("ImageNotFound", f'image "{reference}" is not in the store')
        by_id = _is_id(reference)
        image_id = self._image_id(chosen)

        def keeps(entry: Entry) -> bool:
            return entry.name != chosen.name and not (by_id and self._image_id(entry) == image_id)

        self.layout.change_index(lambda present: [entry for entry in present if keeps(entry)])
        self._collect()

    def _collect(self) -> None:
        collect(self.layout, images_in_use(self._machine))

    def _image_id(self, entry: Entry) -> str:
        return self.layout.manifest(entry.digest).config.digest

    def _image(self, entry: Entry, entries: Sequence[Entry]) -> Image:
        manifest = self.layout.manifest(entry.digest)
        image_id = manifest.config.digest
        same = [other for other in entries if self._image_id(other) == image_id]
        digests = [f"{parse_reference(other.name).familiar}@{other.resolved}" for other in same if other.resolved]
        config = self.layout.document(image_id).get("config") or {}
        size = manifest.config.size + sum(layer.size for layer in manifest.layers)
        names = tuple(other.name for other in same)
        return Image(image_id, names, tuple(dict.fromkeys(digests)), size, str(config.get("User") or ""))


def _parsed(reference: str) -> Reference:
    try:
        return parse_reference(reference)
    except InvalidReference as error:
        raise RuntimeFailure(
            "InvalidImageName",
            f'Failed to apply default image tag "{reference}": couldn\'t parse image name "{reference}": {error}',
        ) from error


def _is_id(reference: str) -> bool:
    digits = reference.removeprefix("sha256:")
    return len(digits) >= SHORT_ID_MIN and all(digit in "0123456789abcdef" for digit in digits)


def _matching(reference: str, entries: Sequence[Entry], layout: Layout) -> Entry | None:
    if _is_id(reference):
        wanted = "sha256:" + reference.removeprefix("sha256:")
        for entry in entries:
            if layout.manifest(entry.digest).config.digest.startswith(wanted):
                return entry
    try:
        parsed = parse_reference(reference)
    except InvalidReference:
        return None
    if not parsed.digest:
        return next((entry for entry in entries if entry.name == str(parsed)), None)
    for entry in entries:
        same_name = parse_reference(entry.name).familiar == parsed.familiar
        if same_name and parsed.digest in (entry.resolved, entry.digest):
            return entry
    return None
