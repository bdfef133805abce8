"""Rules of a HorizontalPodAutoscaler."""

from collections.abc import Iterator

from fairway.kinds.autoscaler.filling import SOURCES
from fairway.kinds.rules.values import each, non_negative
from fairway.objects import Object, names, quantity
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.labels import validate_label_selector

_TARGETS = ("AverageValue", "Utilization", "Value")
_MAX_WINDOW_S, _MAX_PERIOD_S = 3600, 1800
_SELECTS, _POLICIES = ("Disabled", "Max", "Min"), ("Percent", "Pods")


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule."""
    if old is not None and new.get("status") is not old.get("status"):
        for name in ("currentReplicas", "desiredReplicas"):
            yield from non_negative(f"status.{name}", (new.get("status") or {}).get(name))
    spec = new["spec"]
    if old is not None and spec == old["spec"]:
        return
    least, most = spec["minReplicas"], spec["maxReplicas"]
    if least < 1:
        yield invalid_value("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid_value("spec.maxReplicas", most, "must be greater than 0")
    if most < least:
        yield invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from _reference("spec.scaleTargetRef", spec["scaleTargetRef"])
    for index, metric in enumerate(spec["metrics"]):
        yield from _metric(f"spec.metrics[{index}]", metric)
    for name in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(name)
        if rules is not None:
            yield from _rules(f"spec.behavior.{name}", rules)


def _reference(path: str, found: Object) -> Iterator[Problem]:
    for name in ("kind", "name"):
        if value := found.get(name):
            yield from each(f"{path}.{name}", value, names.path_segment(value))
        else:
            yield required(f"{path}.{name}")


def _metric(path: str, metric: Object) -> Iterator[Problem]:
    type_ = metric.get("type") or ""
    if not type_:
        yield required(f"{path}.type", "must specify a metric source type")
        return
    field = SOURCES.get(type_)
    if field is None:
        yield not_supported(f"{path}.type", type_, sorted(SOURCES))
    for other in SOURCES.values():
        if other != field and metric.get(other) is not None:
            yield forbidden_value(f"{path}.{other}", "must populate the given metric source only")
    if field is None:
        return
    source = metric.get(field)
    if source is None:
        yield required(f"{path}.{field}", "must populate information for the given metric source")
    elif field in ("resource", "containerResource"):
        yield from _resource(f"{path}.{field}", source, field)
    else:
        yield from _other(f"{path}.{field}", source, field)


def _resource(path: str, source: Object, field: str) -> Iterator[Problem]:
    if not source.get("name"):
        yield required(f"{path}.name", "must specify a resource name")
    if field == "containerResource" and not source.get("container"):
        yield required(f"{path}.container", "must specify a container")
    target = source.get("target") or {}
    yield from _target(f"{path}.target", target)
    share, value = target.get("averageUtilization"), target.get("averageValue")
    if share is None and value is None:
        text = "must set either a target raw value or a target utilization"
        yield required(f"{path}.target.averageUtilization", text)
    if share is not None and value is not None:
        text = "may not set both a target raw value and a target utilization"
        yield forbidden_value(f"{path}.target.averageValue", text)


def _other(path: str, source: Object, field: str) -> Iterator[Problem]:
    if field == "object":
        yield from _reference(f"{path}.describedObject", source.get("describedObject") or {})
    metric = source.get("metric") or {}
    if not metric.get("name"):
        yield required(f"{path}.metric.name", "must specify a metric name")
    if metric.get("selector") is not None:
        yield from validate_label_selector(metric["selector"], f"{path}.metric.selector")
    target = source.get("target") or {}
    yield from _target(f"{path}.target", target)
    value, average = target.get("value"), target.get("averageValue")
    if field == "pods":
        if average is None:
            yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")
    elif value is None and average is None:
        text = "must set either a target value for metric or a per-pod target"
        yield required(f"{path}.target.averageValue", text)
    elif field == "external" and value is not None and average is not None:
        text = "may not set both a target value for metric and a per-pod target"
        yield forbidden_value(f"{path}.target.value", text)


def _target(path: str, target: Object) -> Iterator[Problem]:
    type_ = target.get("type") or ""
    if not type_:
        yield required(f"{path}.type", "must specify a metric target type")
    elif type_ not in _TARGETS:
        yield not_supported(f"{path}.type", type_, _TARGETS)
    for name in ("value", "averageValue"):
        if target.get(name) is not None and not _is_positive(target[name]):
            yield invalid_value(f"{path}.{name}", target[name], "must be positive")
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        yield invalid_value(f"{path}.averageUtilization", share, "must be greater than 0")


def _is_positive(value: object) -> bool:
    try:
        return quantity.parse(str(value)).nano > 0
    except ValueError:
        return False


def _rules(path: str, rules: Object) -> Iterator[Problem]:
    window = rules.get("stabilizationWindowSeconds")
    yield from non_negative(f"{path}.stabilizationWindowSeconds", window)
    if window is not None and window > _MAX_WINDOW_S:
        text = f"must be less than or equal to {_MAX_WINDOW_S}"
        yield invalid_value(f"{path}.stabilizationWindowSeconds", window, text)
    if rules.get("selectPolicy") not in _SELECTS:
        yield not_supported(f"{path}.selectPolicy", rules.get("selectPolicy"), _SELECTS)
    if not rules.get("policies"):
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        yield from _policy(f"{path}.policies[{index}]", policy)


def _policy(path: str, policy: Object) -> Iterator[Problem]:
    if policy.get("type") not in _POLICIES:
        yield not_supported(f"{path}.type", policy.get("type") or "", _POLICIES)
    for name in ("value", "periodSeconds"):
        if (policy.get(name) or 0) <= 0:
            yield invalid_value(f"{path}.{name}", policy.get(name) or 0, "must be greater than zero")
    if (policy.get("periodSeconds") or 0) > _MAX_PERIOD_S:
        text = f"must be less than or equal to {_MAX_PERIOD_S}"
        yield invalid_value(f"{path}.periodSeconds", policy["periodSeconds"], text)
