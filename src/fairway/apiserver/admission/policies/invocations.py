"""Invocations: which policies a request meets, by their bindings, and with which parameters.

Source: Kubernetes docs, "Validating Admission Policy", "Parameter resources"; the texts are upstream's.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from fairway.apiserver.admission.attributes import Attributes, Form
from fairway.apiserver.admission.matching import matched
from fairway.apiserver.collection import Collection
from fairway.kinds import NAMESPACE
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.labels import from_label_selector

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_ANY_RULE = [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*", "*/*"]}]


_REVIEWS = frozenset(
    (
        ("authentication.k8s.io", "selfsubjectreviews"), ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"), ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"), ("authorization.k8s.io", "subjectaccessreviews"),
    )
)  # fmt: skip
"""What no policy judges: who may do what must always be told."""


class Invocation(NamedTuple):
    """One policy with one binding and one parameter, if it takes any.

    ``failure`` says why that cannot be; then ``binding`` is ``None`` if the policy itself is at fault.
    """

    policy: Object
    binding: Object | None
    form: Form
    parameter: Object | None = None
    failure: str = ""

    @property
    def fails_closed(self) -> bool:
        """Whether failures refuse the request."""
        return bool(self.policy["spec"].get("failurePolicy") != "Ignore")


class _Misconfigured(Exception):
    """A policy or binding that cannot be judged by."""


class Hooks:
    """All policies of one kind, with their bindings."""

    def __init__(self, api: "Api", policy: Kind, binding: Kind) -> None:
        self._api = api
        self._kind = policy
        self._policies = api.cache.of(policy)
        self._bindings = api.cache.of(binding)

    @property
    def exist(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._bindings.live and self._policies.live) and self._api.asks_others

    def met_by(self, asked: Attributes) -> Iterator[Invocation]:
        """Every invocation, by the names of policies and bindings."""
        if asked.is_exempt or (asked.kind.group, asked.kind.plural) in _REVIEWS:
            return
        bindings: dict[str, list[Object]] = {}
        for binding in _objects(self._bindings):
            bindings.setdefault(binding["spec"]["policyName"], []).append(binding)
        for policy in _objects(self._policies):
            bound = bindings.get(policy["metadata"]["name"])
            constraints = policy["spec"].get("matchConstraints") or {}
            if bound and (form := self._meant(constraints, constraints.get("resourceRules") or (), asked)) is not None:
                yield from self._of_policy(policy, bound, form, asked)

    def _of_policy(self, policy: Object, bound: list[Object], form: Form, asked: Attributes) -> Iterator[Invocation]:
        kind = policy["spec"].get("paramKind")
        collection = self._collection(kind) if kind else None
        if kind and collection is None:
            named = f"{_group_version(kind['apiVersion'])}, Kind={kind['kind']}"
            why = f"failed to configure policy: failed to find resource referenced by paramKind: '{named}'"
            yield Invocation(policy, None, form, failure=why)
            return
        for binding in bound:
            resources = binding["spec"].get("matchResources")
            if resources is not None and not self._meant(resources, resources.get("resourceRules") or _ANY_RULE, asked):
                continue
            try:
                parameters = self._parameters(collection, binding["spec"].get("paramRef"), asked)
            except _Misconfigured as error:
                yield Invocation(policy, binding, form, failure=f"failed to configure binding: {error}")
                continue
            for parameter in parameters:
                yield Invocation(policy, binding, form, parameter)

    def _meant(self, found: Object, rules: Any, asked: Attributes) -> Form | None:
        excluded = found.get("excludeResourceRules") or ()
        form = matched(found, rules, asked, self._labels_of)
        if form is None or (excluded and matched({}, excluded, asked, self._labels_of) is not None):
            return None
        return form

    def _labels_of(self, namespace: str) -> Object | None:
        found = self._api.cache.get(NAMESPACE, None, namespace)
        return None if found is None else found.object["metadata"].get("labels")

    def _collection(self, kind: Object) -> Collection | None:
        for one in self._api.cache.collections.values():
            if (one.kind.api_version, one.kind.name) == (kind["apiVersion"], kind["kind"]):
                return one
        return None

    def _parameters(
        self, collection: Collection | None, reference: Object | None, asked: Attributes
    ) -> list[Object | None]:
        """The objects that the policy is judged with, one by one.  Raises: ``_Misconfigured``."""
        if collection is None or reference is None:
            return [None]
        kind, namespace = collection.kind, reference.get("namespace") or ""
        if namespace and not kind.namespaced:
            raise _Misconfigured("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        namespace = (namespace or asked.call.namespace or "") if kind.namespaced else ""
        if kind.namespaced and not namespace:
            raise _Misconfigured(
                "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            )
        found = _named(collection, namespace, reference)
        if not found and reference.get("parameterNotFoundAction") == "Deny":
            raise _Misconfigured("no params found for policy binding with `Deny` parameterNotFoundAction")
        return list(found)


def _objects(collection: Collection) -> Iterator[Object]:
    for key in collection.keys(collection.kind.prefix):
        yield collection.live[key].object


def _named(collection: Collection, namespace: str, reference: Object) -> list[Object]:
    kind = collection.kind
    if reference.get("name"):
        stored = collection.live.get(kind.key(namespace or None, reference["name"]))
        return [stored.object] if stored else []
    prefix = f"{kind.prefix}{namespace}/" if namespace else kind.prefix
    chosen = from_label_selector(reference.get("selector") or {})
    everything = (collection.live[key].object for key in collection.keys(prefix))
    return [one for one in everything if chosen.matches(one["metadata"].get("labels"))]


def _group_version(api_version: str) -> str:
    return api_version if "/" in api_version else f"/{api_version}"
