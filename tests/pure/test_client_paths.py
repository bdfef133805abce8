"""Where kinds and objects live in the API."""

import pytest

from fairway.client.http.paths import collection_path, object_path, with_query
from fairway.kinds.kind import Kind

SERVICE = Kind(group="", version="v1", name="Service", plural="services")
DEPLOYMENT = Kind(group="apps", version="v1", name="Deployment", plural="deployments")
NODE = Kind(group="", version="v1", name="Node", plural="nodes", namespaced=False)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (collection_path(SERVICE, None), "/api/v1/services"),
        (collection_path(SERVICE, "ns"), "/api/v1/namespaces/ns/services"),
        (collection_path(DEPLOYMENT, "ns"), "/apis/apps/v1/namespaces/ns/deployments"),
        (collection_path(NODE, "ignored"), "/api/v1/nodes"),
        (object_path(SERVICE, "ns", "web"), "/api/v1/namespaces/ns/services/web"),
        (object_path(SERVICE, None, "web"), "/api/v1/namespaces/default/services/web"),
        (object_path(SERVICE, "ns", "web", "status"), "/api/v1/namespaces/ns/services/web/status"),
        (object_path(NODE, None, "n1"), "/api/v1/nodes/n1"),
        (object_path(NODE, None, "../a?b#c"), "/api/v1/nodes/..%2Fa%3Fb%23c"),
        (with_query("/a", {"labelSelector": "a in (b)", "fieldSelector": ""}), "/a?labelSelector=a+in+%28b%29"),
        (with_query("/a", {"labelSelector": ""}), "/a"),
    ],
)  # fmt: skip
def test_paths_are_those_of_the_api(path: str, expected: str) -> None:
    assert path == expected
