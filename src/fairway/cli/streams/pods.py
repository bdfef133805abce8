"""Pods: the pod that ``POD`` or ``TYPE/NAME`` on a command line means, waited for where it is not there yet."""

import time

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.streams.choice import NoSelector, best_first, go_type, selector_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

    Object = dict[str, Any]

CONTAINER = Flag("container", "c", help="the container (default: the pod's default container, else its first)")
QUIET = Flag("quiet", "q", "bool", "print nothing but what the container says")
STDIN = Flag("stdin", "i", "bool", "pass standard input on")
TTY = Flag("tty", "t", "bool", "standard input is a terminal")


def running_timeout(default_s: float) -> Flag:
    """How long a pod is waited for."""
    text = "how long (5s, 2m, 3h) to wait until a pod is there"
    return Flag("pod-running-timeout", type="duration", help=text, default=default_s)


def check_timeout(call: "Call") -> None:
    """Raises: ``Failure``."""
    from fairway.cli.failure import UsageFailure

    if call.flags.pod_running_timeout <= 0:
        raise UsageFailure("--pod-running-timeout must be higher than zero")


def one_object(call: "Call", words: "list[str]", several: str = "") -> "Object":
    """The object that the words or ``-f`` name; ``several`` is the text if they are more.  Raises: ``Failure``."""
    from fairway.cli.arguments import targets

    found = list(targets(call, words, default_type="pods"))
    if len(found) != 1:
        raise Failure(several or "expected a resource")
    target = found[0]
    one = target.fetch(call.session.api)
    one.setdefault("apiVersion", target.resource.api_version)
    one.setdefault("kind", target.resource.kind)
    return one


def attachable_pod(call: "Call", found: "Object", verb: str = "attach to") -> "Object":
    """The pod itself, or the best one of a workload or Service.  Raises: ``Failure``."""
    if found["kind"] == "Pod":
        return found
    selector = selector_for(found, verb)
    return first_pods(call, found["metadata"]["namespace"], selector)[0]


def selector_for(found: "Object", verb: str) -> str:
    """The label selector of ``found``.  Raises: ``Failure``."""
    try:
        return selector_of(found)
    except NoSelector as error:
        raise Failure(f"cannot {verb} {go_type(found)}: {error}") from None


def pods_path(namespace: str, name: str = "", subresource: str = "") -> str:
    """Where pods live."""
    from fairway.client.blocking.api import quoted

    parts = [f"/api/v1/namespaces/{quoted(namespace)}/pods", quoted(name), subresource]
    return "/".join(part for part in parts if part)


def list_pods(call: "Call", namespace: str, selector: str) -> "tuple[list[Object], str]":
    """The pods, and the resourceVersion of their list."""
    answer = call.session.api.get(pods_path(namespace), {"labelSelector": selector})
    return list(answer.get("items") or ()), (answer.get("metadata") or {}).get("resourceVersion") or ""


def first_pods(call: "Call", namespace: str, selector: str) -> "list[Object]":
    """The pods that a selector selects, the best one first; where there is none, the first that comes in time.

    Raises: ``Failure``.
    """
    found, version = list_pods(call, namespace, selector)
    if found:
        return best_first(found)
    timeout_s = call.flags.pod_running_timeout
    query = {"labelSelector": selector, "resourceVersion": version, "timeoutSeconds": max(1, round(timeout_s))}
    until = time.monotonic() + timeout_s
    for kind, pod in call.session.api.watch(pods_path(namespace), query):
        if kind in ("ADDED", "MODIFIED"):
            return [pod]
        if time.monotonic() > until:
            break
    raise Failure("timed out waiting for the condition")
