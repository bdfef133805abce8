"""Reviews: who somebody is, and what they may do.

Source: Kubernetes docs, "Authenticating", "API access to authentication information for a client"; "Authorization
Overview", "Checking API access".
"""

from typing import TYPE_CHECKING

from fairway.apiserver import authorization
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import Call, User
from fairway.apiserver.decode import take_object
from fairway.apiserver.reply import Made, Reply
from fairway.objects import Object, meta
from fairway.objects.errors import invalid, invalid_value

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
    spec = body.get("spec") or {}
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise invalid(call.kind.group, call.kind.name, "", [invalid_value("spec.resourceAttributes", resource, detail)])
    if resource is not None:
        asked = Asked(
            resource.get("verb") or "", resource.get("group") or "", resource.get("resource") or "",
            resource.get("subresource") or "", resource.get("namespace") or None, resource.get("name") or "",
        )  # fmt: skip
    else:
        path = path or {}
        asked = Asked(path.get("verb") or "", path=path.get("path") or "/")
    return _answered(call, body, {"allowed": authorization.is_allowed(call.user, asked)}, api)
