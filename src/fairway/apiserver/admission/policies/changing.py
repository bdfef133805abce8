"""Changing: MutatingAdmissionPolicies change what is written, by what they lay over it or by operations of a patch.

Source: Kubernetes docs, "Mutating Admission Policy"; KEP-3962.  The texts are upstream's.
"""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson

from fairway.apiserver.admission import conditions
from fairway.apiserver.admission.attributes import Attributes, Fill
from fairway.apiserver.admission.metrics import INVALID, NO_ERROR
from fairway.apiserver.admission.policies.evaluation import Evaluation
from fairway.apiserver.admission.policies.invocations import Hooks, Invocation
from fairway.apiserver.ownership import form_of
from fairway.kinds import MUTATING_ADMISSION_POLICY, MUTATING_ADMISSION_POLICY_BINDING
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden
from fairway.objects.expressions import ExpressionError
from fairway.objects.ownership.merging import merge
from fairway.objects.ownership.shape import DEDUCE, STRUCT, WHOLE, KeyMissing, Shape
from fairway.objects.patches import json_patch
from fairway.objects.patches.json_patch import Untrue

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Key = tuple[str, str, str]
"""Policy, binding and parameter: one of them is asked at most twice."""


class _Failed(Exception):
    """A mutation that cannot be made."""


class Mutations:
    """All that change, as writers meet them."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._hooks = Hooks(api, MUTATING_ADMISSION_POLICY, MUTATING_ADMISSION_POLICY_BINDING)

    @property
    def exist(self) -> bool:
        """Whether there is anything that changes objects."""
        return self._hooks.exist

    def mutate(self, asked: Attributes, fill: Fill, again: set[Key] | None = None) -> tuple[bool, set[Key]]:
        """Have ``asked.new`` changed: (whether it was, who wishes to be asked again if others change it).

        ``again`` are those who are asked now; without it, all.  Raises: ``StatusError``.
        """
        if asked.new is None:
            return False, set()
        changed, wishing, failures = False, set(), []
        with conditions.asking(asked.call.user, self._api):
            for met in self._hooks.met_by(asked):
                key = _key(met)
                if again is not None and key not in again:
                    continue
                began, wrong = perf_counter(), NO_ERROR
                try:
                    changed |= self._apply(met, asked, fill)
                except (_Failed, ExpressionError) as error:
                    wrong = INVALID
                    if met.fails_closed:
                        failures.append((met, str(error)))
                self._count(met, perf_counter() - began, wrong)
                if met.policy["spec"].get("reinvocationPolicy") == "IfNeeded":
                    wishing.add(key)
        if failures:
            raise _denial(failures, asked)
        return changed, wishing

    def _count(self, met: Invocation, seconds: float, wrong: str) -> None:
        if met.binding is not None:
            names = met.policy["metadata"]["name"], met.binding["metadata"]["name"]
            self._api.admission_metrics.changed(*names, seconds, wrong)

    def _apply(self, met: Invocation, asked: Attributes, fill: Fill) -> bool:
        """Raises: ``ExpressionError``, ``_Failed``."""
        if met.failure:
            raise _Failed(met.failure)
        changed = False
        for place, mutation in enumerate(met.policy["spec"].get("mutations") or ()):
            # Each sees what those before it have made.
            run = Evaluation(met, asked, self._api)
            if not place and not run.is_meant():
                return False
            changed |= asked.replace(met.form, self._change(mutation, run, asked), fill)
        return changed

    @staticmethod
    def _change(mutation: Object, run: Evaluation, asked: Attributes) -> Callable[[Object], Any]:
        if mutation["patchType"] == "JSONPatch":
            operations = run.value(mutation["jsonPatch"]["expression"].strip(), makes_patches=True)
            return lambda document: _patched(document, operations)
        config = run.value(mutation["applyConfiguration"]["expression"].strip(), makes_patches=True)
        return lambda document: _laid_over(document, config, form_of(asked.call, document))


def _key(met: Invocation) -> Key:
    metadata = (met.parameter or {}).get("metadata") or {}
    binding = met.binding["metadata"]["name"] if met.binding else ""
    return met.policy["metadata"]["name"], binding, f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"


def _patched(document: Object, operations: list[Object]) -> Any:
    try:
        return json_patch.apply(document, [dict(one) for one in operations])
    except Untrue:
        return document
    except StatusError as error:
        raise _Failed(f"JSONPath: {error.message}") from error


def _laid_over(document: Object, config: Object, shape: Shape) -> Any:
    told = "error applying patch"
    if undeclared := list(_undeclared(config, shape, "")):
        shown = undeclared[0] if len(undeclared) == 1 else "errors:\n  " + "\n  ".join(undeclared)
        raise _Failed(f"{told}: failed to convert patch object to typed object: {shown}")
    if atomic := list(_atomic(config, shape, "")):
        why = f"may not mutate atomic arrays, maps or structs: {', '.join(atomic)}"
        raise _Failed(f"{told}: invalid ApplyConfiguration: {why}")
    try:
        return merge(document, config, shape)
    except KeyMissing as error:
        raise _Failed(f"{told}: failed to convert patch object to typed object: {error}") from error


_IDENTITY = frozenset((".apiVersion", ".kind", ".metadata"))


def _undeclared(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Fields that no schema names."""
    for step, below, inner in _below(value, shape):
        here = f"{path}{step}"
        is_named = shape.form != STRUCT or inner.form != DEDUCE or shape.is_named(f"f:{step[1:]}")
        if is_named or here in _IDENTITY:
            yield from _undeclared(below, inner, here)
        else:
            yield f"{here}: field not declared in schema"


def _atomic(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Places that can only be replaced as a whole, and would be."""
    is_whole = shape.form == WHOLE or (shape.form == DEDUCE and isinstance(value, list))
    if path and is_whole and isinstance(value, dict | list):
        yield path
        return
    for step, below, inner in _below(value, shape):
        yield from _atomic(below, inner, f"{path}{step}")


def _below(value: Any, shape: Shape) -> Iterator[tuple[str, Any, Shape]]:
    if isinstance(value, dict) and shape.form != WHOLE:
        for name, inner in value.items():
            yield f".{name}", inner, shape.field(name)
    elif isinstance(value, list) and shape.form not in (WHOLE, DEDUCE):
        for place, inner in enumerate(value):
            yield f"[{place}]", inner, shape.item()


def _denial(failures: list[tuple[Invocation, str]], asked: Attributes) -> StatusError:
    told = []
    for met, text in failures:
        policy = met.policy["metadata"]["name"]
        if met.binding is None:
            told.append(f"policy {orjson.dumps(policy).decode()} denied request: {text}")
        else:
            told.append(f"policy '{policy}' with binding '{met.binding['metadata']['name']}' denied request: {text}")
    causes = [{"message": one} for one in told]
    error = forbidden(asked.kind.group, asked.kind.plural, asked.name, told[0], causes=causes)
    error.message, error.reason = told[0], "Invalid"
    return error
