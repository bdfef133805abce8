"""Rules of a HorizontalPodAutoscaler."""

from collections.abc import Callable, Iterator

from fairway.kinds.autoscaler.filling import SOURCES
from fairway.kinds.rules.quantities import amount, container_resource_name
from fairway.kinds.rules.values import dns_label, each, non_negative
from fairway.objects import Object, names, quantity
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required

_ORDER = ("object", "external", "pods", "resource", "containerResource")
"""How upstream looks for what is given."""
_NO_TARGET = {
    "object": "must set either a target value or averageValue",
    "external": "must set either a target value for metric or a per-pod target",
}
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
    unknown = not_supported(f"{path}.type", type_, sorted(SOURCES))
    if type_ not in SOURCES:
        yield unknown
    given = [field for field in _ORDER if metric.get(field) is not None]
    if given:
        yield from _RULES[given[0]](f"{path}.{given[0]}", metric[given[0]], given[0])
    field = SOURCES.get(type_, "")
    if not field:
        yield unknown  # upstream says so twice
    elif field not in given:
        yield required(f"{path}.{field}", "must populate information for the given metric source")
    if len(given) != 1:
        for other in given:
            if other != field:
                yield forbidden_value(f"{path}.{other}", "must populate the given metric source only")


def _resource(path: str, source: Object, field: str) -> Iterator[Problem]:
    name, container = source.get("name") or "", source.get("container") or ""
    if not name:
        yield required(f"{path}.name", "must specify a resource name")
    if field == "containerResource":
        if name:
            yield from container_resource_name(f"{path}.name", name)
        if container:
            yield from dns_label(f"{path}.container", container)
        else:
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
    if name := metric.get("name"):
        yield from each(f"{path}.metric.name", name, names.path_segment(name))
    else:
        yield required(f"{path}.metric.name", "must specify a metric name")
    target = source.get("target") or {}
    yield from _target(f"{path}.target", target)
    value, average = target.get("value"), target.get("averageValue")
    if field == "pods":
        if average is None:
            yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")
    elif value is None and average is None:
        text = _NO_TARGET[field]
        yield required(f"{path}.target.averageValue", text)
    elif field == "external" and value is not None and average is not None:
        text = "may not set both a target value for metric and a per-pod target"
        yield forbidden_value(f"{path}.target.value", text)


def _target(path: str, target: Object) -> Iterator[Problem]:
    type_ = target.get("type") or ""
    if not type_:
        yield required(f"{path}.type", "must specify a metric target type")
    if type_ not in _TARGETS:
        yield invalid_value(f"{path}.type", type_, "must be either Utilization, Value, or AverageValue")
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
    if window is not None and window < 0:
        yield invalid_value(f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero")
    if window is not None and window > _MAX_WINDOW_S:
        text = f"must be less than or equal to {_MAX_WINDOW_S}"
        yield invalid_value(f"{path}.stabilizationWindowSeconds", window, text)
    if rules.get("selectPolicy") not in _SELECTS:
        yield not_supported(f"{path}.selectPolicy", rules.get("selectPolicy"), _SELECTS)
    if not rules.get("policies"):
        yield required(f"{path}.policies", "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        yield from _policy(f"{path}.policies[{index}]", policy)
    if rules.get("tolerance") is not None:
        yield from amount(f"{path}.tolerance", rules["tolerance"])


def _policy(path: str, policy: Object) -> Iterator[Problem]:
    if policy.get("type") not in _POLICIES:
        yield not_supported(f"{path}.type", policy.get("type") or "", _POLICIES)
    for name in ("value", "periodSeconds"):
        if (policy.get(name) or 0) <= 0:
            yield invalid_value(f"{path}.{name}", policy.get(name) or 0, "must be greater than zero")
    if (policy.get("periodSeconds") or 0) > _MAX_PERIOD_S:
        text = f"must be less than or equal to {_MAX_PERIOD_S}"
        yield invalid_value(f"{path}.periodSeconds", policy["periodSeconds"], text)


_RULES: dict[str, Callable[[str, Object, str], Iterator[Problem]]] = {
    "object": _other, "external": _other, "pods": _other, "resource": _resource, "containerResource": _resource,
}  # fmt: skip
