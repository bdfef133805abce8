"""Reviews: who somebody is, and what they may do.

Source: Kubernetes docs, "Authenticating", "API access to authentication information for a client"; "Authorization
Overview", "Checking API access".
"""

from typing import TYPE_CHECKING

from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import Call, User
from fairway.apiserver.decode import take_object
from fairway.apiserver.reply import Made, Reply
from fairway.objects import Object, meta
from fairway.objects.errors import bad_request, invalid, invalid_value

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def shown_user(user: User) -> Object:
    """A UserInfo; what is empty is left out."""
    shown: Object = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in user.extra.items()}
    return {key: value for key, value in shown.items() if value}


def _answered(call: Call, body: Object, status: Object, api: "Api") -> Reply:
    metadata = {**(body.get("metadata") or {}), "creationTimestamp": meta.timestamp(api.clock())}
    about = {"kind": call.kind.name, "apiVersion": call.kind.api_version, "metadata": metadata}
    return Made({**about, **({"spec": body["spec"]} if "spec" in body else {}), "status": status}, 201)


def review_self(call: Call, api: "Api") -> Reply:
    """Who is asking.  Raises: ``StatusError`` 400."""
    return _answered(call, take_object(call), {"userInfo": shown_user(call.user)}, api)


def review_token(call: Call, api: "Api") -> Reply:
    """Whom a bearer token stands for.  Raises: ``StatusError`` 400."""
    body = take_object(call)
    spec = body.get("spec") or {}
    found = api.tokens.user(spec.get("token") or "", spec.get("audiences") or ()) if api.tokens else None
    status: Object
    if found is None:
        status = {"user": {}, "error": "[invalid bearer token]"}
    else:
        status = {"authenticated": True, "user": shown_user(found[0]), "audiences": list(found[1])}
    return _answered(call, body, status, api)


def review_own_access(call: Call, api: "Api") -> Reply:
    """Whether who is asking may do something.  Raises: ``StatusError`` 400, 422."""
    body = take_object(call)
    asked = _asked(call, body.get("spec") or {})
    return _answered(call, body, _verdict(api.authorizer.is_allowed(call.user, asked)), api)


def review_access(call: Call, api: "Api") -> Reply:
    """Whether somebody else may do something, anywhere or in the namespace asked.  Raises: ``StatusError`` 400, 422."""
    body = take_object(call)
    spec = body.get("spec") or {}
    asked = _asked(call, spec)
    problems = []
    if not spec.get("user") and not spec.get("groups"):
        problems.append(invalid_value("spec.user", "", "at least one of user or group must be specified"))
    if call.namespace is not None and asked.namespace != call.namespace:
        detail = f"must match metadata.namespace: {call.namespace}"
        problems.append(invalid_value("spec.resourceAttributes.namespace", asked.namespace or "", detail))
    if problems:
        raise invalid(call.kind.group, call.kind.name, "", problems)
    user = User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", spec.get("extra") or {})
    return _answered(call, body, _verdict(api.authorizer.is_allowed(user, asked)), api)


def review_own_rules(call: Call, api: "Api") -> Reply:
    """All that who is asking may do in a namespace.  Raises: ``StatusError`` 400."""
    body = take_object(call)
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
    return _answered(call, body, status, api)


def _only(rule: Object, *fields: str) -> Object:
    return {field: rule[field] for field in fields if rule.get(field)}


def _verdict(allowed: bool) -> Object:
    return {"allowed": allowed}


def _asked(call: Call, spec: Object) -> Asked:
    """Raises: ``StatusError`` 422."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid(call.kind.group, call.kind.name, "", [invalid_value("spec.resourceAttributes", resource, detail)])
    if resource is not None:
        return Asked(
            resource.get("verb") or "", resource.get("group") or "", resource.get("resource") or "",
            resource.get("subresource") or "", resource.get("namespace") or None, resource.get("name") or "",
        )  # fmt: skip
    path = path or {}
    return Asked(path.get("verb") or "", path=path.get("path") or "/")
