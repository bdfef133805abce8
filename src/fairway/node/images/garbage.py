"""Garbage: blobs and unpacked layers that no name and no container stands for any more."""

from collections.abc import Iterable

from fairway.node.images.layout import Layout
from fairway.node.images.manifest import InvalidManifest, diff_ids


def collect(layout: Layout, images_in_use: Iterable[str]) -> list[str]:
    """Remove what nobody needs; returns what was removed.  Does nothing while content is being brought in.

    An image that containers use keeps its config and unpacked layers even without a name.
    """
    with layout.alone() as free:
        if not free:
            return []
        layout.discard_unfinished()
        blobs, layers = _needed(layout, images_in_use)
        removed = []
        for name in layout.unpacked():
            if name not in layers:
                layout.discard_layer(name)
                removed.append(f"layer {name}")
        for digest in layout.blobs():
            if digest not in blobs:
                layout.discard_blob(digest)
                removed.append(f"blob {digest}")
        return removed


def _needed(layout: Layout, images_in_use: Iterable[str]) -> tuple[set[str], set[str]]:
    blobs: set[str] = set()
    configs = set(images_in_use)
    for entry in layout.entries():
        manifest = layout.manifest(entry.digest)
        blobs.update((entry.digest, *(layer.digest for layer in manifest.layers)))
        configs.add(manifest.config.digest)
        if entry.resolved:
            blobs.add(entry.resolved)
    blobs |= configs
    layers: set[str] = set()
    for digest in configs:
        try:
            layers.update(layout.layer_name(diff_id) for diff_id in diff_ids(layout.document(digest)))
        except (OSError, ValueError, InvalidManifest):
            continue
    return blobs, layers
