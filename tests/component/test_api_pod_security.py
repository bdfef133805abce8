"""PodSecurity over a whole API server: pods are refused, their makers warned of, labels checked."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world

MERGE = "application/merge-patch+json"
SPEC: dict[str, Any] = {"containers": [{"name": "c", "image": "luksa/kubia"}]}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


async def labelled(api: World, **labels: str) -> Any:
    found = {f"pod-security.kubernetes.io/{name.replace('_', '-')}": value for name, value in labels.items()}
    return await api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "n", "labels": found}})


async def test_a_pod_beyond_the_level_is_refused(api: World) -> None:
    await labelled(api, enforce="restricted")
    told = await api.ask("POST", "/api/v1/namespaces/n/pods", {"metadata": {"name": "p"}, "spec": SPEC})
    assert (told.status, told.body["reason"], told.warnings) == (403, "Forbidden", [])
    assert told.message.startswith(
        'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false '
        '(container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities ('
    )


async def test_what_makes_pods_is_warned_of(api: World) -> None:
    await labelled(api, enforce="baseline", enforce_version="v1.30")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {**SPEC, "hostNetwork": True}}
    body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    told = await api.ask("POST", "/apis/apps/v1/namespaces/n/deployments", body)
    assert told.status == 201
    assert told.warnings == [
        '299 - "would violate PodSecurity \\"baseline:v1.30\\": host namespaces (hostNetwork=true)"'
    ]


async def test_labels_must_name_levels_and_what_is_there_is_warned_of(api: World) -> None:
    told = await labelled(api, enforce="strict", warn_version="1.2")
    assert (told.status, told.message) == (
        422,
        'Namespace "n" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must '
        "be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid "
        'value: "1.2": must be "latest" or "v1.x"]',
    )
    await labelled(api)
    spec = {**SPEC, "hostNetwork": True}
    await api.ask("POST", "/api/v1/namespaces/n/pods", {"metadata": {"name": "p"}, "spec": spec})
    patch = b'{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"baseline"}}}'
    told = await api.ask("PATCH", "/api/v1/namespaces/n", patch, content_type=MERGE)
    assert (told.status, len(told.warnings)) == (200, 2)
    assert told.warnings[1] == '299 - "p: host namespaces"'
    # What runs already may still be relabelled, and comes under the level with its next image.
    told = await api.ask(
        "PATCH", "/api/v1/namespaces/n/pods/p", b'{"metadata":{"labels":{"a":"b"}}}', content_type=MERGE
    )
    assert told.status == 200
    patch = b'{"spec":{"containers":[{"name":"c","image":"other"}]}}'
    told = await api.ask(
        "PATCH", "/api/v1/namespaces/n/pods/p", patch, content_type="application/strategic-merge-patch+json"
    )
    assert told.status == 403
