"""The ``create`` verb: POST a new object into a collection.

Source: Kubernetes API concepts, "Resource URIs", "Dry-run", "Generated names".
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from fairway.apiserver import metadata, write_options
from fairway.apiserver.authorization import attributes, denied
from fairway.apiserver.call import Call
from fairway.apiserver.decode import copy, take_object
from fairway.apiserver.reply import Reply
from fairway.objects import Object, meta
from fairway.objects.errors import StatusError, already_exists, method_not_allowed

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_NAME_TRIES = 8


async def create(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` Invalid (422), AlreadyExists (409), Forbidden (403)."""
    write_options.check(call.options, "CreateOptions")
    if call.kind.custom is not None and meta.is_deleting(call.kind.custom.definition):
        raise method_not_allowed("create not allowed while custom resource definition is terminating")
    new = take_object(call)
    given = new["metadata"]
    version = str(given.pop("resourceVersion", None) or "")
    if meta.is_version(version) and version.strip("0") and "dryRun" not in call.options:
        # Upstream answers so, without a reason (seen on 1.36.2); what is no number at all it lets pass.
        raise StatusError(500, "", "resourceVersion should not be set on objects to be created")
    if given.get("name") or not given.get("generateName"):
        return await api.write(call, new, None)
    return await _create_generated(call, api, new)


async def _create_generated(call: Call, api: "Api", new: Object) -> Reply:
    for _ in range(_NAME_TRIES):
        attempt = copy(new)
        metadata.generate_name(attempt, metadata.ending(api.chance.choice))
        name = attempt["metadata"]["name"]
        try:
            return await api.write(call, attempt, None)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
    raise already_exists(call.kind.group, call.kind.plural, name, generated=True)


def as_creation(call: Call, api: "Api") -> Call:
    """A write of another verb that finds nothing to change, as what it then is.  Raises: ``StatusError`` 403 for who
    may not create."""
    asked = attributes("create", call.kind, call.namespace, call.name)
    if not api.authorizer.is_allowed(call.user, asked):
        raise denied(call.user, asked)
    return replace(call, verb="create")
