"""The ``list`` verb: the objects of a collection, whole or page by page.

Source: Kubernetes API concepts, "Retrieving large results sets in chunks", "Resource versions".
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.reply import Page
from fairway.apiserver.selection import select

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def list_(call: Call, api: "Api") -> Page:
    """Raises: ``StatusError`` 400 for a selector that cannot be read."""
    options = call.options
    selection = select(call.kind, call.namespace, options.get("labelSelector", ""), options.get("fieldSelector", ""))
    collection = api.cache.of(call.kind)
    live = collection.live
    found = [live[key] for key in collection.keys(selection.prefix) if selection.covers(key)]
    if not selection.is_plain:
        found = [stored for stored in found if selection.matches(stored)]
    return Page(call.kind, found, api.cache.revision)
