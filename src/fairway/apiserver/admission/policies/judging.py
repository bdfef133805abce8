"""Judging: ValidatingAdmissionPolicies refuse what is written, warn of it, or tell the audit log.

Source: Kubernetes docs, "Validating Admission Policy"; the texts are upstream's.
"""

from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import orjson

from fairway.apiserver.admission import conditions
from fairway.apiserver.admission.attributes import Attributes
from fairway.apiserver.admission.metrics import INVALID, NO_ERROR
from fairway.apiserver.admission.policies.evaluation import Evaluation
from fairway.apiserver.admission.policies.invocations import Hooks, Invocation
from fairway.kinds import VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING
from fairway.kinds.admission_registration.policies import REASONS
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden
from fairway.objects.expressions import ExpressionError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_FAILURE_KEY = "validation.policy.admission.k8s.io/validation_failure"
_MESSAGE_MAX_BYTES = 5 * 1024
_ANNOTATION_MAX_BYTES = 10 * 1024


class Refused(Exception):
    """What a policy finds wrong: the message, the reason, and the place of the validation that says so.

    ``always``: whatever the binding wants done, this refuses the request.  ``error`` is its kind, for the metrics.
    """

    def __init__(
        self, message: str, reason: str = "Invalid", place: int = 0, *, always: bool = False, error: str = INVALID
    ) -> None:
        super().__init__(message)
        self.error = error
        self.reason = reason
        self.place = place
        self.always = always


class Policies:
    """All that judge, as writers meet them."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._hooks = Hooks(api, VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING)

    @property
    def exist(self) -> bool:
        """Whether there is anything to judge by."""
        return self._hooks.exist

    def judge(self, asked: Attributes) -> None:
        """Raises: ``StatusError`` of the first policy that refuses; warnings go to the call."""
        denial: StatusError | None = None
        told: dict[str, list[str]] = {}
        with conditions.asking(asked.call.user, self._api):
            for met in self._hooks.met_by(asked):
                began = perf_counter()
                for refused in self._refusals(met, asked, told):
                    count = partial(self._count, met, refused, perf_counter() - began)
                    acted = _acted(refused, met, asked, count)
                    denial = denial or acted
        asked.call.annotations.update({key: ", ".join(values) for key, values in told.items()})
        if denial is not None:
            raise denial

    def _refusals(self, met: Invocation, asked: Attributes, told: dict[str, list[str]]) -> Iterator[Refused]:
        """Every validation that does not hold, and whatever fails, if failures count."""
        failures: list[Refused] = []
        if met.failure:
            failures.append(Refused(met.failure, always=True))
        else:
            run = Evaluation(met, asked, self._api)
            try:
                if run.is_meant():
                    yield from _broken(met.policy["spec"], run, failures)
                    failures.extend(_annotated(met.policy, run, told))
            except ExpressionError as error:
                failures.append(Refused(str(error)))
        if met.fails_closed:
            yield from failures
        else:
            for one in failures:
                self._count(met, one, 0.0, "allow")

    def _count(self, met: Invocation, refused: Refused, seconds: float, action: str) -> None:
        if met.binding is not None:
            names = met.policy["metadata"]["name"], met.binding["metadata"]["name"]
            self._api.admission_metrics.check(*names, action.lower(), seconds, refused.error)


def _broken(spec: Object, run: Evaluation, failures: list[Refused]) -> Iterator[Refused]:
    """Validations that do not hold; those that fail go to ``failures``."""
    for place, validation in enumerate(spec.get("validations") or ()):
        try:
            if run.value(validation["expression"]) is not True:
                yield Refused(_message(validation, run), validation.get("reason") or "Invalid", place, error=NO_ERROR)
        except ExpressionError as error:
            failures.append(Refused(str(error), place=place))


def _annotated(policy: Object, run: Evaluation, told: dict[str, list[str]]) -> Iterator[Refused]:
    """Note what the audit log is told; what fails is told to the client."""
    for annotation in policy["spec"].get("auditAnnotations") or ():
        try:
            _annotate(policy["metadata"]["name"], annotation, run, told)
        except ExpressionError as error:
            yield Refused(str(error), always=True)


def _annotate(policy: str, annotation: Object, run: Evaluation, told: dict[str, list[str]]) -> None:
    """Raises: ``ExpressionError``."""
    value = run.value(annotation["valueExpression"].strip())
    if isinstance(value, str) and value.strip():
        value = value.strip().encode()[:_ANNOTATION_MAX_BYTES].decode(errors="ignore")
        values = told.setdefault(f"{policy}/{annotation['key']}", [])
        if value not in values:
            values.append(value)


def _message(validation: Object, run: Evaluation) -> str:
    """The message that the policy words for this object, or the fixed one, or the expression itself."""
    text = validation.get("messageExpression") or ""
    if text.strip():
        try:
            worded = run.value(text, has_authorizer=False)
        except ExpressionError:
            worded = None
        if isinstance(worded, str):
            worded = worded.strip()
            if worded and "\n" not in worded and len(worded.encode()) <= _MESSAGE_MAX_BYTES:
                return worded
    return (validation.get("message") or "").strip() or f"failed expression: {validation['expression'].strip()}"


def _acted(refused: Refused, met: Invocation, asked: Attributes, count: Callable[[str], None]) -> StatusError | None:
    """Do what the binding wants done; the error if that is a refusal."""
    policy, text = met.policy["metadata"]["name"], str(refused)
    if met.binding is None:
        return _denial(f"ValidatingAdmissionPolicy '{policy}' denied request: {text}", refused, asked)
    name, actions = met.binding["metadata"]["name"], met.binding["spec"]["validationActions"]
    if refused.always:
        actions = ["Deny"]
    for action in actions:
        count(action)
    if "Audit" in actions:
        failure = {
            "message": text, "policy": policy, "binding": name, "expressionIndex": refused.place,
            "validationActions": actions,
        }  # fmt: skip
        asked.call.annotations.setdefault(_FAILURE_KEY, orjson.dumps([failure]).decode())
    if "Warn" in actions:
        asked.call.warnings.append(
            f"Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{name}': {text}"
        )
    if "Deny" not in actions:
        return None
    told = f"ValidatingAdmissionPolicy '{policy}' with binding '{name}' denied request: {text}"
    return _denial(told, refused, asked)


def _denial(told: str, refused: Refused, asked: Attributes) -> StatusError:
    error = forbidden(asked.kind.group, asked.kind.plural, asked.name, told, causes=[{"message": told}])
    error.reason, error.code = refused.reason, REASONS[refused.reason]
    return error
