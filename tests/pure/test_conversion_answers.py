"""What a conversion webhook may answer, and how it is told what it may not."""

from typing import Any

import orjson
import pytest

from fairway.apiserver.conversion_answers import converted
from fairway.objects.errors import StatusError

REVIEW, ABOUT = "apiextensions.k8s.io/v1", "conversion webhook for a.b/v2, Kind=C"
SOURCE = {"apiVersion": "a.b/v2", "kind": "C", "metadata": {"name": "n", "namespace": "s", "uid": "u"}, "spec": {}}
MADE = {**SOURCE, "apiVersion": "a.b/v1"}
ABSENT: Any = object()


def answered(response: Any, **about: Any) -> Any:
    review = {"apiVersion": REVIEW, "kind": "ConversionReview", "response": response, **about}
    if response is ABSENT:
        del review["response"]
    return converted(orjson.dumps(review), "id", [SOURCE], "a.b/v1", REVIEW, ABOUT)


def of(*objects: Any, **more: Any) -> dict[str, Any]:
    return {"uid": "id", "result": {"status": "Success"}, "convertedObjects": list(objects), **more}


def in_metadata(**changes: Any) -> dict[str, Any]:
    return {**MADE, "metadata": {**SOURCE["metadata"], **changes}}


def test_what_was_converted_is_taken_with_labels_of_its_own() -> None:
    made = in_metadata(labels={"a": "b"}, finalizers=["a/b"])
    assert answered(of(made)) == [made]


WRONG = [
    (ABSENT, {}, f"{ABOUT} failed: no response provided"),
    (of(MADE), {"kind": "Foo"}, f"{ABOUT} failed: expected webhook response of {REVIEW}, Kind=ConversionReview, got "
     f"{REVIEW}, Kind=Foo"),
    (of(MADE, uid="z"), {}, f'{ABOUT} failed: expected response.uid="id", got "z"'),
    (of(result={"status": "Failed", "message": "no"}), {}, f"{ABOUT} failed: no"),
    (of(result={"status": "Failed"}), {}, f"{ABOUT} failed: response.result.status was 'Failed', not 'Success'"),
    (of(result=None), {}, f"{ABOUT} failed: response.result.status was '', not 'Success'"),
    (of(), {}, f"{ABOUT} returned 0 objects, expected 1"),
    (of({}), {}, "Object 'Kind' is missing in '{}'"),
    (of(SOURCE), {},
     f"{ABOUT} returned invalid object at index 0: invalid groupVersion (expected a.b/v1, received a.b/v2)"),
    (of({**MADE, "kind": "D"}), {},
     f"{ABOUT} returned invalid object at index 0: invalid kind (expected C, received D)"),
    (of(in_metadata(name="z")), {}, f"{ABOUT} returned invalid object: must have the same name: n != z"),
    (of(in_metadata(namespace="z")), {}, f"{ABOUT} returned invalid object: must have the same namespace: s != z"),
    (of(in_metadata(uid="z")), {}, f"{ABOUT} returned invalid object: must have the same UID: u != z"),
    (of({"apiVersion": "a.b/v1", "kind": "C"}), {}, f"{ABOUT} returned invalid object: must have the same name: n != "),
]  # fmt: skip


@pytest.mark.parametrize(("response", "about", "text"), WRONG)
def test_a_wrong_answer_is_told_in_upstreams_words(response: Any, about: dict[str, Any], text: str) -> None:
    with pytest.raises(StatusError) as told:
        answered(response, **about)
    assert (told.value.code, told.value.message) == (500, text)


def test_wrong_labels_are_told() -> None:
    with pytest.raises(StatusError) as told:
        answered(of(in_metadata(labels={"a": "?"})))
    assert told.value.message.startswith(
        f'{ABOUT} returned invalid metadata: metadata.labels: Invalid value: "?": a valid'
    )


def test_what_is_no_json_is_told() -> None:
    with pytest.raises(StatusError) as told:
        converted(b"{", "id", [SOURCE], "a.b/v1", REVIEW, ABOUT)
    why = "couldn't get version/kind; json parse error: unexpected end of JSON input"
    assert told.value.message == f"{ABOUT} failed: {why}"
