"""The ``get`` verb: one object, newest."""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.list_options import revision_of, too_new
from fairway.apiserver.reply import Found
from fairway.apiserver.selection import select_fields
from fairway.apiserver.stored import Stored
from fairway.objects.errors import bad_request, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def get(call: Call, api: "Api") -> Found:
    """Raises: ``StatusError`` 404; 504 if a revision is asked for that is not here yet."""
    if call.options:
        asked = revision_of(call.options.get("resourceVersion", "")) or 0
        if asked > api.cache.revision:
            raise too_new(asked, api.cache.revision)
    return Found(current(call, api))


def check_selected(call: Call) -> None:
    """A field selector beside the name of a watch must ask for that name.  Raises: ``StatusError`` 400."""
    text = call.options.get("fieldSelector")
    if text and select_fields(call.kind, text).exact("metadata.name") != call.name:
        raise bad_request("fieldSelector metadata.name doesn't match requested name")


def current(call: Call, api: "Api") -> Stored:
    """The object that ``call`` names.  Raises: ``StatusError`` 404."""
    stored = api.cache.get(call.kind, call.namespace, call.name)
    if stored is None:
        raise not_found(call.kind.group, call.kind.plural, call.name)
    return stored
