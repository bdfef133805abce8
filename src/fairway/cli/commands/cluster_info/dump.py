"""Write down the state of the cluster: nodes, what the namespaces hold, and the logs of their pods.

fairway cluster-info dump                                     kube-system and the context's namespace
fairway cluster-info dump -A --output-directory=state
"""

import os
import sys

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS, printer_of
from fairway.cli.streams.pods import pods_path, running_timeout
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.call import Call

FLAGS = (
    *(flag for flag in OUTPUT_FLAGS if flag.name != "output"),
    Flag("output", "o", default="json", help="format: json, yaml, go-template=..., jsonpath=..."),
    Flag("all-namespaces", "A", "bool", "of all namespaces, whatever --namespaces says"),
    Flag("namespaces", type="strings", help="of these namespaces"),
    Flag("output-directory", help="a folder for files; empty or - for standard output"),
    running_timeout(20.0),
)
_SYSTEM = "kube-system"
_NODES = ("nodes", "v1", "NodeList", "nodes")
_HELD = (
    ("events", "v1", "EventList", "events"),
    ("replication-controllers", "v1", "ReplicationControllerList", "replicationcontrollers"),
    ("services", "v1", "ServiceList", "services"),
    ("daemonsets", "apps/v1", "DaemonSetList", "daemonsets"),
    ("deployments", "apps/v1", "DeploymentList", "deployments"),
    ("replicasets", "apps/v1", "ReplicaSetList", "replicasets"),
    ("pods", "v1", "PodList", "pods"),
)
"""Name of the file, version, kind and plural of what is written down of a namespace, in kubectl's order."""


def run(call: "Call") -> int:
    """Ask for everything, list by list."""
    folder = "" if call.flags.output_directory == "-" else call.flags.output_directory
    dump = _Dump(call, folder)
    dump.list_of("", *_NODES)
    for namespace in _namespaces(call):
        found = [dump.list_of(namespace, *each) for each in _HELD]
        for pod in found[-1]:
            dump.logs_of(pod)
    if folder:
        print(f"Cluster info dumped to {folder}")
    return 0


def _namespaces(call: "Call") -> "list[str]":
    if call.flags.all_namespaces:
        return [each["metadata"]["name"] for each in call.session.api.get("/api/v1/namespaces").get("items") or ()]
    return list(call.flags.namespaces) or [_SYSTEM, call.session.namespace]


class _Dump:
    """Where everything goes: one file each below ``folder``, or standard output."""

    def __init__(self, call: "Call", folder: str) -> None:
        self._call, self._api, self._folder = call, call.session.api, folder
        printer = printer_of(call.flags)
        assert printer is not None
        self._printer = printer
        self._suffix = f".{call.flags.output}" if call.flags.output in ("json", "yaml") else ".txt"

    def list_of(self, namespace: str, name: str, version: str, kind: str, plural: str) -> "list[dict[str, Any]]":
        """Write down one list; its items."""
        from fairway.cli.printers.documents import Declared
        from fairway.cli.writing.declared_order import declared

        if self._call.flags.output == "name":
            raise Failure(f"list types are not supported by name printing: *v1.{kind}")
        root = "/apis/" if "/" in version else "/api/"
        where = f"namespaces/{namespace}/{plural}" if namespace else plural
        found = self._api.get(f"{root}{version}/{where}")
        items = found.get("items") or []
        for each in items:
            each.pop("kind", None), each.pop("apiVersion", None)
            if not self._call.flags.show_managed_fields:
                each["metadata"].pop("managedFields", None)
        shown = Declared(kind=kind, apiVersion=version, metadata=found.get("metadata") or {}, items=items or None)
        self._write((namespace, name), self._suffix, self._printer(declared(shown)))
        return list(items)

    def logs_of(self, pod: "dict[str, Any]") -> None:
        """Write down what the containers of a pod have said."""
        meta = pod["metadata"]
        text = "".join(self._logs(pod, f"{meta['namespace']}/{meta['name']}"))
        self._write((meta["namespace"], meta["name"], "logs"), ".txt", text)

    def _logs(self, pod: "dict[str, Any]", pod_name: str) -> "Iterator[str]":
        meta, spec = pod["metadata"], pod["spec"]
        for field in ("initContainers", "containers", "ephemeralContainers"):
            for container in spec.get(field) or ():
                name = container["name"]
                yield f"==== START logs for container {name} of pod {pod_name} ====\n"
                path = pods_path(meta["namespace"], meta["name"], "log")
                try:
                    for piece in self._api.stream(path, {"container": name}):
                        yield piece.decode(errors="replace")
                except ApiError as error:
                    yield f"Request log error: {error.message}\n"
                yield f"==== END logs for container {name} of pod {pod_name} ====\n"

    def _write(self, parts: "tuple[str, ...]", suffix: str, text: str) -> None:
        if not self._folder:
            sys.stdout.write(text)
            return
        file = os.path.join(self._folder, *parts) + suffix
        try:
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "w", encoding="utf-8") as writing:
                writing.write(text)
        except OSError as error:
            verb = "open" if os.path.isdir(os.path.dirname(file)) else "mkdir"
            place = file if verb == "open" else error.filename
            raise Failure(f"{verb} {place}: {(error.strerror or '').lower()}") from None
