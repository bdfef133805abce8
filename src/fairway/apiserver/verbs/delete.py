"""The ``delete`` verb: an object goes, now or when its grace and its finalizers are over.

Source: Kubernetes API concepts, "Resource deletion".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver import deletion
from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import DELETE
from fairway.apiserver.admission.node_restriction import check_delete
from fairway.apiserver.bodies import Unsupported, read_protobuf, read_yaml
from fairway.apiserver.call import Call
from fairway.apiserver.decode import VERSION_KIND
from fairway.apiserver.deletion import DeleteOptions
from fairway.apiserver.list_options import flag, number
from fairway.apiserver.negotiation import JSON, PROTOBUF, YAML, body_media
from fairway.apiserver.reply import Found, Made, Reply
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.get import current
from fairway.kinds import JOB, NAMESPACE
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden
from fairway.objects.strict.go_syntax import syntax_error
from fairway.objects.strict.go_text import value_name

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_PRESERVED = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set"
    " propagationPolicy=Orphan to suppress this warning"
)
IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


async def delete(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` NotFound (404), Conflict (409) with preconditions that do not hold."""
    return await delete_one(call, api, read_options(call))


def read_options(call: Call) -> DeleteOptions:
    """DeleteOptions: the body's or, without one, the query's.  Raises: ``StatusError`` 400, 415, 422 or 500."""
    given: Mapping[str, Any] = _of_query(call.options) if call.options else {}
    if call.raw:
        body = _body(call)
        if body is not None and not isinstance(body, dict):
            what = f"json: cannot unmarshal {value_name(body)} into Go value of type {VERSION_KIND}"
            raise deletion.unreadable(f"couldn't get version/kind; json parse error: {what}")
        given = body or {}
        deletion.check_types(given)
    return deletion.read(given)


def _of_query(options: Mapping[str, str]) -> dict[str, Any]:
    """What a query can say of a deletion, with the types of a body."""
    given: dict[str, Any] = {name: options[name] for name in ("propagationPolicy", "dryRun") if name in options}
    if "gracePeriodSeconds" in options:
        given["gracePeriodSeconds"] = number(options["gracePeriodSeconds"])
    if "orphanDependents" in options:
        given["orphanDependents"] = flag(options["orphanDependents"])
    if wanted := {name: options[name] for name in ("uid", "resourceVersion") if options.get(name)}:
        given["preconditions"] = wanted
    return given


def _body(call: Call) -> Any:
    if call.body is not None:
        return call.body
    media = body_media(call.content_type)
    if media not in (JSON, YAML, PROTOBUF):
        raise Unsupported
    if media == PROTOBUF:
        return read_protobuf("DeleteOptions", call.raw)
    try:
        return orjson.loads(call.raw) if media == JSON else read_yaml(call.raw, [])
    except orjson.JSONDecodeError as error:
        why = syntax_error(call.raw) or error
        raise deletion.unreadable(f"couldn't get version/kind; json parse error: {why}") from error
    except ValueError as error:
        raise deletion.unreadable(str(error)) from error


async def delete_one(call: Call, api: "Api", options: DeleteOptions) -> Reply:
    """Delete what ``call`` names, again after lost races."""
    kind = call.kind
    if kind is JOB and not options.policy and _PRESERVED not in call.warnings:
        call.warnings.append(_PRESERVED)
    if kind is NAMESPACE and call.name in IMMORTAL:
        raise forbidden("", "namespaces", call.name, "this namespace may not be deleted")
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        stored = current(call, api)
        deletion.check_preconditions(kind, stored.object, options)
        check_delete(call, stored.object)
        await consulting.consult(call, DELETE, None, stored.object, api, deletion=options.given)
        try:
            return await _delete(call, api, options, stored)
        except StatusError as error:
            if error.reason != "Conflict" or options.revision is not None or attempts_left == 1:
                raise
        await api.cache.wait_newer(kind, call.namespace, call.name, stored.revision)
    raise AssertionError("the last attempt returns or raises")


async def _delete(call: Call, api: "Api", options: DeleteOptions, stored: Stored) -> Reply:
    kind, found = call.kind, stored.object
    verdict = deletion.decide(kind, found, options, api.clock())
    # Only who asks in the oldest way is told that it is not over yet.
    status = 202 if not verdict.removes and options.given.get("orphanDependents") is False else 200
    if verdict.marked is not None:
        if options.is_dry_run:
            return Made(verdict.marked, status)
        stored = await api.commits.replace(kind, verdict.marked, stored)
        if not verdict.removes:
            return Found(stored, status)
    if verdict.removes and not options.is_dry_run:
        revision = await api.commits.remove(kind, stored)
        stored = stored.at(revision) if kind.delete_returns_object else stored
    if kind.delete_returns_object or not verdict.removes:
        return Found(stored, status)
    return Made(_success(call, found))


def _success(call: Call, found: Object) -> Object:
    details = {"name": call.name, "group": call.kind.group, "kind": call.kind.plural, "uid": found["metadata"]["uid"]}
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }  # fmt: skip
