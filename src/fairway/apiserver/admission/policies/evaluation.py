"""Evaluation: the expressions of one policy, run for one request.

Rules for those who change it: a policy's variables are worked out when an expression speaks of them, and only once.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from fairway.apiserver.admission import conditions
from fairway.apiserver.admission.attributes import Attributes
from fairway.apiserver.admission.metrics import Conditioned
from fairway.apiserver.admission.policies.invocations import Invocation
from fairway.kinds import NAMESPACE
from fairway.kinds.admission_registration.scopes import scopes_of
from fairway.objects import Object
from fairway.objects.expressions import ExpressionError, compiled

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api
    from fairway.objects.expressions.programs import Program

_NAMESPACE_MEMBERS = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "labels", "annotations", "finalizers",
    "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
)  # fmt: skip


class Evaluation:
    """Values for all expressions of one invocation."""

    def __init__(self, met: Invocation, asked: Attributes, api: "Api") -> None:
        self._met = met
        self._scopes = scopes_of(met.policy["spec"])
        self._given = {**conditions.values(asked, met.form), "params": met.parameter}
        self._given["namespaceObject"] = _namespace(asked, api)
        policy = met.policy
        does = "mutate" if "mutations" in policy["spec"] else "validate"
        whose = Conditioned("policy", does, policy["metadata"]["name"])
        self._count = partial(api.admission_metrics.conditions, whose, asked.operation)
        self._variables: dict[str, Any] = {}
        self._failed: dict[str, str] = {}

    def is_meant(self) -> bool:
        """Whether the match conditions hold.  Raises: ``ExpressionError``."""
        found = self._met.policy["spec"].get("matchConditions")
        if not found:
            return True
        return conditions.hold(
            found, {**self._given, "namespaceObject": None}, self._scopes.condition_scope(), self._count
        )  # fmt: skip

    def value(self, text: str, *, has_authorizer: bool = True, makes_patches: bool = False) -> Any:
        """What an expression gives.  Raises: ``ExpressionError``, whose text says of which."""
        try:
            program = compiled(text, self._scopes.scope(has_authorizer=has_authorizer, makes_patches=makes_patches))
            return self._run(program)
        except ExpressionError as error:
            raise ExpressionError(f"expression '{text}' resulted in error: {error}") from error

    def _run(self, program: "Program") -> Any:
        given = {name: self._given[name] for name in program.names if name in self._given}
        if "variables" in program.names:
            self._work_out(program)
            given["variables"] = self._variables
        try:
            return program.evaluate(given)
        except ExpressionError as error:
            missing = str(error).removeprefix("no such key: ")
            if missing in self._failed and missing in program.fields_of("variables"):
                text = f'composited variable "{missing}" fails to evaluate: {self._failed[missing]}'
                raise ExpressionError(text) from error
            raise

    def _work_out(self, program: "Program") -> None:
        wanted = program.fields_of("variables")
        for name, found in self._scopes.variables:
            if name not in wanted or name in self._variables or name in self._failed:
                continue
            try:
                if isinstance(found, ExpressionError):
                    raise found
                self._variables[name] = self._run(found)
            except ExpressionError as error:
                self._failed[name] = str(error)


def _namespace(asked: Attributes, api: "Api") -> Object | None:
    """What policies see of the namespace."""
    if not asked.kind.namespaced:
        return None
    found = api.cache.get(NAMESPACE, None, asked.call.namespace or "")
    if found is None:
        return None
    metadata = found.object["metadata"]
    shown: Object = {member: metadata[member] for member in _NAMESPACE_MEMBERS if member in metadata}
    return {"metadata": shown, "spec": found.object.get("spec") or {}, "status": found.object.get("status") or {}}
