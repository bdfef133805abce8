"""The routing table of Ingresses answers as the documentation's words do."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingress_oracle import ASKED_HOSTS, ASKED_PATHS, answer, worlds

from fairway.ingress.model import Backend, Place
from fairway.ingress.routes import Routing, covers, place_of, routing, shown

pytestmark = pytest.mark.pure


def looked_up(found: Routing, host: str, target: str) -> Backend | None:
    """As the engine looks it up: entries by their whole key, prefixes by the longest that the key begins with."""
    host, path = re.sub(r":[0-9]*$", "", host.lower()).removesuffix("."), target.partition("?")[0]
    label, dot, rest = host.partition(".")
    hosts = (host, f"*{dot}{rest}" if label else host, "")
    claims = found.claims
    for each in hosts:
        if claim := claims.get(Place("exact", each + path)):
            return claim.route.backend
        key = f"{each}{path}/"
        prefixes = [p.key for p in claims if p.table == "prefix" and key.startswith(p.key)]
        if prefixes:
            return claims[Place("prefix", max(prefixes, key=len))].route.backend
    for each in hosts:
        if claim := claims.get(Place("default", each)):
            return claim.route.backend
    return None


@given(worlds(), st.sampled_from(ASKED_HOSTS), st.sampled_from(ASKED_PATHS))
def test_the_table_answers_as_the_words_do(ingresses: list[dict[str, Any]], host: str, target: str) -> None:
    found = looked_up(routing(ingresses), host, target)
    assert (None if found is None else tuple(found)) == answer(ingresses, host, target)


@given(worlds(), st.randoms())
def test_the_order_in_which_ingresses_are_known_does_not_matter(ingresses: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(ingresses)
    random.shuffle(shuffled)
    one, other = routing(ingresses), routing(shuffled)
    assert (one.claims, one.tls, one.problems) == (other.claims, other.tls, other.problems)


# The table of the Kubernetes documentation, "Ingress", "Examples" of path types: kind, paths, request, which matches.
DOCUMENTED = [
    ("Prefix", ["/"], "/anything", "/"),
    ("Exact", ["/foo"], "/foo", "/foo"),
    ("Exact", ["/foo"], "/bar", None),
    ("Exact", ["/foo"], "/foo/", None),
    ("Exact", ["/foo/"], "/foo", None),
    ("Prefix", ["/foo"], "/foo", "/foo"),
    ("Prefix", ["/foo"], "/foo/", "/foo"),
    ("Prefix", ["/foo/"], "/foo", "/foo/"),
    ("Prefix", ["/foo/"], "/foo/", "/foo/"),
    ("Prefix", ["/aaa/bb"], "/aaa/bbb", None),
    ("Prefix", ["/aaa/bbb"], "/aaa/bbb", "/aaa/bbb"),
    ("Prefix", ["/aaa/bbb/"], "/aaa/bbb", "/aaa/bbb/"),
    ("Prefix", ["/aaa/bbb"], "/aaa/bbb/", "/aaa/bbb"),
    ("Prefix", ["/aaa/bbb"], "/aaa/bbb/ccc", "/aaa/bbb"),
    ("Prefix", ["/aaa/bbb"], "/aaa/bbbxyz", None),
    ("Prefix", ["/", "/aaa"], "/aaa/ccc", "/aaa"),
    ("Prefix", ["/", "/aaa", "/aaa/bbb"], "/aaa/bbb", "/aaa/bbb"),
    ("Prefix", ["/", "/aaa", "/aaa/bbb"], "/ccc", "/"),
    ("Prefix", ["/aaa"], "/ccc", None),
]


@pytest.mark.parametrize(("kind", "paths", "request_path", "matched"), DOCUMENTED)
def test_paths_of_the_documentation(kind: str, paths: list[str], request_path: str, matched: str | None) -> None:
    named = {chr(ord("a") + place): path for place, path in enumerate(paths)}
    http = {"paths": [{"path": path, "pathType": kind, "backend": service(name)} for name, path in named.items()]}
    found = looked_up(routing([ingress("i", rules=[{"http": http}])]), "any.host", request_path)
    assert (named[found.service.partition("/")[2]] if found else None) == matched


def test_an_exact_path_is_before_the_same_prefix() -> None:
    paths = [{"path": "/foo", "pathType": kind, "backend": service(kind.lower())} for kind in ("Prefix", "Exact")]
    found = routing([ingress("i", rules=[{"http": {"paths": paths}}])])
    assert looked_up(found, "x", "/foo") == Backend("default/exact", "80")
    assert looked_up(found, "x", "/foo/") == Backend("default/prefix", "80")


@pytest.mark.parametrize(
    ("rule", "host", "does_match"),
    [("*.foo.com", "bar.foo.com", True), ("*.foo.com", "baz.bar.foo.com", False), ("*.foo.com", "foo.com", False)],
)
def test_wildcards_of_the_documentation(rule: str, host: str, does_match: bool) -> None:
    found = routing([ingress("i", rules=[{"host": rule, "http": {"paths": [path("/", "a")]}}])])
    assert (looked_up(found, host, "/") is not None) == does_match


def test_the_older_ingress_wins_and_the_younger_one_is_told() -> None:
    rules = [{"host": "a.b", "http": {"paths": [path("/x", "a")]}}]
    young = ingress("young", rules=[{"host": "a.b", "http": {"paths": [path("/x/", "b")]}}], age=2)
    found = routing([young, ingress("old", rules=rules, age=1)])
    assert looked_up(found, "a.b", "/x") == Backend("default/a", "80")
    (problem,) = found.problems
    assert (problem.ingress, problem.reason) == ("default/young", "Conflict")
    assert problem.message == (
        "the older Ingress default/old has paths below /x/ of host a.b already: "
        "this one's backend gets no requests there"
    )


@pytest.mark.parametrize(
    ("path_type", "text", "place"),
    [
        ("Exact", "/a b", Place("exact", "h/a%20b")),
        ("Prefix", "/ö", Place("prefix", "h/%C3%B6/")),
        ("ImplementationSpecific", "", Place("prefix", "h/")),
        ("ImplementationSpecific", "/x//", Place("prefix", "h/x/")),
        ("Exact", "/x/", Place("exact", "h/x/")),
        ("Prefix", "/c#/why?", Place("prefix", "h/c%23/why%3F/")),
    ],
)
def test_places(path_type: str, text: str, place: Place) -> None:
    assert place_of("h", path_type, text) == place


REDIRECTS = [
    ({}, [], False),
    ({}, [{"hosts": ["a.b"], "secretName": "s"}], True),
    ({}, [{"hosts": ["*.b"], "secretName": "s"}], True),
    ({}, [{"hosts": ["c.d"], "secretName": "s"}], False),
    ({}, [{"secretName": "s"}], True),
    ({}, [{"hosts": ["a.b"]}], True),
    ({"fairway.dev/ssl-redirect": "false"}, [{"hosts": ["a.b"], "secretName": "s"}], False),
    ({"nginx.ingress.kubernetes.io/ssl-redirect": "false"}, [{"hosts": ["a.b"], "secretName": "s"}], False),
    ({"fairway.dev/force-ssl-redirect": "true"}, [], True),
]


@pytest.mark.parametrize(("annotations", "tls", "redirects"), REDIRECTS)
def test_plain_http_is_sent_to_https_where_there_is_tls(
    annotations: dict[str, str], tls: list[dict[str, Any]], redirects: bool
) -> None:
    one = ingress("i", rules=[{"host": "a.b", "http": {"paths": [path("/", "a")]}}], tls=tls)
    one["metadata"]["annotations"] = annotations
    assert routing([one]).claims[Place("prefix", "a.b/")].route.redirects == redirects


def test_a_resource_backend_is_told_and_answers_503() -> None:
    backend = {"resource": {"kind": "Bucket", "name": "b"}}
    found = routing([ingress("i", defaultBackend=backend)])
    assert found.claims[Place("default", "")].route.backend == Backend("", "")
    assert [each.reason for each in found.problems] == ["ResourceBackend"]


def test_a_path_that_no_request_can_have_is_left_out_and_told() -> None:
    found = routing([ingress("i", rules=[{"http": {"paths": [path("/" + "x" * 9000, "a"), path("/y", "b")]}}])])
    assert list(found.claims) == [Place("prefix", "/y/")]
    assert [each.reason for each in found.problems] == ["PathTooLong"]


@pytest.mark.parametrize(
    ("names", "host", "is_covered"),
    [
        (["a.b"], "a.b", True),
        (["*.b"], "a.b", True),
        (["*.b"], "x.a.b", False),
        (["*.b"], "b", False),
        ([], "a", False),
    ],
)
def test_which_names_cover_a_host(names: list[str], host: str, is_covered: bool) -> None:
    assert covers(names, host) == is_covered


def test_places_in_words() -> None:
    assert shown(Place("exact", "a.b/x")) == "path /x of host a.b"
    assert shown(Place("prefix", "/")) == "paths below / of all hosts"
    assert shown(Place("default", "")) == "the default backend"


def service(name: str) -> dict[str, Any]:
    return {"service": {"name": name, "port": {"number": 80}}}


def path(text: str, name: str) -> dict[str, Any]:
    return {"path": text, "pathType": "Prefix", "backend": service(name)}


def ingress(name: str, age: int = 0, **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "creationTimestamp": f"2030-01-01T00:00:0{age}Z"}
    return {"metadata": meta, "spec": spec}
