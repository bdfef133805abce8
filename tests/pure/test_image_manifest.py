"""Which image of several is this machine's."""

from typing import Any

import pytest

from fairway.node.images.manifest import (
    DOCKER_LIST,
    Descriptor,
    InvalidManifest,
    choose_platform,
    diff_ids,
    is_index,
    parse_manifest,
)


def entry(name: str, **platform: str) -> dict[str, Any]:
    return {"digest": f"sha256:{name}", "size": 7, "mediaType": "m", "platform": platform}


LIST = {
    "mediaType": DOCKER_LIST,
    "manifests": [
        entry("windows", os="windows", architecture="amd64"),
        entry("amd", os="linux", architecture="amd64"),
        entry("arm6", os="linux", architecture="arm", variant="v6"),
        entry("arm7", os="linux", architecture="arm", variant="v7"),
        entry("attestation", os="unknown", architecture="unknown"),
    ],
}


@pytest.mark.parametrize(("machine", "digest"), [("x86_64", "sha256:amd"), ("armv7l", "sha256:arm7")])
def test_the_manifest_of_this_machine_is_chosen(machine: str, digest: str) -> None:
    assert choose_platform(LIST, machine) == Descriptor("m", digest, 7)


def test_a_list_without_this_machine_is_refused() -> None:
    with pytest.raises(InvalidManifest, match="no match for platform in manifest: not found"):
        choose_platform(LIST, "s390x")


def test_an_entry_that_names_no_platform_fits_any() -> None:
    assert choose_platform({"manifests": [{"digest": "sha256:x", "size": 1}]}, "s390x").digest == "sha256:x"


def test_a_list_is_known_by_its_type_or_its_manifests() -> None:
    assert is_index({"mediaType": DOCKER_LIST})
    assert is_index({"manifests": []})
    assert not is_index({"layers": []})


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"schemaVersion": 1}, "manifest schema version 1 is not supported"),
        ({"schemaVersion": 2}, "the manifest has no layers"),
        ({"schemaVersion": 2, "layers": []}, "a descriptor is not an object"),
        ({"schemaVersion": 2, "layers": [], "config": {"digest": "x"}}, "a descriptor has no digest or size"),
    ],
)
def test_a_broken_manifest_is_told_why(document: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidManifest) as refusal:
        parse_manifest(document)
    assert str(refusal.value) == why


def test_a_manifest_survives_being_written() -> None:
    config = {"mediaType": "c", "digest": "sha256:c", "size": 1}
    layers = [{"mediaType": "l", "digest": "sha256:l", "size": 2}]
    manifest = parse_manifest({"schemaVersion": 2, "config": config, "layers": layers})
    assert parse_manifest(manifest.encode()) == manifest


def test_a_config_without_layer_digests_is_refused() -> None:
    with pytest.raises(InvalidManifest, match=r"rootfs\.diff_ids"):
        diff_ids({"rootfs": {}})
