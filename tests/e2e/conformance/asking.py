"""Asking: requests as any client would send them, with the standard library alone; and what every API has to do."""

import base64
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import yaml

Object = dict[str, Any]
MERGE, STRATEGIC, JSON_PATCH, APPLY = (
    f"application/{name}"
    for name in ("merge-patch+json", "strategic-merge-patch+json", "json-patch+json", "apply-patch+yaml")
)
PATIENCE_S = 60.0


class Answer(NamedTuple):
    """What came back; ``warnings`` are the texts of the Warning headers."""

    status: int
    body: Any
    warnings: list[str]
    media: str


class Api:
    """The API server of a kubeconfig, asked as its user or as somebody else."""

    def __init__(self, kubeconfig: str, headers: dict[str, str] | None = None) -> None:
        self.kubeconfig, self.headers = kubeconfig, headers or {}
        found = yaml.safe_load(Path(kubeconfig).read_text())
        place, user = found["clusters"][0]["cluster"], found["users"][0]["user"]
        self.server = urlsplit(place["server"])
        self.authority = base64.b64decode(place["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=self.authority)
        if not headers or "Authorization" not in headers:
            with tempfile.NamedTemporaryFile() as chain:
                for field in ("client-certificate-data", "client-key-data"):
                    chain.write(base64.b64decode(user[field]) + b"\n")
                chain.flush()
                self._context.load_cert_chain(chain.name)

    def with_headers(self, **headers: str) -> "Api":
        """The same server, asked with more headers (underscores are dashes)."""
        return Api(self.kubeconfig, {**self.headers, **{name.replace("_", "-"): one for name, one in headers.items()}})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str], timeout_s: float) -> HTTPSConnection:
        made = HTTPSConnection(
            self.server.hostname or "", self.server.port, context=self._context, timeout=timeout_s
        )  # fmt: skip
        text = body if isinstance(body, str | bytes | None) else json.dumps(body)
        made.request(method, path, body=text, headers={"Accept": "application/json", **self.headers, **headers})
        return made

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        media: str = "application/json",
        *,
        accept: str = "",
        **query: Any,
    ) -> Answer:
        """One request; nothing is checked.  ``media`` is the form of the body, ``accept`` that of the answer."""
        headers = {"Content-Type": media} if body is not None else {}
        headers |= {"Accept": accept} if accept else {}
        made = self._send(method, f"{path}?{urlencode(query)}" if query else path, body, headers, PATIENCE_S)
        try:
            came = made.getresponse()
            text, warnings = came.read(), came.headers.get_all("Warning") or []
            form = came.headers.get("Content-Type") or ""
            return Answer(came.status, json.loads(text) if "json" in form else text.decode(), warnings, form)
        finally:
            made.close()

    def answered(self, code: int, method: str, path: str, body: Any = None, *form: str, **how: Any) -> Any:
        """The body of the answer, which has this code; where it is a refusal, the Status."""
        answer = self.ask(method, path, body, *form, **how)
        assert answer.status == code, f"{method} {path}: {answer.status} {answer.body}"
        return answer.body

    def must(self, method: str, path: str, body: Any = None, *form: str, **how: Any) -> Any:
        """The body of the answer to a request that succeeds."""
        answer = self.ask(method, path, body, *form, **how)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body}"
        return answer.body

    def is_there(self, path: str) -> bool:
        """Whether there is anything."""
        answer = self.ask("GET", path)
        assert answer.status in (200, 404), answer.body
        return answer.status == 200

    def get(self, path: str) -> Any:
        """An object or list that must be there."""
        return self.answered(200, "GET", path)

    def create(self, path: str, new: Object) -> Any:
        """What was made."""
        return self.answered(201, "POST", path, new)

    def put(self, path: str, new: Object) -> Any:
        """What it is now."""
        return self.answered(200, "PUT", path, new)

    def patch(self, path: str, patch: Any, media: str = MERGE) -> Any:
        """What it is now."""
        return self.answered(200, "PATCH", path, patch, media)

    def delete(self, path: str, options: Object | None = None) -> Any:
        """What the server said to a delete that it took."""
        answer = self.ask("DELETE", path, options)
        assert answer.status in (200, 202), f"DELETE {path}: {answer.status} {answer.body}"
        return answer.body

    def change(self, path: str, change: Callable[[Object], None]) -> Any:
        """Read, change, replace; again if somebody else was faster."""
        for _ in range(20):
            found = self.get(path)
            change(found)
            answer = self.ask("PUT", path, found)
            if answer.status != 409:
                break
        assert answer.status == 200, f"PUT {path}: {answer.status} {answer.body}"
        return answer.body

    def until(self, path: str, condition: Callable[[Any], Any], patience_s: float = PATIENCE_S) -> Any:
        """What is at ``path`` once it meets ``condition``; what is not there is ``None``."""
        deadline = time.monotonic() + patience_s
        while True:
            answer = self.ask("GET", path)
            found = answer.body if answer.status == 200 else None
            if condition(found):
                return found
            assert time.monotonic() < deadline, f"not within {patience_s} s: {path} is {answer.body}"
            time.sleep(0.1)

    @contextmanager
    def watching(self, path: str, **query: Any) -> Iterator[Iterator[Object]]:
        """The events of a watch, which began before the block and ends with it."""
        asked = urlencode({**query, "watch": "true"})
        made = self._send("GET", f"{path}{'&' if '?' in path else '?'}{asked}", None, {}, PATIENCE_S)
        try:
            came = made.getresponse()
            assert came.status == 200, came.read()
            yield (json.loads(line) for line in came)
        finally:
            made.close()


def until(events: Iterator[Object], wanted: Callable[[Object], Any], what: str) -> Object:
    """The next event that ``wanted`` takes; a watch that tells nothing more for long ends in an error."""
    seen = []
    for event in events:
        if wanted(event):
            return event
        seen.append((event["type"], event["object"]["metadata"]))
    raise AssertionError(f"the watch ended before {what}: {seen}")


def expect(events: Iterator[Object], type_: str, condition: Callable[[Object], Any] = lambda _: True) -> Object:
    """The next object whose event is of this type and that meets ``condition``."""
    found: Object = until(events, lambda one: one["type"] == type_ and condition(one["object"]), type_)["object"]
    return found


def label(found: Object, name: str) -> str | None:
    """A label of an object."""
    value: str | None = (found["metadata"].get("labels") or {}).get(name)
    return value


class Resource(NamedTuple):
    """What is to be tried of one resource.  ``make`` gives a new object; ``verbs`` are those of its subresources."""

    group_version: str
    plural: str
    is_namespaced: bool
    make: Callable[[], Object]
    subresources: tuple[str, ...] = ()

    def path(self, namespace: str) -> str:
        """Where its objects are."""
        head = f"/apis/{self.group_version}" if "/" in self.group_version else f"/api/{self.group_version}"
        return f"{head}/namespaces/{namespace}/{self.plural}" if self.is_namespaced else f"{head}/{self.plural}"


ALL_VERBS = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}


def check_discovery(api: Api, resource: Resource) -> None:
    """The group, its version and the resource with all its verbs stand in discovery."""
    group, _, version = resource.group_version.rpartition("/")
    place = f"/apis/{resource.group_version}" if group else f"/api/{version}"
    if group:
        groups = api.get("/apis")["groups"]
        (found,) = (one for one in groups if one["name"] == group)
        assert resource.group_version in [one["groupVersion"] for one in found["versions"]]
        assert resource.group_version in [one["groupVersion"] for one in api.get(f"/apis/{group}")["versions"]]
    served = {one["name"]: one for one in api.get(place)["resources"]}
    assert set(served[resource.plural]["verbs"]) == ALL_VERBS
    for name in resource.subresources:
        assert {"get", "patch", "update"} <= set(served[f"{resource.plural}/{name}"]["verbs"])


def check_operations(api: Api, resource: Resource, namespace: str) -> None:
    """Create, get, list (of all namespaces too), watch, patch, update, delete, deletecollection."""
    place, mark = resource.path(namespace), f"special-{namespace}"

    def new(number: int) -> Object:
        made = resource.make()
        made["metadata"] = {**made.get("metadata", {}), "labels": {"mark": mark}}
        if "name" not in made["metadata"]:
            made["metadata"]["generateName"] = f"conformance-{number}-"
        return made

    first = api.create(place, new(1))
    name = first["metadata"]["name"]
    assert api.ask("POST", place, {**new(1), "metadata": {"name": name}}).status == 409
    second, third = (api.create(place, new(number)) for number in (2, 3))
    assert api.get(f"{place}/{name}")["metadata"]["uid"] == first["metadata"]["uid"]
    everywhere = place.replace(f"/namespaces/{namespace}", "")
    for path in {place, everywhere}:
        listed = api.get(f"{path}?labelSelector=mark={mark}")
        assert {one["metadata"]["name"] for one in listed["items"]} == {
            one["metadata"]["name"] for one in (first, second, third)
        }
    since = listed["metadata"]["resourceVersion"]
    with api.watching(f"{place}?labelSelector=mark={mark}&resourceVersion={since}") as events:
        patched = api.patch(f"{place}/{name}", {"metadata": {"annotations": {"patched": "true"}}})
        assert patched["metadata"]["annotations"]["patched"] == "true"

        def annotate(found: Object) -> None:
            found["metadata"]["annotations"]["updated"] = "true"

        updated = api.change(f"{place}/{name}", annotate)
        assert updated["metadata"]["annotations"]["updated"] == "true"
        expect(events, "MODIFIED", lambda one: one["metadata"]["annotations"].get("patched"))
        expect(events, "MODIFIED", lambda one: one["metadata"]["annotations"].get("updated"))
        for subresource in resource.subresources:
            _check_subresource(api, f"{place}/{name}", subresource)
        api.delete(f"{place}/{name}")
        api.until(f"{place}/{name}", lambda found: found is None or "deletionTimestamp" in found["metadata"])
    api.until(f"{place}?labelSelector=mark={mark}", lambda found: len(found["items"]) == 2)
    api.delete(f"{place}?labelSelector=mark={mark}")
    api.until(f"{place}?labelSelector=mark={mark}", lambda found: found["items"] == [])


def _check_subresource(api: Api, place: str, name: str) -> None:
    """It can be read, patched and replaced, and metadata goes with it."""
    mark = f"patched-{name}"
    assert api.get(f"{place}/{name}")["metadata"]["name"] == place.rpartition("/")[2]
    assert api.patch(f"{place}/{name}", {"metadata": {"annotations": {mark: "true"}}})["metadata"]["annotations"][mark]
    again = api.change(f"{place}/{name}", lambda found: found["metadata"]["annotations"].update({mark: "again"}))
    assert again["metadata"]["annotations"][mark] == "again"
