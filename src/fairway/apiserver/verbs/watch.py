"""The ``watch`` verb: where a watch starts, and what it has to tell first.

Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks", "Streaming lists".
"""

from collections.abc import Awaitable
from dataclasses import replace
from typing import TYPE_CHECKING

from fairway.apiserver import list_options
from fairway.apiserver.call import Call
from fairway.apiserver.list_options import too_new
from fairway.apiserver.pace import Pace
from fairway.apiserver.reply import Watching
from fairway.apiserver.selection import select
from fairway.apiserver.sifting import FEW, sifted
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.get import check_selected
from fairway.objects.fields import escape

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def watch(call: Call, api: "Api") -> Watching | Awaitable[Watching]:
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
    watching = Watching(
        collection, selection, options.revision or current,
        has_bookmarks=options.has_bookmarks,
        ends_initial=bool(options.sends_initial) and options.has_bookmarks,
        timeout_s=float(options.timeout_s),
    )  # fmt: skip
    if not starts_whole:
        return watching
    live = collection.live
    states = [live[key] for key in collection.keys(selection.prefix) if selection.covers(key)]
    if not selection.is_plain and len(states) > FEW:
        return _sifted(replace(watching, after=current), states, api.pace)
    return replace(watching, after=current, initial=list(filter(selection.matches, states)))


async def _sifted(watching: Watching, states: list[Stored], pace: Pace) -> Watching:
    """What has changed meanwhile is told after the states."""
    return replace(watching, initial=await sifted(states, watching.selection, pace))
