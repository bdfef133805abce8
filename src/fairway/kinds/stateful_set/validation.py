"""Rules of a StatefulSet, in the order in which upstream reports them."""

from collections.abc import Iterator

from fairway.kinds.replica_set import parsed
from fairway.kinds.rules import replicas
from fairway.kinds.rules.amounts import amount, at_most_all, number
from fairway.kinds.rules.pod_spec.template import endless_problems, metadata_problems, selected_by
from fairway.kinds.rules.pod_spec.warnings import claim_hints
from fairway.kinds.rules.values import dns_subdomain, non_negative
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, render_value, required
from fairway.objects.labels import validate_label_selector

_STRATEGY = "spec.updateStrategy"
_POLICIES = ("Delete", "Retain")
_CHANGEABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip
_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_HISTORY = "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; names, storage and selector stay what they were."""
    yield from _status_problems(new, old)
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    yield from _spec(spec)
    if old is not None:
        before, after = ({k: v for k, v in one.items() if k not in _CHANGEABLE} for one in (old["spec"], spec))
        if before != after:
            yield forbidden_value("spec", _FIXED)


_COUNTS = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def _status_problems(new: Object, old: Object | None) -> Iterator[Problem]:
    others = ("observedGeneration", "collisionCount")
    yield from replicas.status_problems(new, old, _COUNTS, others=others, ready="status.readyReplicas")
    if old is not None and new.get("status") is not old.get("status"):
        yield from replicas.collisions(new, old)


def _spec(spec: Object) -> Iterator[Problem]:
    policy = spec["podManagementPolicy"]
    if policy not in ("OrderedReady", "Parallel"):
        yield invalid_value("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    yield from _strategy(spec["updateStrategy"])
    retention = spec["persistentVolumeClaimRetentionPolicy"]
    for name in ("whenDeleted", "whenScaled"):
        if retention[name] not in _POLICIES:
            path = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
            yield not_supported(path, retention[name], _POLICIES)
    yield from non_negative("spec.replicas", spec["replicas"])
    yield from non_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from non_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    if service := spec.get("serviceName"):
        yield from dns_subdomain("spec.serviceName", service)
    yield from _selection(spec)


def _selection(spec: Object) -> Iterator[Problem]:
    found = spec.get("selector")
    if found is None:
        yield required("spec.selector")
    else:
        yield from validate_label_selector(found, "spec.selector")
        if not found.get("matchLabels") and not found.get("matchExpressions"):
            yield invalid_value("spec.selector", found, "empty selector is invalid for statefulset")
    chosen = parsed(found)
    if chosen is None:
        yield Problem("spec.selector", "FieldValueInvalid", f"Invalid value: {render_value(found)}")
    else:
        yield from selected_by(chosen, "spec.template", spec["template"])
        yield from metadata_problems("spec.template", spec["template"])
    # Containers are not looked at: what they mount may come from the templates of claims.
    yield from endless_problems("spec.template", spec["template"], "StatefulSet")


def _shown(strategy: Object) -> Object:
    rolling = strategy.get("rollingUpdate")
    filled = rolling and {"partition": rolling.get("partition") or 0, "maxUnavailable": rolling.get("maxUnavailable")}
    return replicas.shown({**strategy, "rollingUpdate": filled})


def _strategy(strategy: Object) -> Iterator[Problem]:
    type_, rolling = strategy["type"], strategy.get("rollingUpdate")
    if type_ == "OnDelete":
        if rolling is not None:
            text = "only allowed for updateStrategy 'RollingUpdate'"
            yield invalid_value(f"{_STRATEGY}.rollingUpdate", _shown(strategy)["RollingUpdate"], text)
    elif type_ != "RollingUpdate":
        yield invalid_value(_STRATEGY, _shown(strategy), "must be 'RollingUpdate' or 'OnDelete'")
    elif rolling is not None:
        yield from non_negative(f"{_STRATEGY}.rollingUpdate.partition", rolling.get("partition"))
        limit = rolling.get("maxUnavailable")
        if limit is not None:
            here = f"{_STRATEGY}.rollingUpdate.maxUnavailable"
            faults = list(amount(here, limit))
            yield from faults
            if not faults and number(limit) == 0:
                yield invalid_value(here, limit, "cannot be 0")
            yield from at_most_all(here, limit)


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Those of name and template, of claims, and of a history without an end."""
    yield from replicas.warnings(new, old)
    for index, claim in enumerate(new["spec"].get("volumeClaimTemplates") or ()):
        yield from claim_hints(f"spec.volumeClaimTemplates[{index}]", claim.get("spec") or {})
    if new["spec"]["revisionHistoryLimit"] < 0:
        yield _HISTORY
