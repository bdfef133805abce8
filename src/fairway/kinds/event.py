"""Event (core/v1, and events.k8s.io/v1 with other field names): something that happened to an object.

Source: Kubernetes API reference, "Event"; KEP-383 (events.k8s.io).
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind, Served
from fairway.kinds.rules.cells import at, field
from fairway.kinds.rules.values import child, drop_null, each, fill, qualified_name
from fairway.objects import Object, names
from fairway.objects.ages import age
from fairway.objects.errors import Problem, invalid_value, required

_RENAMED = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_TIMES = ("eventTime", "firstTimestamp", "lastTimestamp")
_TEXT_MAX, _MESSAGE_MAX = 128, 1024
_ELSEWHERE = "does not match event.namespace"
_INVOLVED = ("involvedObject", "regarding")
_OF_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def defaults(new: Object) -> None:
    """Upstream's plain fields are always there."""
    drop_null(new, "series", "related", "count")
    for name in _TIMES:
        new.setdefault(name, None)
    child(new, "involvedObject")
    child(new, "source")
    fill(new, reportingComponent="", reportingInstance="")


def to_storage(event: Object) -> None:
    """From events.k8s.io/v1 to core/v1."""
    for theirs, ours in _RENAMED.items():
        if theirs in event:
            event[ours] = event.pop(theirs)


def from_storage(event: Object) -> None:
    """From core/v1 to events.k8s.io/v1."""
    for theirs, ours in _RENAMED.items():
        if ours in event:
            event[theirs] = event.pop(ours)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """An old-style event lives with its object; a new-style one (with eventTime) says who reports what."""
    namespace, involved = new["metadata"].get("namespace", ""), new["involvedObject"].get("namespace") or ""
    if new.get("eventTime"):
        if not involved and namespace not in ("default", "kube-system"):
            yield invalid_value("involvedObject.namespace", involved, _ELSEWHERE)
        yield from _report(new)
    elif (involved or "default") != namespace:
        yield invalid_value("involvedObject.namespace", involved, _ELSEWHERE)
    yield from each("namespace", namespace, names.dns_subdomain(namespace))


def _report(new: Object) -> Iterator[Problem]:
    component = new["reportingComponent"]
    if not component:
        yield required("reportingController")
    yield from qualified_name("reportingController", component)
    for name in ("reportingInstance", "action", "reason"):
        value = new.get(name) or ""
        if not value:
            yield required(name)
        if len(value) > _TEXT_MAX:
            yield invalid_value(name, "", f"can have at most {_TEXT_MAX} characters")
    if len(new.get("message") or "") > _MESSAGE_MAX:
        yield invalid_value("message", "", f"can have at most {_MESSAGE_MAX} characters")


def _first_seen(event: Object, now: float) -> str:
    return age(event.get("firstTimestamp") or event.get("eventTime"), now)


def _last_seen(event: Object, now: float) -> str:
    if series := event.get("series"):
        return age(series.get("lastObservedTime"), now)
    last = event.get("lastTimestamp")
    return age(last, now) if last else _first_seen(event, now)


def _involved(event: Object, _now: float) -> str:
    involved = event["involvedObject"]
    kind, name = (involved.get("kind") or "").lower(), involved.get("name")
    return f"{kind}/{name}" if name else kind


def _source(event: Object, _now: float) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    host = source.get("host") or event.get("reportingInstance")
    return f"{component}, {host}" if host else component


def _count(event: Object, _now: float) -> int:
    return int((event.get("series") or event).get("count") or 1)


EVENT = Kind(
    group="", version="v1", name="Event", plural="events",
    short_names=("ev",),
    also=(Served("events.k8s.io", "v1", to_storage=to_storage, from_storage=from_storage, is_twin=True),),
    leads_with_name=False,
    columns=(
        Column("Last Seen", _last_seen),
        Column("Type", at("type")),
        Column("Reason", at("reason")),
        Column("Object", _involved),
        Column("Subobject", at("involvedObject", "fieldPath"), priority=1),
        Column("Source", _source, priority=1),
        Column("Message", lambda event, _: (event.get("message") or "").strip()),
        Column("First Seen", _first_seen, priority=1),
        Column("Count", _count, priority=1),
        Column("Name", lambda event, _: event["metadata"]["name"], format="name", priority=1),
    ),
    fields={f"{prefix}.{name}": field("involvedObject", name) for name in _OF_INVOLVED for prefix in _INVOLVED}
    | {
        "reason": field("reason"),
        "reportingComponent": field("reportingComponent"),
        "reportingController": field("reportingComponent"),
        "source": lambda event: (event.get("source") or {}).get("component") or event.get("reportingComponent") or "",
        "type": field("type"),
    },
    defaults=defaults,
    validate=validate,
    create_on_update=True,
    is_no_owner=True,
)  # fmt: skip
