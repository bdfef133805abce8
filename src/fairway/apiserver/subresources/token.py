"""The ``token`` subresource of service accounts: a signed token for a TokenRequest.

Source: Kubernetes API reference, "TokenRequest v1 authentication.k8s.io"; KEP-1205.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import uuid4

from fairway.apiserver.admission import consulting
from fairway.apiserver.admission.attributes import CREATE
from fairway.apiserver.authorization import NODES
from fairway.apiserver.call import Call
from fairway.apiserver.decode import check_type
from fairway.apiserver.reply import Made, Reply
from fairway.apiserver.subresources import node_tokens
from fairway.apiserver.tokens import claims as said
from fairway.apiserver.verbs.get import current
from fairway.kinds import NODE, POD, SECRET
from fairway.kinds.kind import Kind
from fairway.objects import Object, meta, strict
from fairway.objects.errors import bad_request, conflict, internal, invalid, invalid_value, not_found

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

GROUP = "authentication.k8s.io"
_VERSION = f"{GROUP}/v1"
_KIND = "TokenRequest"
_BOUND: dict[str, Kind] = {"Pod": POD, "Secret": SECRET, "Node": NODE}


async def create_token(call: Call, api: "Api") -> Reply:
    """POST.  Raises: ``StatusError``."""
    if api.tokens is None:
        raise internal("this API server has no key to sign tokens with")
    body = _checked(call)
    await consulting.consult(call, CREATE, body, None, api, object_kind=(GROUP, "v1", _KIND))
    account = current(call, api).object
    spec = {key: value for key, value in (body.get("spec") or {}).items() if value is not None}
    if found := list(said.problems(spec)):
        raise invalid(GROUP, _KIND, "", found)
    if NODES in call.user.groups:
        node_tokens.check(call, spec, api)
    bound = _bound(call, spec.get("boundObjectRef") or {}, api)
    audiences = spec.get("audiences") or [api.tokens.name]
    lasts_s = spec.get("expirationSeconds") or said.DEFAULT_S
    now_s = api.clock()
    claims = said.claims(
        account, bound, issuer=api.tokens.name, audiences=audiences, now_s=now_s, lasts_s=lasts_s,
        credential=str(uuid4()),
    )  # fmt: skip
    call.annotations["authentication.kubernetes.io/issued-credential-id"] = f"JTI={claims['jti']}"
    status = {"token": api.tokens.sign(claims), "expirationTimestamp": meta.timestamp(claims["iat"] + lasts_s)}
    metadata = {"name": call.name, "namespace": call.namespace, "creationTimestamp": meta.timestamp(now_s)}
    filled = {**spec, "audiences": audiences, "expirationSeconds": lasts_s}
    return Made(
        {"kind": _KIND, "apiVersion": _VERSION, "metadata": metadata, "spec": filled, "status": status}, 201
    )  # fmt: skip


def _checked(call: Call) -> Object:
    """The TokenRequest.  Raises: ``StatusError`` 400."""
    body = check_type(call.body, call.raw, _KIND, _VERSION)
    validation = strict.mode(call.options.get("fieldValidation"))
    call.warnings.extend(strict.check(body, call.raw, api_version=_VERSION, kind=_KIND, validation=validation))
    metadata = body.get("metadata") or {}
    if metadata.get("namespace") not in (None, "", call.namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if (name := metadata.get("name")) not in (None, "", call.name):
        problem = invalid_value("metadata.name", name, "must match the service account name if specified")
        raise invalid(GROUP, _KIND, call.name, [problem])
    return body


def _bound(call: Call, reference: Object, api: "Api") -> Mapping[str, Object]:
    """The object that ends with the token, by kind, and the node of a pod.  Raises: ``StatusError`` 400, 404, 409."""
    if not reference:
        return {}
    name, uid = reference.get("name") or "", reference.get("uid") or ""
    version, word = reference.get("apiVersion") or "", reference.get("kind") or ""
    group = version.rpartition("/")[0]
    kind = None if group else _BOUND.get(word)
    if kind is None:
        raise bad_request(f"cannot bind token to object of type {group}/{version.rpartition('/')[2]}, Kind={word}")
    stored = api.cache.get(kind, call.namespace if kind.namespaced else None, name)
    if stored is None:
        raise not_found(kind.group, kind.plural, name)
    found = stored.object
    if kind is POD and found["spec"].get("serviceAccountName") != call.name:
        raise bad_request(
            f'cannot bind token for serviceaccount "{call.name}" to pod running with different serviceaccount name.'
        )
    if uid and found["metadata"]["uid"] != uid:
        why = (
            f"the UID in the bound object reference ({uid}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise conflict("", word, name, why)
    on = found["spec"].get("nodeName") if kind is POD else None
    if not on:
        return {word.lower(): found}
    node = api.cache.get(NODE, None, on)
    return {word.lower(): found, "node": {"metadata": {"name": on}} if node is None else node.object}
