"""[sig-api-machinery] API chunking, API Streaming, watches."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..conftest import Cluster
from .asking import Api, until

COUNT = 120
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture(scope="module")
def templates(cluster: Cluster, api: Api) -> Iterator[str]:
    """The path of a namespace's many PodTemplates."""
    cluster.kubectl("create", "namespace", "chunking")
    where = "/api/v1/namespaces/chunking/podtemplates"

    def make(number: int) -> None:
        pod = {"spec": {"containers": [{"name": "test", "image": "test2"}]}}
        api.must("POST", where, {"metadata": {"name": f"template-{number:04}"}, "template": pod})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(COUNT)))
    yield where
    cluster.run("delete", "namespace", "chunking", "--wait=false")


def test_api_chunking_server_should_return_chunks_of_results_for_list_calls(api: Api, templates: str) -> None:
    chance, found, query, revisions = random.Random(7), [], {}, set()  # type: ignore[var-annotated]
    while True:
        limit = chance.randint(1, COUNT // 10)
        page = api.must("GET", templates, limit=limit, **query)
        assert len(page["items"]) <= limit
        revisions.add(page["metadata"]["resourceVersion"])
        found += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue")
        assert page["metadata"].get("remainingItemCount") == (COUNT - len(found) if token else None)
        if not token:
            break
        query = {"continue": token}
    assert found == [f"template-{number:04}" for number in range(COUNT)] and len(revisions) == 1
    whole = api.must("GET", templates, limit=COUNT + 1)
    assert len(whole["items"]) == COUNT and "continue" not in whole["metadata"]


def test_table_results_come_in_chunks_too(api: Api, templates: str) -> None:
    page = api.must("GET", templates, accept=TABLE, limit=2)
    assert [row["cells"][0] for row in page["rows"]] == ["template-0000", "template-0001"]
    assert page["metadata"]["resourceVersion"] and page["metadata"]["remainingItemCount"] == COUNT - 2
    rest = api.must("GET", templates, accept=TABLE, **{"continue": page["metadata"]["continue"]})
    assert rest["rows"][0]["cells"][0] == "template-0002" and len(rest["rows"]) == COUNT - 2


def test_a_watch_list_has_its_end_marked_and_is_no_table(api: Api, namespace: str) -> None:
    """[sig-api-machinery] API Streaming (aka. WatchList)."""
    where = f"/api/v1/namespaces/{namespace}/secrets"
    for number in range(1, 6):
        api.must("POST", where, {"metadata": {"name": f"secret-{number}", "labels": {"watchlist": "true"}}})
    query = {
        "labelSelector": "watchlist=true", "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }  # fmt: skip
    with api.watching(where, **query) as events:
        initial = [next(events) for _ in range(5)]
        assert [event["type"] for event in initial] == ["ADDED"] * 5
        end = next(events)
        assert end["type"] == "BOOKMARK"
        assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        newest = max(int(event["object"]["metadata"]["resourceVersion"]) for event in initial)
        assert int(end["object"]["metadata"]["resourceVersion"]) >= newest
        api.must("PUT", f"{where}/secret-1", {**initial[0]["object"], "stringData": {"foo": "bar"}})
        changed = until(events, lambda event: event["type"] == "MODIFIED", "the change")
        assert changed["object"]["data"] == {"foo": "YmFy"}
    refused = api.answered(406, "GET", where, accept=TABLE, watch="true", **query)
    assert refused["reason"] == "NotAcceptable"
