"""Which path means what."""

import pytest

from fairway.apiserver.routes import Routes, verb
from fairway.kinds import ALL
from fairway.objects.errors import StatusError

ROUTES = Routes(ALL)


@pytest.mark.parametrize(
    ("path", "plural", "namespace", "name", "subresource"),
    [
        ("/api/v1/services", "services", None, "", ""),
        ("/api/v1/namespaces/default/services", "services", "default", "", ""),
        ("/api/v1/namespaces/default/services/web/", "services", "default", "web", ""),
        ("/api/v1/namespaces/default/services/web/status", "services", "default", "web", "status"),
        ("/api/v1/namespaces", "namespaces", None, "", ""),
        ("/api/v1/namespaces/default", "namespaces", None, "default", ""),
        ("/api/v1/namespaces/default/finalize", "namespaces", None, "default", "finalize"),
        ("/api/v1/nodes/n1/status", "nodes", None, "n1", "status"),
        ("/apis/apps/v1/namespaces/n/deployments/d/scale", "deployments", "n", "d", "scale"),
    ],
)
def test_a_path_names_a_kind_and_maybe_an_object(
    path: str, plural: str, namespace: str | None, name: str, subresource: str
) -> None:
    route = ROUTES.resolve(path)
    assert route is not None
    assert (route.kind.plural, route.namespace, route.name, route.subresource) == (plural, namespace, name, subresource)
    assert route.served is None


def test_another_version_leads_to_the_same_kind() -> None:
    route = ROUTES.resolve("/apis/apps/v1beta2/namespaces/n/replicasets")
    assert route is not None
    assert route.served is not None
    assert (route.kind.api_version, route.served.version) == ("apps/v1", "v1beta2")


@pytest.mark.parametrize("path", ["/", "/healthz", "/api", "/api/v1", "/apis", "/apis/apps/v1", "/apis/x.io/v1/things"])
def test_what_is_below_no_group_is_for_others(path: str) -> None:
    assert ROUTES.resolve(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/v9/services",
        "/api/v1/gadgets",
        "/api/v1/namespaces/n/nodes",
        "/api/v1/services/web",
        "/api/v1/namespaces/n/services//x",
        "/api/v1/namespaces/n/services/web/status/more",
        "/apis/apps/v1/namespaces/n/services",
    ],
)
def test_what_is_not_below_a_known_group_is_a_404(path: str) -> None:
    with pytest.raises(StatusError, match="the server could not find the requested resource"):
        ROUTES.resolve(path)


@pytest.mark.parametrize(
    ("method", "path", "is_watch", "expected"),
    [
        ("GET", "/api/v1/services", False, "list"),
        ("GET", "/api/v1/services", True, "watch"),
        ("HEAD", "/api/v1/services", False, "list"),
        ("POST", "/api/v1/namespaces/n/services", False, "create"),
        ("POST", "/api/v1/services", False, ""),
        ("POST", "/api/v1/nodes", False, "create"),
        ("DELETE", "/api/v1/namespaces/n/services", False, "deletecollection"),
        ("DELETE", "/api/v1/services", False, ""),
        ("DELETE", "/api/v1/nodes", False, "deletecollection"),
        ("GET", "/api/v1/namespaces/n/services/web", False, "get"),
        ("GET", "/api/v1/namespaces/n/services/web", True, "watch"),
        ("PUT", "/api/v1/namespaces/n/services/web", True, "update"),
        ("PATCH", "/api/v1/namespaces/n/services/web/status", False, "patch"),
        ("POST", "/api/v1/namespaces/n/pods/p/binding", False, "create"),
        ("POST", "/api/v1/namespaces/n/services/web", False, ""),
        ("BREW", "/api/v1/services", False, ""),
    ],
)
def test_a_method_is_a_verb_where_it_is_one(method: str, path: str, is_watch: bool, expected: str) -> None:
    route = ROUTES.resolve(path)
    assert route is not None
    assert verb(method, route, is_watch=is_watch) == expected


def test_old_watch_paths_are_watches() -> None:
    route = ROUTES.resolve("/api/v1/watch/namespaces/n/services/web")
    assert route is not None
    assert (route.is_watch, route.name) == (True, "web")
