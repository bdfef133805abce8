"""How JSON bodies end: as upstream's, with the line that they are, which clients compare and shells show."""

import pytest

from component.api_world import world

NAMESPACE = "/api/v1/namespaces/default"


@pytest.mark.parametrize(
    ("target", "accept"),
    [
        (NAMESPACE, "application/json"),
        ("/api/v1/namespaces", "application/json"),
        ("/api/v1/namespaces", "application/json;as=Table;v=v1;g=meta.k8s.io"),
        (NAMESPACE, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"),
        ("/api/v1/namespaces", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"),
        ("/api", "application/json"),
        ("/apis/apps/v1", "application/json"),
        ("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
        ("/api/v1/namespaces/gone", "application/json"),
        ("/api/v1/nothing", "application/json"),
    ],
)
async def test_a_body_is_one_line_and_ends_it_unless_it_is_for_human_eyes(target: str, accept: str) -> None:
    async with world() as api:
        plain = await api.ask("GET", target, accept=accept)
        assert plain.raw.endswith(b"}\n") and plain.raw.count(b"\n") == 1
        pretty = await api.ask("GET", target, accept=accept, user_agent="curl/8.0")
        if not target.startswith(("/api", "/apis")) or "namespaces" in target:
            assert pretty.raw.endswith(b"\n}") and pretty.raw.count(b"\n") > 1


async def test_what_a_write_answers_ends_its_line_too() -> None:
    async with world() as api:
        made = await api.ask("POST", f"{NAMESPACE}/configmaps", {"metadata": {"name": "a"}})
        assert made.raw.endswith(b"}\n")
        assert (await api.ask("DELETE", f"{NAMESPACE}/configmaps/a")).raw.endswith(b"}\n")


async def test_a_refusal_reads_as_the_official_client_s_tests_have_it() -> None:
    async with world() as api:
        body = {"metadata": {"name": "mock"}, "spec": {"ports": [{"port": 80}]}}
        await api.ask("POST", f"{NAMESPACE}/services", body)
        told = await api.ask("POST", f"{NAMESPACE}/services", body)
        assert told.raw.decode() == (
            '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
            '"message":"services \\"mock\\" already exists","reason":"AlreadyExists",'
            '"details":{"name":"mock","kind":"services"},"code":409}\n'
        )
