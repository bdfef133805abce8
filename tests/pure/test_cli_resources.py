"""Words of the command line that name resource types, without a server."""

import pytest

from fairway.cli.resources import Resource, Resources
from fairway.cli.resources.table import OTHERS, all_built_in, built_in, built_in_kind
from fairway.client.blocking import Api
from fairway.kinds import ALL


def nobody() -> Api:
    """An API server that is not asked."""
    raise AssertionError("asked")


@pytest.mark.parametrize("resource", all_built_in(), ids=str)
def test_the_table_says_what_the_kinds_say(resource: Resource) -> None:
    kind = next(kind for kind in ALL if (kind.group, kind.plural) == (resource.group, resource.plural))
    assert (resource.version, resource.kind, resource.is_namespaced) == (kind.version, kind.name, kind.namespaced)
    assert (resource.singular, resource.short_names) == (kind.singular_name, kind.short_names)
    assert resource.name == kind.resource
    assert built_in_kind(kind.api_version, kind.name) == resource


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("svc", "services"), ("service", "services"), ("services.v1.", "services"), ("deploy.apps", "deployments.apps"),
        ("deployments.v1.apps", "deployments.apps"), ("po", "pods"), ("netpol", "networkpolicies.networking.k8s.io"),
    ],
)  # fmt: skip
def test_words(word: str, name: str) -> None:
    found = built_in(word)
    assert found is not None and found.name == name


@pytest.mark.parametrize("word", ["", ".", "foo", "svc.apps", "deployments.v1beta1.apps", "all"])
def test_what_the_table_does_not_know(word: str) -> None:
    assert built_in(word) is None


def test_what_else_has_a_short_name_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    found = Resources(nobody)
    assert [found.find(word).name for word in ("ev", "ev", "svc", "events")] == [
        "events", "events", "services", "events",
    ]  # fmt: skip
    told = 'Warning: short name "ev" could also match lower priority resource events.events.k8s.io\n'
    assert capsys.readouterr().err == told


def test_the_table_says_what_else_has_a_short_name() -> None:
    short = {name for resource in all_built_in() for name in resource.short_names}
    elsewhere = {
        (name, f"{kind.plural}.{served.group}") for kind in ALL for served in kind.also for name in kind.short_names
        if name in short and served.is_twin
    }  # fmt: skip
    assert elsewhere == set(OTHERS.items())


def test_paths() -> None:
    deploy = built_in("deploy")
    assert deploy is not None
    assert deploy.path("a", "b", "scale") == "/apis/apps/v1/namespaces/a/deployments/b/scale"
    assert deploy.path() == "/apis/apps/v1/deployments"
    assert deploy.printed == "deployment.apps"
    node = built_in("node")
    assert node is not None and node.path("a", "b") == "/api/v1/nodes/b"
