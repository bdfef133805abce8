"""Access to devices that others use is for namespaces that an administrator marked."""

from collections.abc import AsyncIterator

import pytest

from component.api_world import World, world
from fairway.objects import Object

_MERGE = "application/merge-patch+json"
_PATH = "/apis/resource.k8s.io/v1/namespaces/default"
_DEVICES = {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu", "adminAccess": True}}]}
_TEXT = (
    "adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on"
    " the containing namespace"
)


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


async def test_only_a_marked_namespace_has_claims_with_admin_access(api: World) -> None:
    claim: Object = {
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "a"},
        "spec": {"devices": _DEVICES},
    }  # fmt: skip
    template = claim | {"kind": "ResourceClaimTemplate", "spec": {"spec": {"devices": _DEVICES}}}
    for plural, body, path in (("resourceclaims", claim, "spec"), ("resourceclaimtemplates", template, "spec.spec")):
        refused = await api.ask("POST", f"{_PATH}/{plural}", body)
        assert refused.status == 422
        assert refused.message.endswith(f'"a" is invalid: {path}.devices.requests[0].{_TEXT}')
    labels = {"metadata": {"labels": {"resource.kubernetes.io/admin-access": "true"}}}
    marked = await api.ask("PATCH", "/api/v1/namespaces/default", labels, content_type=_MERGE)
    assert marked.status == 200
    assert (await api.ask("POST", f"{_PATH}/resourceclaims", claim)).status == 201
