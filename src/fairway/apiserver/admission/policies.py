"""Policies: ValidatingAdmissionPolicies judge what is written, as their bindings say.

Shape: ``Policies.judge`` goes through the bindings whose policy and resources mean a request; the expressions are
compiled once and kept by their text.
Source: Kubernetes docs, "Validating Admission Policy"; the texts are upstream's.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver.admission import conditions
from fairway.apiserver.admission.attributes import Attributes, Form
from fairway.apiserver.admission.matching import matched
from fairway.kinds import NAMESPACE, VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING
from fairway.kinds.admission_registration.policies import REASONS, VARIABLES
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden
from fairway.objects.expressions import ExpressionError, compiled
from fairway.objects.labels import from_label_selector

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_FAILURE_KEY = "validation.policy.admission.k8s.io/validation_failure"
_ANY_RULE = [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*", "*/*"]}]
_CONDITION_VARIABLES = ("object", "oldObject", "request", "authorizer", "authorizer.requestResource", "params")


class Refused(Exception):
    """What a policy finds wrong: the message, the reason, and the place of the validation that says so."""

    def __init__(self, message: str, reason: str = "Invalid", place: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.place = place


class Policies:
    """All policies, as writers meet them."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._policies = api.cache.of(VALIDATING_ADMISSION_POLICY)
        self._bindings = api.cache.of(VALIDATING_ADMISSION_POLICY_BINDING)

    @property
    def exist(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self._bindings.live and self._policies.live) and self._api.asks_others

    def judge(self, asked: Attributes) -> None:
        """Raises: ``StatusError`` of the first policy that refuses; warnings go to the call."""
        if asked.is_exempt:
            return
        denial: StatusError | None = None
        failures: list[Object] = []
        with conditions.asking(asked.call.user, self._api):
            for key in self._bindings.keys(VALIDATING_ADMISSION_POLICY_BINDING.prefix):
                binding = self._bindings.live[key].object
                found = self._api.cache.get(VALIDATING_ADMISSION_POLICY, None, binding["spec"]["policyName"])
                if found is not None:
                    for refused in self._refusals(found.object, binding, asked):
                        acted = _acted(refused, found.object, binding, asked, failures)
                        denial = denial or acted
        if failures:
            asked.call.annotations[_FAILURE_KEY] = orjson.dumps(failures).decode()
        if denial is not None:
            raise denial

    def _refusals(self, policy: Object, binding: Object, asked: Attributes) -> Iterator[Refused]:
        constraints = policy["spec"]["matchConstraints"]
        form = self._meant(constraints, constraints.get("resourceRules") or (), asked)
        resources = binding["spec"].get("matchResources")
        if form is None or (
            resources is not None and not self._meant(resources, resources.get("resourceRules") or _ANY_RULE, asked)
        ):
            return
        try:
            parameters = self._parameters(policy, binding, asked)
        except Refused as refused:
            yield refused
            return
        for parameter in parameters:
            yield from self._broken(policy, parameter, form, asked)

    def _meant(self, found: Object, rules: Any, asked: Attributes) -> Form | None:
        excluded = found.get("excludeResourceRules") or ()
        form = matched(found, rules, asked, self._labels_of)
        if form is None or (excluded and matched({}, excluded, asked, self._labels_of) is not None):
            return None
        return form

    def _labels_of(self, namespace: str) -> Object | None:
        found = self._api.cache.get(NAMESPACE, None, namespace)
        return None if found is None else found.object["metadata"].get("labels")

    def _parameters(self, policy: Object, binding: Object, asked: Attributes) -> list[Object | None]:
        """The objects that the policy is judged with, one by one.  Raises: ``Refused``."""
        kind, reference = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
        if kind is None or reference is None:
            return [None]
        collection = next(
            (
                one for one in self._api.cache.collections.values()
                if (one.kind.api_version, one.kind.name) == (kind["apiVersion"], kind["kind"])
            ),
            None,
        )  # fmt: skip
        if collection is None:
            why = f"failed to find resource referenced by paramKind: '{kind['apiVersion']}, Kind={kind['kind']}'"
            raise Refused(f"failed to configure policy: {why}")
        namespace = (reference.get("namespace") or asked.call.namespace or "") if collection.kind.namespaced else None
        if reference.get("name"):
            stored = collection.live.get(collection.kind.key(namespace, reference["name"]))
            found = [stored.object] if stored else []
        else:
            prefix = f"{collection.kind.prefix}{namespace}/" if namespace else collection.kind.prefix
            chosen = from_label_selector(reference.get("selector") or {})
            everything = (collection.live[key].object for key in collection.keys(prefix))
            found = [one for one in everything if chosen.matches(one["metadata"].get("labels"))]
        if not found and reference.get("parameterNotFoundAction") == "Deny":
            raise Refused(
                "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
            )
        return list(found)

    def _broken(self, policy: Object, parameter: Object | None, form: Form, asked: Attributes) -> Iterator[Refused]:
        """Every validation that does not hold, and whatever fails, if failures count."""
        spec = policy["spec"]
        fails_closed = spec.get("failurePolicy") != "Ignore"
        given = {**conditions.values(asked, form), "params": parameter}
        try:
            if not conditions.hold(spec.get("matchConditions"), {name: given[name] for name in _CONDITION_VARIABLES}):
                return
        except ExpressionError as error:
            if fails_closed:
                yield Refused(str(error))
            return
        given["namespaceObject"] = self._namespace(asked)
        given["variables"] = _variables(spec, given)
        for place, validation in enumerate(spec.get("validations") or ()):
            try:
                if compiled(validation["expression"].strip(), VARIABLES).evaluate(given) is not True:
                    yield Refused(_message(validation, given), validation.get("reason") or "Invalid", place)
            except ExpressionError as error:
                if fails_closed:
                    text = f"expression '{validation['expression'].strip()}' resulted in error: {error}"
                    yield Refused(text, place=place)
        self._annotate(policy, given, asked)

    def _namespace(self, asked: Attributes) -> Object | None:
        if not asked.kind.namespaced:
            return None
        found = self._api.cache.get(NAMESPACE, None, asked.call.namespace or "")
        return None if found is None else found.object

    @staticmethod
    def _annotate(policy: Object, given: Mapping[str, Any], asked: Attributes) -> None:
        for annotation in policy["spec"].get("auditAnnotations") or ():
            try:
                value = compiled(annotation["valueExpression"].strip(), VARIABLES).evaluate(given)
            except ExpressionError:
                continue
            if isinstance(value, str) and value.strip():
                key = f"{policy['metadata']['name']}/{annotation['key']}"
                before = asked.call.annotations.get(key)
                asked.call.annotations[key] = f"{before}, {value}" if before else value


def _variables(spec: Object, given: Mapping[str, Any]) -> Object:
    """The policy's own variables; one that fails is missing for whoever uses it."""
    found: Object = {}
    for variable in spec.get("variables") or ():
        try:
            program = compiled(variable["expression"].strip(), VARIABLES)
            found[variable["name"]] = program.evaluate({**given, "variables": found})
        except ExpressionError:
            continue
    return found


def _message(validation: Object, given: Mapping[str, Any]) -> str:
    """The message that the policy words for this object, or the fixed one, or the expression itself."""
    text = (validation.get("messageExpression") or "").strip()
    if text:
        try:
            worded = compiled(text, VARIABLES).evaluate(given)
        except ExpressionError:
            worded = None
        if isinstance(worded, str) and worded.strip() and "\n" not in worded.strip():
            return worded.strip()
    return (validation.get("message") or "").strip() or f"failed expression: {validation['expression'].strip()}"


def _acted(
    refused: Refused, policy: Object, binding: Object, asked: Attributes, failures: list[Object]
) -> StatusError | None:
    """Do what the binding wants done; the error if that is a refusal."""
    policy_name, name = policy["metadata"]["name"], binding["metadata"]["name"]
    actions = binding["spec"]["validationActions"]
    text = str(refused)
    if "Audit" in actions:
        failures.append(
            {
                "message": text, "policy": policy_name, "binding": name, "expressionIndex": refused.place,
                "validationActions": actions,
            }
        )  # fmt: skip
    if "Warn" in actions:
        asked.call.warnings.append(
            f"Validation failed for ValidatingAdmissionPolicy '{policy_name}' with binding '{name}': {text}"
        )
    if "Deny" not in actions:
        return None
    told = f"ValidatingAdmissionPolicy '{policy_name}' with binding '{name}' denied request: {text}"
    error = forbidden(asked.kind.group, asked.kind.plural, asked.name, told, causes=[{"message": told}])
    error.reason, error.code = refused.reason, REASONS[refused.reason]
    return error
