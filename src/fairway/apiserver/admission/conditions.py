"""Conditions: expressions about a request, with what they may speak of.

Source: Kubernetes docs, "Dynamic Admission Control", "Matching requests: matchConditions".
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from fairway.apiserver.admission.attributes import Attributes, Form
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User
from fairway.objects import Object
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.authorizer import ASKING, AUTHORIZER

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def values(asked: Attributes, form: Form) -> dict[str, Any]:
    """``object``, ``oldObject``, ``request``, and the authorizer, which knows the resource that is asked for."""
    request = asked.request(form)
    resource = {
        **AUTHORIZER, "group": asked.kind.group, "resource": asked.kind.plural, "subresource": asked.call.subresource,
        "namespace": asked.call.namespace or "", "name": asked.name,
    }  # fmt: skip
    spoken = {name: value for name, value in request.items() if name not in ("object", "oldObject")}
    return {
        "object": request.get("object"), "oldObject": request.get("oldObject"), "request": spoken,
        "authorizer": {**AUTHORIZER, "requestResource": resource}, "namespaceObject": None,
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


Told = Callable[[float, bool, int], None]
"""Is told how long it took (in seconds), whether a condition said no, and how many failed."""


def hold(found: list[Object], given: Mapping[str, Any], scope: Scope, tell: Told) -> bool:
    """Whether every condition says yes; one that says no goes before those that fail.  Raises: ``ExpressionError``."""
    began, failures, is_excluded = perf_counter(), [], False
    for condition in found:
        text = condition["expression"].strip()
        try:
            program = compiled(text, scope)
            if program.evaluate({name: given[name] for name in program.names if name in given}) is not True:
                is_excluded = True
                break
        except ExpressionError as error:
            failures.append(f"expression '{text}' resulted in error: {error}")
    tell(perf_counter() - began, is_excluded, len(failures))
    if is_excluded:
        return False
    if failures:
        raise ExpressionError(failures[0] if len(failures) == 1 else f"[{', '.join(failures)}]")
    return True
