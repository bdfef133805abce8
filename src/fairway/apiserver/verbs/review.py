"""Reviews: who somebody is, and what they may do.

Source: Kubernetes docs, "Authenticating", "API access to authentication information for a client"; "Authorization
Overview", "Checking API access".
"""

from typing import TYPE_CHECKING

from fairway.apiserver import ownership, write_options
from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import CREATE
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import Call, User
from fairway.apiserver.decode import take_object
from fairway.apiserver.reply import Made, Reply
from fairway.objects import Object, meta
from fairway.objects.errors import bad_request, invalid

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def shown_user(user: User) -> Object:
    """A UserInfo; what is empty is left out."""
    shown: Object = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in user.extra.items()}
    return {key: value for key, value in shown.items() if value}


async def _taken(call: Call, api: "Api") -> Object:
    """The question, with the one who asks as the owner of its fields.  Raises: ``StatusError`` 400, 422."""
    write_options.check(call.options, "CreateOptions")
    body = take_object(call)
    body.pop("status", None)
    if found := list(call.kind.validate(body, None)):
        # Upstream does not name the kind here.
        raise invalid(call.kind.group, "", "", found)
    ownership.track(call, body, None, api.clock())
    await consulting.consult(call, CREATE, body, None, api)
    return body


def _answered(call: Call, body: Object, status: Object) -> Reply:
    about = {"kind": call.kind.name, "apiVersion": call.kind.api_version, "metadata": body.get("metadata") or {}}
    return Made({**about, **({"spec": body["spec"]} if "spec" in body else {}), "status": status}, 201)


async def review_self(call: Call, api: "Api") -> Reply:
    """Who is asking.  Raises: ``StatusError`` 400."""
    await _taken(call, api)
    answer = {"metadata": {"creationTimestamp": meta.timestamp(api.clock())}}
    return _answered(call, answer, {"userInfo": shown_user(call.user)})


async def review_token(call: Call, api: "Api") -> Reply:
    """Whom a bearer token stands for.  Raises: ``StatusError`` 400."""
    body = await _taken(call, api)
    spec = body.get("spec") or {}
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    found = api.tokens.user(spec["token"], spec.get("audiences") or ()) if api.tokens else None
    status: Object
    if found is None:
        why = api.tokens.refusal(spec["token"], spec.get("audiences") or ()) if api.tokens else "invalid bearer token"
        status = {"user": {}, "error": why}
    else:
        status = {"authenticated": True, "user": shown_user(found[0]), "audiences": list(found[1])}
    return _answered(call, body, status)


async def review_own_access(call: Call, api: "Api") -> Reply:
    """Whether who is asking may do something.  Raises: ``StatusError`` 400, 422."""
    body = await _taken(call, api)
    return _answered(call, body, _verdict(call.user, body["spec"], api))


async def review_access(call: Call, api: "Api") -> Reply:
    """Whether somebody else may do something, anywhere or in the namespace asked.  Raises: ``StatusError`` 400, 422."""
    body = await _taken(call, api)
    spec = body["spec"]
    user = User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", spec.get("extra") or {})
    return _answered(call, body, _verdict(user, spec, api))


async def review_own_rules(call: Call, api: "Api") -> Reply:
    """All that who is asking may do in a namespace.  Raises: ``StatusError`` 400."""
    body = await _taken(call, api)
    namespace = (body.get("spec") or {}).get("namespace") or ""
    if not namespace:
        raise bad_request("no namespace on request")
    found = api.authorizer.rules(call.user, namespace)
    status: Object = {
        "resourceRules": [_only(rule, "verbs", "apiGroups", "resources", "resourceNames") for rule in found
                          if rule.get("resources")],
        "nonResourceRules": [_only(rule, "verbs", "nonResourceURLs") for rule in found if rule.get("nonResourceURLs")],
        "incomplete": False,
    }  # fmt: skip
    return _answered(call, {"spec": {}}, status)


def _only(rule: Object, *fields: str) -> Object:
    return {field: rule[field] for field in fields if rule.get(field)}


def _verdict(user: User, spec: Object, api: "Api") -> Object:
    asked = _asked(spec)
    if not api.authorizer.is_allowed(user, asked):
        return {"allowed": False}
    reason = api.authorizer.reason(user, asked)
    return {"allowed": True, "reason": reason} if reason else {"allowed": True}


def _asked(spec: Object) -> Asked:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes") or {}
    if resource is not None:
        return Asked(
            resource.get("verb") or "", resource.get("group") or "", resource.get("resource") or "",
            resource.get("subresource") or "", resource.get("namespace") or None, resource.get("name") or "",
        )  # fmt: skip
    return Asked(path.get("verb") or "", path=path.get("path") or "/")
