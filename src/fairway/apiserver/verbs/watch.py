"""The ``watch`` verb: where a watch starts, and what it has to tell first.

Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks", "Streaming lists".
"""

from typing import TYPE_CHECKING

from fairway.apiserver import list_options
from fairway.apiserver.call import Call
from fairway.apiserver.list_options import too_new
from fairway.apiserver.reply import Watching
from fairway.apiserver.selection import select
from fairway.apiserver.verbs.get import check_selected
from fairway.objects.fields import escape

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def watch(call: Call, api: "Api") -> Watching:
    """Raises: ``StatusError`` 400 or 422 for options that cannot be, 504 for a list at a revision of the future."""
    options = list_options.read(call.options, is_watch=True)
    fields = options.fields
    if call.name:
        check_selected(call)
        fields = f"metadata.name={escape(call.name)}" + (f",{fields}" if fields else "")
    selection = select(call.kind, call.namespace, options.labels, fields)
    collection, current = api.cache.of(call.kind), api.cache.revision
    starts_whole = options.sends_initial if options.sends_initial is not None else not options.revision
    if options.sends_initial and (options.revision or 0) > current:
        raise too_new(options.revision or 0, current)
    initial = None
    after = options.revision or current
    if starts_whole:
        live = collection.live
        keys = collection.keys(selection.prefix)
        initial = [
            live[key] for key in keys if selection.covers(key) and (selection.is_plain or selection.matches(live[key]))
        ]
        after = current
    elif options.sends_initial is False and not options.revision:
        after = current
    return Watching(
        collection, selection, after, initial,
        has_bookmarks=options.has_bookmarks,
        ends_initial=bool(options.sends_initial) and options.has_bookmarks,
        timeout_s=float(options.timeout_s),
    )  # fmt: skip
