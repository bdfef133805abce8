"""Words: names of objects and commands as a user writes them."""

import json
from typing import Any

from fairway.objects import Object
from fairway.why.facts import meta

SHORT = {
    "Deployment": "deploy", "ReplicaSet": "rs", "DaemonSet": "ds", "StatefulSet": "sts",
    "ReplicationController": "rc", "Job": "job", "CronJob": "cj", "Service": "svc", "Pod": "pod", "Ingress": "ingress",
    "Node": "node",
}  # fmt: skip
_LONGEST = 300


def named(thing: Object) -> str:
    """``deploy/web``."""
    return f"{SHORT.get(thing.get('kind', ''), thing.get('kind', '').lower())}/{meta(thing)['name']}"


def clipped(text: str, longest: int = _LONGEST) -> str:
    """One line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def set_selector(namespace: str, name: str, selector: dict[str, str]) -> str:
    """The command that gives a Service this selector and no other."""
    pairs = ",".join(f"{key}={value}" for key, value in selector.items())
    return f"kubectl set selector svc {name} {pairs} -n {namespace}"


def replaced(namespace: str, name: str, path: str, value: Any, what: str = "svc") -> str:
    """The command that replaces one field; ``path`` is a JSON pointer."""
    patch = json.dumps([{"op": "replace", "path": path, "value": value}])
    return f"kubectl patch {what} {name} -n {namespace} --type=json -p '{patch}'"


def merged(namespace: str, name: str, spec: Object, what: str = "svc") -> str:
    """The command that sets some fields of a spec."""
    return f"kubectl patch {what} {name} -n {namespace} -p '{json.dumps({'spec': spec})}'"
