"""CannedApi: an API server that knows nothing but the objects it is given, of any kind, for kubectl to read.

It answers discovery, get and list with label and field selectors.  Unlike the real one it refuses nothing, so that
kubectl can be shown objects in any state.
"""

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fairway.objects import Object
from fairway.objects.labels import parse

CLUSTER_SCOPED = frozenset(
    {
        "Namespace", "Node", "PersistentVolume", "IngressClass", "IPAddress", "ServiceCIDR", "PriorityClass",
        "StorageClass", "CSINode", "ClusterRole", "ClusterRoleBinding", "VolumeAttributesClass",
    }
)  # fmt: skip
_IRREGULAR = {"Endpoints": "endpoints"}


def plural(kind: str) -> str:
    """The name of the kind in paths."""
    if kind in _IRREGULAR:
        return _IRREGULAR[kind]
    word = kind.lower()
    if word.endswith(("s", "ss")):
        return f"{word}es"
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2] not in "aeiou" else f"{word}s"


def _field(found: Object, path: str) -> str:
    value: Any = found
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def matches_fields(found: Object, text: str) -> bool:
    """Whether a field selector selects the object."""
    for term in filter(None, text.split(",")):
        path, sign, value = term.partition("!=") if "!=" in term else term.partition("==" if "==" in term else "=")
        if (_field(found, path) == value) != (sign != "!="):
            return False
    return True


class CannedObjects:
    """The objects by their place in the API; also a ``World`` for the descriptions."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self.objects = list(objects)

    def find(self, path: str, labels: str = "", fields: str = "") -> list[Object]:
        """The objects at a path of the API."""
        return [
            found for found in self.objects
            if path in self._paths(found) and parse(labels).matches(found["metadata"].get("labels"))
            and matches_fields(found, fields)
        ]  # fmt: skip

    @staticmethod
    def _paths(found: Object) -> Iterable[str]:
        version = found["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        name, namespace = found["metadata"]["name"], found["metadata"].get("namespace")
        place = (
            f"{root}/namespaces/{namespace}/{plural(found['kind'])}" if namespace else f"{root}/{plural(found['kind'])}"
        )
        return place, f"{place}/{name}", f"{root}/{plural(found['kind'])}"


class CannedApi:
    """The server, on a free port of the loopback interface; a context manager."""

    def __init__(self, objects: Iterable[Object], documents: dict[str, Object] | None = None) -> None:
        """``documents``: what else is answered, by its path."""
        self.canned = CannedObjects(objects)
        canned = self.canned

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                document = (documents or {}).get(self.path.partition("?")[0])
                code, answer = (200, document) if document else respond(canned, self.path)
                body = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "CannedApi":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def respond(canned: CannedObjects, target: str) -> tuple[int, Object]:
    """(HTTP status, body) for a GET."""
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = parts.path.rstrip("/")
    if path in ("/api", "/apis") or (path.count("/") in (2, 3) and path.split("/")[1] in ("api", "apis")):
        found = _discovery(canned, path)
        if found is not None:
            return 200, found
    listed = canned.find(path, query.get("labelSelector", ""), query.get("fieldSelector", ""))
    last = path.rsplit("/", 1)[-1]
    plurals = {plural(found["kind"]): found for found in canned.objects}
    if last in plurals and not (len(listed) == 1 and listed[0]["metadata"]["name"] == last):
        kind = plurals[last]
        return 200, {
            "kind": f"{kind['kind']}List", "apiVersion": kind["apiVersion"],
            "metadata": {"resourceVersion": "1"}, "items": listed,
        }  # fmt: skip
    if listed:
        return 200, listed[0]
    return 404, _missing(path, canned)


def _missing(path: str, canned: CannedObjects) -> Object:
    *_, collection, name = path.split("/")
    known = {plural(found["kind"]): found["apiVersion"] for found in canned.objects}
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 404}
    if collection not in known:
        message = "the server could not find the requested resource"
        return status | {"reason": "NotFound", "message": message, "details": {}}
    group = known[collection].rpartition("/")[0]
    shown = f"{collection}.{group}" if group else collection
    return status | {
        "reason": "NotFound", "message": f'{shown} "{name}" not found', "details": {"name": name, "kind": collection},
    }  # fmt: skip


def _discovery(canned: CannedObjects, path: str) -> Object | None:
    versions = {found["apiVersion"] for found in canned.objects} | {"v1"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups: dict[str, list[str]] = {}
        for version in sorted(versions - {"v1"}):
            groups.setdefault(version.split("/")[0], []).append(version)
        return {
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": [
                {
                    "name": name,
                    "versions": [{"groupVersion": each, "version": each.split("/")[1]} for each in found],
                    "preferredVersion": {"groupVersion": found[0], "version": found[0].split("/")[1]},
                }
                for name, found in groups.items()
            ],
        }  # fmt: skip
    asked = path.removeprefix("/apis/").removeprefix("/api/")
    if asked not in versions:
        return None
    kinds = sorted({found["kind"] for found in canned.objects if found["apiVersion"] == asked})
    return {
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": asked,
        "resources": [
            {
                "name": plural(kind), "singularName": kind.lower(), "kind": kind,
                "namespaced": kind not in CLUSTER_SCOPED, "verbs": ["get", "list", "watch"],
            }
            for kind in kinds
        ],
    }  # fmt: skip
