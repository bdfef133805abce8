"""Choice: which pod stands for a workload or a Service, and which container of it is meant.  Pure.

Source: the order in which kubectl prefers pods, and the texts that it prints.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Object = dict[str, Any]

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
ENDED = ("Succeeded", "Failed")
_PHASES = {"Running": 0, "Unknown": 1, "Pending": 2}
_NEVER = "9999"


class NoSelector(Exception):
    """The object selects no pods; the text says why."""


def selector_of(found: "Object") -> str:
    """The label selector of a workload or a Service, as a query has it.  Raises: ``NoSelector``."""
    kind, spec = found.get("kind"), found.get("spec") or {}
    selector = spec.get("selector")
    if kind == "Service":
        if not selector:
            name = found["metadata"]["name"]
            raise NoSelector(f"invalid service '{name}': Service is defined without a selector")
        return labels_text(selector)
    if kind == "ReplicationController":
        return labels_text(selector or {})
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"):
        return ",".join((*_pairs((selector or {}).get("matchLabels") or {}), *map(_expression, _expressions(selector))))
    version = str(found.get("apiVersion", "v1")).rpartition("/")[2]
    raise NoSelector(f"selector for *{version}.{kind} not implemented")


def go_type(found: "Object") -> str:
    """``*v1.ConfigMap``, as messages name a kind."""
    return f"*{str(found.get('apiVersion', 'v1')).rpartition('/')[2]}.{found.get('kind')}"


def labels_text(labels: "dict[str, str]") -> str:
    """``app=web,tier=front``."""
    return ",".join(_pairs(labels))


def _pairs(labels: "dict[str, str]") -> "Iterator[str]":
    return (f"{key}={value}" for key, value in sorted(labels.items()))


def _expressions(selector: "Object | None") -> "Iterable[Object]":
    return (selector or {}).get("matchExpressions") or ()


def _expression(one: "Object") -> str:
    key, operator, values = one["key"], one["operator"], ",".join(sorted(one.get("values") or ()))
    texts = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "DoesNotExist": f"!{key}"}
    return texts.get(operator, str(key))


def best_first(pods: "Iterable[Object]") -> "list[Object]":
    """The pods in the order in which they are preferred: running, ready, ready for longest, fewest restarts, oldest."""
    return sorted(pods, key=_preference)


def _preference(pod: "Object") -> "tuple[Any, ...]":
    status, meta = pod.get("status") or {}, pod["metadata"]
    restarts = max((each.get("restartCount", 0) for each in status.get("containerStatuses") or ()), default=0)
    return (
        not (pod.get("spec") or {}).get("nodeName"),
        _PHASES.get(status.get("phase") or "", 0),
        not is_ready(pod),
        bool(meta.get("deletionTimestamp")),
        (_ready_condition(pod) or {}).get("lastTransitionTime") or _NEVER,
        restarts,
        meta.get("creationTimestamp") or _NEVER,
    )


def _ready_condition(pod: "Object") -> "Object | None":
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((each for each in conditions if each.get("type") == "Ready"), None)


def is_ready(pod: "Object") -> bool:
    """Whether the pod says that it is ready."""
    condition = _ready_condition(pod)
    return condition is not None and condition.get("status") == "True"


def containers_of(pod: "Object") -> "Iterator[tuple[str, Object]]":
    """Every container with its field in the spec: init containers, containers, ephemeral ones."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in (pod.get("spec") or {}).get(field) or ():
            yield field, container


def container_named(pod: "Object", name: str) -> "Object | None":
    """The container of that name."""
    return next((each for _, each in containers_of(pod) if each["name"] == name), None)


def default_container(pod: "Object") -> "tuple[str, str]":
    """The container that is meant where none is named, and what is to be said of that."""
    wanted = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    if wanted and container_named(pod, wanted) is not None:
        return wanted, ""
    name = pod["spec"]["containers"][0]["name"]
    names = all_names(pod)
    return name, f'Defaulted container "{name}" out of: {", ".join(names)}' if len(names) > 1 else ""


def all_names(pod: "Object") -> list[str]:
    """``a``, ``b (ephem)``, ``c (init)``: containers, then ephemeral ones, then init containers."""
    marks = {"containers": "", "ephemeralContainers": " (ephem)", "initContainers": " (init)"}
    found = list(containers_of(pod))
    return [f"{each['name']}{mark}" for field, mark in marks.items() for of, each in found if of == field]
