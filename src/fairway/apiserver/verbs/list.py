"""The ``list`` verb: the objects of a collection, whole or page by page.

A page after the first shows the state at the first one's revision: the present, with remembered changes undone.
Source: Kubernetes API concepts, "Retrieving large results sets in chunks", "Resource versions".
"""

from collections.abc import Awaitable
from itertools import islice
from typing import TYPE_CHECKING

from fairway.apiserver import list_options
from fairway.apiserver.call import Call
from fairway.apiserver.collection import Collection
from fairway.apiserver.list_options import EXACT, ListOptions, make_token, read_token, too_new
from fairway.apiserver.pace import Pace
from fairway.apiserver.reply import Page
from fairway.apiserver.selection import Selection, select
from fairway.apiserver.sifting import FEW, sifted
from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request, expired

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_TOO_OLD = "The resourceVersion for the provided list is too old."
_TOKEN_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


class ContinueExpired(StatusError):
    """410 that offers to go on with the newest state."""

    def __init__(self, after: str) -> None:
        super().__init__(410, "Expired", _TOKEN_TOO_OLD)
        self._after = after

    def status(self) -> Object:
        """With a token that continues inconsistently."""
        return {**super().status(), "metadata": {"continue": make_token(-1, self._after)}}


def list_(call: Call, api: "Api") -> Page | Awaitable[Page]:
    """Raises: ``StatusError`` 400 for what cannot be read, 410 for a state that is forgotten, 504 for the future."""
    options = list_options.read(call.options, is_watch=False)
    if options.revision == 0 and not options.token:
        # What any state will do for comes whole, as upstream's cache has it.
        options = options._replace(limit=0)
    selection = select(call.kind, call.namespace, options.labels, options.fields)
    collection = api.cache.of(call.kind)
    revision, start = _point(
        options, collection, api.cache.revision, max(collection.forgotten, api.cache.oldest_listed)
    )
    keys, then = _keys(collection, selection, revision, start)
    if not options.limit and not then and not start and selection.is_plain and not selection.is_one:
        live = collection.live
        return Page(
            call.kind, [live[key] for key in keys], revision,
            whole_prefix=selection.prefix, changed=collection.changed, asked=options.revision or 0,
        )  # fmt: skip
    states = (then.get(key) or collection.live[key] for key in keys)
    # Upstream counts only where no selector hides what the rest is.
    remaining = len(keys) - options.limit if selection.is_plain else None
    if not selection.is_plain and len(keys) > FEW:
        return _sifted(call, list(states), selection, revision, options.limit, api.pace)
    matching = states if selection.is_plain else filter(selection.matches, states)
    # A page costs what is looked at until it is full, and not what is left.
    found = list(islice(matching, options.limit + 1)) if options.limit else list(matching)
    return _page(call.kind, found, revision, options.limit, remaining)


async def _sifted(
    call: Call, states: list[Stored], selection: Selection, revision: int, limit: int, pace: Pace
) -> Page:
    found = await sifted(states, selection, pace, limit + 1 if limit else None)
    return _page(call.kind, found, revision, limit, None)


def _page(kind: Kind, found: list[Stored], revision: int, limit: int, remaining: int | None) -> Page:
    """What was found, one more than ``limit`` if there is more."""
    if not limit or len(found) <= limit:
        return Page(kind, found, revision)
    found.pop()
    return Page(kind, found, revision, make_token(revision, found[-1].key[len(kind.prefix) :]), remaining)


def _point(options: ListOptions, collection: Collection, current: int, oldest: int) -> tuple[int, str]:
    """(revision, first key) that are asked for; states before ``oldest`` are forgotten."""
    if options.token:
        if options.revision:
            raise bad_request("specifying resource version is not allowed when using continue")
        revision, start = read_token(options.token)
        start = collection.kind.prefix + start
        if revision < 0:
            return current, start
        if revision < oldest:
            raise ContinueExpired(start[len(collection.kind.prefix) :].rstrip("\0"))
        return min(revision, current), start
    asked = options.revision or 0
    if asked > current:
        raise too_new(asked, current)
    # A limit without a match means exactly that revision: the older rule, which holds where nothing is said.
    if options.match == EXACT or (asked and options.limit and not options.match):
        if asked < oldest:
            raise expired(_TOO_OLD)
        return asked, ""
    return current, ""


def _keys(
    collection: Collection, selection: Selection, revision: int, start: str
) -> tuple[list[str], dict[str, Stored | None]]:
    """The keys at ``revision``, and the states that differ from the present ones."""
    keys = collection.keys(selection.prefix, start)
    if selection.is_one:
        keys = [key for key in keys if key == selection.prefix]
    then = {key: state for key, state in collection.at(revision).items() if selection.covers(key) and key >= start}
    if then:
        keys = sorted(key for key in {*keys, *then} if key not in then or then[key] is not None)
    return keys, then
