"""Scopes: what the expressions of webhooks and policies may speak of.

Source: Kubernetes docs, "Validating Admission Policy", "Mutating Admission Policy"; the names of types are upstream's.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from fairway.objects import Object
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.types import (
    BOOL,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
    object_of,
)

_AUTHORIZER = Type("kubernetes.authorization.Authorizer")
_RESOURCE_CHECK = Type("kubernetes.authorization.ResourceCheck")
AUTHORIZERS = {"authorizer": _AUTHORIZER, "authorizer.requestResource": _RESOURCE_CHECK}
VARIABLES = "kubernetes.variables"
OBJECT, PATCH = Type("Object"), Type("JSONPatch")
_PATCH_FIELDS = {"op": STRING, "path": STRING, "from": STRING, "value": DYN}
MESSAGES = {
    "Object": lambda _, field: DYN,
    "JSONPatch": lambda _, field: _PATCH_FIELDS.get(field),
}
"""What mutations may make: anything under the name of the object, and operations of a patch."""


def _texts(*names: str) -> dict[str, Type]:
    return dict.fromkeys(names, STRING)


_KIND = object_of("kubernetes.GroupVersionKind", _texts("group", "version", "kind"))
_RESOURCE = object_of("kubernetes.GroupVersionResource", _texts("group", "version", "resource"))
_USER = object_of(
    "kubernetes.UserInfo",
    {**_texts("username", "uid"), "groups": list_of(STRING), "extra": map_of(STRING, list_of(STRING))},
)
REQUEST = object_of(
    "kubernetes.AdmissionRequest",
    {
        "kind": _KIND, "resource": _RESOURCE, "requestKind": _KIND, "requestResource": _RESOURCE,
        **_texts("subResource", "requestSubResource", "name", "namespace", "operation"),
        "userInfo": _USER, "dryRun": BOOL, "options": DYN,
    },
)  # fmt: skip
_CONDITION = object_of(
    "kubernetes.NamespaceCondition",
    {**_texts("status", "type", "message", "reason"), "lastTransitionTime": TIMESTAMP},
)

if TYPE_CHECKING:
    from fairway.objects.expressions.programs import Program
_METADATA = object_of(
    "kubernetes.NamespaceMetadata",
    {
        **_texts("name", "generateName", "namespace", "UID", "resourceVersion"),
        "labels": map_of(STRING, STRING), "annotations": map_of(STRING, STRING), "finalizers": list_of(STRING),
        "creationTimestamp": TIMESTAMP, "deletionTimestamp": TIMESTAMP,
        "deletionGracePeriodSeconds": INT, "generation": INT,
    },
)  # fmt: skip
NAMESPACE = object_of(
    "kubernetes.Namespace",
    {
        "metadata": _METADATA,
        "spec": object_of("kubernetes.NamespaceSpec", {"finalizers": list_of(STRING)}),
        "status": object_of("kubernetes.NamespaceStatus", {"conditions": list_of(_CONDITION), "phase": STRING}),
    },
)


@lru_cache(16)
def request_scope(*, has_params: bool = False, has_authorizer: bool = True, makes_patches: bool = False) -> Scope:
    """What every expression about a request may speak of."""
    found = {"object": DYN, "oldObject": DYN, "request": REQUEST, "namespaceObject": NAMESPACE}
    if has_params:
        found["params"] = DYN
    if has_authorizer:
        found |= AUTHORIZERS
    return Scope(found, MESSAGES if makes_patches else None)


class PolicyScopes:
    """What the expressions of one policy may speak of: its own variables, too, by the types that they have.

    ``variables`` are their programs in order, or what is wrong with them; each may speak of those before it.
    ``overriding`` says more of variables than anybody needs to know who only runs expressions.
    """

    def __init__(self, spec: Object, overriding: Mapping[str, Type] | None = None) -> None:
        self._has_params = spec.get("paramKind") is not None
        self._overriding = overriding or {}
        self._known: dict[str, Type] = {}
        self._has_variables = bool(spec.get("variables")) or "mutations" in spec
        self._made: dict[tuple[bool, bool], Scope] = {}
        self.variables: list[tuple[str, Program | ExpressionError]] = []
        for variable in spec.get("variables") or ():
            self._add(variable.get("name") or "", variable.get("expression") or "")
        self._made.clear()

    def _add(self, name: str, text: str) -> None:
        self._made.clear()
        try:
            found: Program | ExpressionError = compiled(text, self.scope())
        except ExpressionError as error:
            found = error
        self._known[name] = DYN if isinstance(found, ExpressionError) else found.type
        self.variables.append((name, found))

    def scope(self, *, has_authorizer: bool = True, makes_patches: bool = False) -> Scope:
        """Of one of its expressions."""
        key = (has_authorizer, makes_patches)
        if key not in self._made:
            found = request_scope(
                has_params=self._has_params, has_authorizer=has_authorizer, makes_patches=makes_patches
            )
            variables = {**found.variables, **self._overriding}
            if self._has_variables:
                variables["variables"] = object_of(VARIABLES, dict(self._known))
            self._made[key] = Scope(variables, found.messages)
        return self._made[key]

    def condition_scope(self) -> Scope:
        """Of its match conditions, which know none of its variables."""
        return request_scope(has_params=self._has_params)


class _Spec:
    """A policy's specification as a key: what is stored is never changed, so that one is itself and no other."""

    __slots__ = ("spec",)

    def __init__(self, spec: Object) -> None:
        self.spec = spec

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Spec) and other.spec is self.spec


@lru_cache(256)
def _kept(key: _Spec) -> PolicyScopes:
    return PolicyScopes(key.spec)


def scopes_of(spec: Object) -> PolicyScopes:
    """The scopes of a policy that is stored, made once."""
    return _kept(_Spec(spec))
