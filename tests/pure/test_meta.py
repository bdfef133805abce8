"""Metadata: time stamps, owners, and the rules of ObjectMeta."""

from typing import Any

import pytest

from fairway.objects import Object, meta
from fairway.objects.names import as_name, dns_label

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "rs", "namespace": "n", "uid": "u1"}}


def texts(metadata: Object, *, namespaced: bool = True) -> list[str]:
    return [problem.text for problem in meta.validate_create(metadata, namespaced=namespaced)]


def good(**more: Any) -> Object:
    return {"name": "web", "namespace": "default", **more}


STORED = good(uid="u", creationTimestamp="2026-01-01T00:00:00Z", resourceVersion="4")


def updated(new: Object, old: Object = STORED) -> list[str]:
    return [problem.text for problem in meta.validate_update(new, old)]


def test_time_is_shown_in_whole_seconds_of_utc() -> None:
    assert meta.timestamp(1767323045.9) == "2026-01-02T03:04:05Z"
    assert meta.micro_timestamp(1767323045.25) == "2026-01-02T03:04:05.250000Z"
    assert meta.unix_seconds("2026-01-02T03:04:05Z") == 1767323045


def test_a_controller_owns_what_it_made() -> None:
    reference = meta.owner_reference(OWNER)
    assert reference == {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "u1",
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    pod = {"metadata": {"name": "p", "ownerReferences": [reference]}}
    assert meta.controller_of(pod) == reference
    assert meta.is_controlled_by(pod, OWNER)
    assert meta.key(pod) == ("", "p")


def test_an_owner_need_not_be_the_controller() -> None:
    pod = {"metadata": {"name": "p", "ownerReferences": [meta.owner_reference(OWNER, is_controller=False)]}}
    assert meta.controller_of(pod) is None


def test_good_metadata_has_no_problems() -> None:
    marks = {"labels": {"app": "web"}, "annotations": {"Example.com/Note": "é"}, "finalizers": ["orphan", "a.b/c"]}
    assert texts(good(**marks)) == []


def test_a_name_is_required() -> None:
    assert texts({"namespace": "n"}) == ["metadata.name: Required value: name or generateName is required"]


def test_a_namespace_is_required_or_not_allowed() -> None:
    assert texts({"name": "web"}) == ["metadata.namespace: Required value"]
    assert texts(good(), namespaced=False) == ["metadata.namespace: Forbidden: not allowed on this type"]


def test_names_and_prefixes_keep_the_rule_of_the_kind() -> None:
    metadata = good(generateName="Web-")
    found = list(meta.validate_create(metadata, namespaced=True, name_rule=as_name(dns_label)))
    assert [problem.path for problem in found] == ["metadata.generateName"]


@pytest.mark.parametrize(
    ("more", "start"),
    [
        ({"labels": {"a b": ""}}, 'metadata.labels: Invalid value: "a b": name part must'),
        ({"labels": {"a": "b "}}, 'metadata.labels: Invalid value: "b ": a valid label must'),
        ({"annotations": {"a b": ""}}, 'metadata.annotations: Invalid value: "a b": name part'),
        ({"annotations": {"a": "b" * 262_144}}, "metadata.annotations: Too long: may not be more than 262144 bytes"),
        ({"generation": -1}, "metadata.generation: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"finalizers": ["mine"]},
            'metadata.finalizers[0]: Invalid value: "mine": '
            "name is neither a standard finalizer name nor is it fully qualified",
        ),
        (
            {"finalizers": ["orphan", "foregroundDeletion"]},
            'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: '
            "finalizer orphan and foregroundDeletion cannot be both set",
        ),
        (
            {"ownerReferences": [{"apiVersion": "", "kind": "A", "name": "a", "uid": "u"}]},
            'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
        ),
        (
            {"managedFields": [{"operation": "Sing"}]},
            'metadata.managedFields[0].operation: Invalid value: "Sing": must be `Apply` or `Update`',
        ),
    ],
)
def test_a_broken_rule_is_told(more: Object, start: str) -> None:
    found = texts(good(**more))
    assert len(found) == 1
    assert found[0].startswith(start)


def test_only_one_owner_controls() -> None:
    owners = [{"apiVersion": "v1", "kind": "A", "name": name, "uid": name, "controller": True} for name in "xy"]
    assert texts(good(ownerReferences=owners))[0].endswith(
        'Only one reference can have Controller set to true. Found "true" in references for A/x and A/y'
    )


def test_an_unchanged_update_has_no_problems() -> None:
    assert updated(dict(STORED)) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "y"}, 'metadata.name: Invalid value: "y": field is immutable'),
        ({"uid": "x"}, 'metadata.uid: Invalid value: "x": field is immutable'),
        ({"namespace": ""}, 'metadata.namespace: Invalid value: "": field is immutable'),
        ({"creationTimestamp": None}, 'metadata.creationTimestamp: Invalid value: "null": field is immutable'),
        ({"resourceVersion": ""}, 'metadata.resourceVersion: Invalid value: "": must be specified for an update'),
    ],
)
def test_identity_never_changes(change: Object, text: str) -> None:
    assert updated({**STORED, **change}) == [text]


def test_no_finalizer_is_added_to_an_object_on_its_way_out() -> None:
    old = {**STORED, "deletionTimestamp": "2026-01-01T00:00:01Z", "finalizers": ["a/b"]}
    assert updated({**old, "finalizers": ["a/b", "x/y"]}, old) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"x/y"}'
    ]


def test_an_update_may_leave_out_what_only_the_server_sets() -> None:
    new = {"name": "web", "namespace": "default", "resourceVersion": "4", "generation": 9}
    old = {**STORED, "deletionTimestamp": "2026-01-01T00:00:01Z", "deletionGracePeriodSeconds": 0, "generation": 2}
    meta.carry_over(new, old)
    assert new == old


def test_a_new_object_is_stamped() -> None:
    metadata = {"name": "web", "uid": "theirs", "deletionTimestamp": "x"}
    meta.stamp_created(metadata, uid="ours", now_s=1767323045)
    assert metadata == {"name": "web", "uid": "ours", "creationTimestamp": "2026-01-02T03:04:05Z"}


def test_a_field_manager_is_short_and_printable() -> None:
    assert [problem.text for problem in meta.validate_field_manager("a\tb")] == [
        'fieldManager: Invalid value: "a\\tb": invalid character U+0009 (at position 1)'
    ]
    assert len(list(meta.validate_field_manager("a" * 129))) == 1
    assert meta.unconditional_update_refused().text == (
        "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
    )
