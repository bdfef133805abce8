"""What says nothing where something is expected is filled in or refused, and ends no request."""

from copy import deepcopy
from typing import Any

import pytest

from component.api_world import world
from component.kind_objects import MINIMAL

ROWS: list[tuple[str, str, dict[str, Any], int]] = [
    ("/apis/batch/v1/namespaces/default/jobs", "Job", {"metadata": {}}, 422),
    ("/apis/apiregistration.k8s.io/v1/apiservices", "APIService", {"spec": {"service": {}}}, 422),
    ("/apis/apiregistration.k8s.io/v1/apiservices", "APIService",
     {"spec": {"service": {"name": "a", "namespace": "b", "port": None}}}, 201),
    ("/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations", "PriorityLevelConfiguration",
     {"metadata": {"name": "one"}, "spec": {"limited": {}}}, 422),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "kind", "change", "status"), ROWS, ids=lambda each: each if isinstance(each, str) else ""
)
async def test_an_empty_field_is_filled_or_refused(path: str, kind: str, change: dict[str, Any], status: int) -> None:
    body = deepcopy(MINIMAL[kind])
    for name, value in change.items():
        body[name] = {**body.get(name, {}), **value}
    async with world() as api:
        told = await api.ask("POST", path, body)
        assert told.status == status, told.body
