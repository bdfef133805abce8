"""Conditions: expressions about a request, with what they may speak of.

Source: Kubernetes docs, "Dynamic Admission Control", "Matching requests: matchConditions".
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fairway.apiserver.admission.attributes import Attributes, Form
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User
from fairway.objects import Object
from fairway.objects.expressions import ExpressionError, compiled
from fairway.objects.expressions.authorizer import ASKING, AUTHORIZER

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_REQUEST_RESOURCE = "authorizer.requestResource"


def values(asked: Attributes, form: Form) -> dict[str, Any]:
    """``object``, ``oldObject``, ``request`` and the authorizers."""
    request = asked.request(form)
    resource = {
        **AUTHORIZER, "group": asked.kind.group, "resource": asked.kind.plural, "subresource": asked.call.subresource,
        "namespace": asked.call.namespace or "", "name": asked.name,
    }  # fmt: skip
    spoken = {name: value for name, value in request.items() if name not in ("object", "oldObject")}
    return {
        "object": request.get("object"), "oldObject": request.get("oldObject"), "request": spoken,
        "authorizer": AUTHORIZER, _REQUEST_RESOURCE: resource,
    }  # fmt: skip


@contextmanager
def asking(user: User, api: "Api") -> Iterator[None]:
    """Within, expressions may ask what ``user`` may do."""

    def decide(step: Mapping[str, str]) -> bool:
        who = User(step["user"], ("system:serviceaccounts", "system:authenticated")) if "user" in step else user
        if "path" in step:
            return api.authorizer.is_allowed(who, Asked(step["verb"], path=step["path"]))
        place = Asked(
            step["verb"], step.get("group", ""), step.get("resource", ""), step.get("subresource", ""),
            step.get("namespace") or None, step.get("name", ""),
        )  # fmt: skip
        return api.authorizer.is_allowed(who, place)

    token = ASKING.set(decide)
    try:
        yield
    finally:
        ASKING.reset(token)


def hold(conditions: list[Object] | None, given: Mapping[str, Any]) -> bool:
    """Whether every condition says yes; one that says no goes before one that fails.  Raises: ``ExpressionError``."""
    failure: ExpressionError | None = None
    for condition in conditions or ():
        try:
            if compiled(condition["expression"].strip(), tuple(given)).evaluate(given) is not True:
                return False
        except ExpressionError as error:
            text = f"expression '{condition['expression']}' resulted in error: {error}"
            failure = failure or ExpressionError(text)
    if failure is not None:
        raise failure
    return True
