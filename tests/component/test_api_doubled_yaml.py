"""Keys that stand twice in YAML: told with their lines, as upstream's parser tells them; the last value counts."""

from collections.abc import AsyncIterator

import pytest

from component.api_world import Told, World, world

MAPS = "/api/v1/namespaces/default/configmaps"
YAML, APPLY = "application/yaml", "application/apply-patch+yaml"
TEXT = b"""apiVersion: v1
kind: ConfigMap
metadata:
  name: m
  name: m
  labels: {a: b, a: c}
zebra: 1
data:
  k: one
  k: two
apple: 2
"""
DOUBLED = [
    'line 5: key "name" already set in map', 'line 6: key "a" already set in map',
    'line 10: key "k" already set in map',
]  # fmt: skip
UNKNOWN = ['unknown field "apple"', 'unknown field "zebra"']
PARSER = "yaml: unmarshal errors:\n  " + "\n  ".join(DOUBLED)
KNOWN = TEXT.replace(b"zebra: 1\n", b"").replace(b"apple: 2\n", b"")


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def sent(api: World, way: str, text: bytes, validation: str) -> Told:
    query = f"fieldValidation={validation}"
    if way == "create":
        return await api.ask("POST", f"{MAPS}?{query}", text, content_type=YAML)
    if way == "apply":
        return await api.ask("PATCH", f"{MAPS}/m?{query}&fieldManager=me", text, content_type=APPLY)
    await api.ask("POST", MAPS, {"metadata": {"name": "m"}})
    return await api.ask("PUT", f"{MAPS}/m?{query}", text, content_type=YAML)


@pytest.mark.parametrize("way", ["create", "update"])
async def test_doubled_keys_come_before_unknown_fields_which_come_by_name(api: World, way: str) -> None:
    told = await sent(api, way, TEXT, "Strict")
    assert (told.status, told.message) == (
        400,
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
        + ", ".join([PARSER, *UNKNOWN]),
    )
    told = await sent(api, way, TEXT, "Warn")
    shown = [text.replace('"', '\\"') for text in (*DOUBLED, *UNKNOWN)]
    assert told.warnings == [f'299 - "{text}"' for text in shown]
    assert (told.body["data"], told.body["metadata"]["labels"]) == ({"k": "two"}, {"a": "c"})


@pytest.mark.parametrize("way", ["create", "update", "apply"])
async def test_who_wants_to_hear_nothing_hears_nothing(api: World, way: str) -> None:
    told = await sent(api, way, KNOWN, "Ignore")
    assert told.status in (200, 201) and not told.warnings
    assert told.body["data"] == {"k": "two"}


async def test_an_apply_tells_them_after_fields_that_are_not_declared(api: World) -> None:
    doubled = [text.replace("line 10", "line 9") for text in DOUBLED]
    told = await sent(api, "apply", KNOWN, "Strict")
    why = "error converting YAML to JSON: yaml: unmarshal errors:\n  " + "\n  ".join(doubled)
    assert (told.status, told.message) == (400, f"error strict decoding YAML: {why}")
    told = await sent(api, "apply", KNOWN, "Warn")
    assert len(told.warnings) == 3 and told.status == 201
    assert (await sent(api, "apply", TEXT, "Strict")).status == 500
