"""Forms that clients ask for, and headers that they get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver.answers import warning
from fairway.apiserver.negotiation import METADATA_LIST, Form, accepted, body_media, takes_gzip, wants_pretty
from fairway.objects.errors import StatusError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("", Form()),
        ("*/*", Form()),
        ("application/json, */*", Form()),
        ("application/vnd.kubernetes.protobuf,application/json", Form("application/vnd.kubernetes.protobuf")),
        ("application/yaml", Form("application/yaml")),
        (f"{TABLE},application/json", Form(shape="Table", version="v1")),
        ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", Form()),
        (f"application/json;as={METADATA_LIST};v=v1;g=meta.k8s.io", Form(shape=METADATA_LIST, version="v1")),
        ("application/yaml;q=0.1,application/json;q=0.9", Form()),
        ("application/json;q=nonsense,application/yaml", Form("application/yaml")),
        ("application/json;stream=watch", Form()),
    ],
)  # fmt: skip
def test_the_first_form_that_can_be_given_is_given(header: str, form: Form) -> None:
    assert accepted(header) == form


@pytest.mark.parametrize(
    "header", ["text/html", "application/vnd.kubernetes.protobuf;as=Table", "application/json;as=Table"]
)
def test_what_nobody_can_give_is_a_406(header: str) -> None:
    with pytest.raises(StatusError, match="only the following media types are accepted: application/json"):
        accepted(header)


@given(st.text())
def test_no_header_breaks_the_reader(header: str) -> None:
    try:
        accepted(header)
    except StatusError as error:
        assert error.code == 406


def test_a_body_without_a_type_is_json() -> None:
    assert body_media("") == "application/json"
    assert body_media("Application/JSON; charset=utf-8") == "application/json"


@pytest.mark.parametrize(
    ("pretty", "agent", "expected"),
    [("", "curl/8.0", True), ("", "kubectl/v1.32", False), ("true", "", True), ("false", "curl/8", False)],
)
def test_people_are_told_apart_from_programs(pretty: str, agent: str, expected: bool) -> None:
    assert wants_pretty(pretty, agent) is expected


@given(st.text(max_size=200))
def test_a_warning_is_one_line_that_a_header_can_hold(text: str) -> None:
    shown = warning(text)
    assert shown.startswith('299 - "')
    assert not set(shown.encode("latin-1")) & {0, 10, 13}


def test_who_asks_for_protobuf_of_what_has_no_message_gets_the_next_form() -> None:
    protobuf = "application/vnd.kubernetes.protobuf"
    assert accepted(f"{protobuf},application/json", has_protobuf=False) == Form()
    with pytest.raises(StatusError, match=r"accepted: application/json, application/yaml$"):
        accepted(protobuf, has_protobuf=False)


@pytest.mark.parametrize(
    ("pretty", "agent", "expected"),
    [
        ("", "curl/8", True), ("", "kubectl/v1.36", False), ("true", "kubectl/v1.36", True), ("T", "", True),
        ("False", "curl/8", False), ("0", "curl/8", False), ("nonsense", "curl/8", True), ("nonsense", "", False),
    ],
)  # fmt: skip
def test_human_eyes_are_asked_for_in_words_of_truth_or_guessed(pretty: str, agent: str, expected: bool) -> None:
    assert wants_pretty(pretty, agent) is expected


@pytest.mark.parametrize(
    ("header", "is_taken"),
    [
        ("gzip", True), ("deflate, gzip;q=0.5, br", True), ("x-gzip", True), ("", False), ("br", False),
        ("gzip;q=0", False), ("gzip;q=0, deflate", False), ("gzipped", False),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_who_takes_it(header: str, is_taken: bool) -> None:
    assert takes_gzip(header) is is_taken
