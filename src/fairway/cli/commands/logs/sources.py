"""Sources: which logs a command line means, and with which options they are asked for."""

import re
import sys

from fairway.cli.failure import Failure
from fairway.cli.streams import pods
from fairway.cli.streams.choice import (
    DEFAULT_CONTAINER,
    all_names,
    best_first,
    container_named,
    containers_of,
)
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.call import Call

    Object = dict[str, Any]

_RFC3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


class Source:
    """The log of one container."""

    __slots__ = ("container", "namespace", "pod", "uid")

    def __init__(self, pod: "Object", container: str) -> None:
        meta = pod["metadata"]
        self.namespace, self.pod, self.uid = meta["namespace"], meta["name"], meta.get("uid") or ""
        self.container = container

    @property
    def prefix(self) -> str:
        """What ``--prefix`` puts before a line."""
        return f"[pod/{self.pod}/{self.container}] "

    @property
    def path(self) -> str:
        """Where it is read."""
        return pods.pods_path(self.namespace, self.pod, "log")


class Wanted:
    """What is to be shown: ``sources`` now; where ``selector`` is set, pods that come later belong to it as well."""

    __slots__ = ("namespace", "options", "selector", "sources", "version", "with_prefix")

    def __init__(self, sources: "list[Source]", options: "dict[str, Any]") -> None:
        self.sources, self.options = sources, options
        self.selector = self.namespace = self.version = ""
        self.with_prefix = False


def _selected(call: "Call", selector: str) -> "tuple[list[Object], str]":
    """The pods that ``-l`` selects, and the resourceVersion of their list.  Raises: ``ApiError``."""
    try:
        return pods.list_pods(call, call.session.namespace, selector)
    except ApiError as error:
        from fairway.cli.arguments import Request

        asked = Request(call.session.resources.find("pods"), call.session.namespace, selector=selector)
        raise asked.failed(error) from None


def wanted(call: "Call") -> Wanted:
    """Find the pods.  Raises: ``Failure``, ``ApiError``."""
    flags, words = call.flags, call.words
    _check_time(flags.since_time)
    container = words[1] if len(words) == 2 else flags.container
    found = None if flags.selector else _object(call, words[0])
    selected = None
    if flags.selector:
        selected = _selected(call, flags.selector)
        if not selected[0]:
            print(f"No resources found in {call.session.namespace} namespace.", file=sys.stderr)
    _validate(call, container)
    made = Wanted([], options(call))
    made.with_prefix = flags.prefix or flags.all_pods
    if selected is not None:
        made.selector, made.namespace, made.version = flags.selector, call.session.namespace, selected[1]
        chosen = selected[0]
    else:
        assert found is not None
        chosen = _pods_of(call, found, made)
    made.sources = [Source(pod, name) for pod in chosen for name in containers(pod, container, flags.all_containers)]
    return made


def _object(call: "Call", word: str) -> "Object":
    try:
        return pods.one_object(call, [word])
    except ApiError as error:
        if not error.is_not_found:
            raise
        where = f'in namespace "{call.session.namespace}"'
        raise Failure(f"error from server (NotFound): {error.message} {where}") from None


def _pods_of(call: "Call", found: "Object", made: Wanted) -> "list[Object]":
    if found["kind"] == "Pod":
        return [found]
    selector, namespace = pods.selector_for(found, "get the logs from"), found["metadata"]["namespace"]
    chosen = pods.first_pods(call, namespace, selector)
    if call.flags.all_pods:
        made.selector, made.namespace = selector, namespace
        return chosen
    if len(chosen) > 1:
        print(f"Found {len(chosen)} pods, using pod/{chosen[0]['metadata']['name']}", file=sys.stderr)
    return best_first(chosen)[:1]


def containers(pod: "Object", name: str, is_all: bool) -> "Iterator[str]":
    """The containers of a pod whose logs are meant.  Raises: ``Failure``."""
    if is_all:
        yield from (each["name"] for _, each in containers_of(pod))
        return
    if not name:
        name = _default(pod)
    if container_named(pod, name) is None:
        raise Failure(f"container {name} is not valid for pod {pod['metadata']['name']}")
    yield name


def _default(pod: "Object") -> str:
    named = (pod["metadata"].get("annotations") or {}).get(DEFAULT_CONTAINER)
    if named:
        if container_named(pod, named) is not None:
            return str(named)
        text = f'Default container name "{named}" not found in pod {pod["metadata"]["name"]}'
        print(text, file=sys.stderr)
    first, names = str(pod["spec"]["containers"][0]["name"]), all_names(pod)
    if len(names) > 1:
        print(f'Defaulted container "{first}" out of: {", ".join(names)}', file=sys.stderr)
    return first


def _check_time(text: str) -> None:
    if text and not re.fullmatch(_RFC3339, text):
        layout = "2006-01-02T15:04:05Z07:00"
        rest, wanted = ("", "T") if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else (text, "2006")
        raise Failure(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{wanted}"')


def _validate(call: "Call", container: str) -> None:
    flags = call.flags
    if flags.since_time and flags.since:
        raise Failure("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if flags.all_containers and container:
        raise Failure(f"--all-containers=true should not be specified with container name {container}")
    if flags.is_given("container") and len(call.words) == 2:
        raise Failure("only one of -c or an inline [CONTAINER] arg is allowed")
    if flags.limit_bytes < 0:
        raise Failure("--limit-bytes must be greater than 0")
    if flags.since < 0:
        raise Failure("--since must be greater than 0")
    if flags.tail < -1:
        raise Failure("--tail must be greater than or equal to -1")


def options(call: "Call") -> "dict[str, Any]":
    """The query of a request for a log."""
    flags = call.flags
    tail: Any = None if flags.tail == -1 else flags.tail
    if flags.selector and not flags.is_given("tail"):
        tail = 10
    return {
        "follow": flags.follow,
        "previous": flags.previous,
        "timestamps": flags.timestamps,
        "sinceSeconds": int(flags.since + 0.5) or None,
        "sinceTime": flags.since_time,
        "tailLines": tail,
        "limitBytes": flags.limit_bytes or None,
        "insecureSkipTLSVerifyBackend": flags.insecure_skip_tls_verify_backend,
    }
