"""Queries of lists and watches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver.list_options import PLAIN, ListOptions, make_token, read, read_token
from fairway.objects.errors import StatusError


def test_nothing_asked_is_everything_newest() -> None:
    assert read({}, is_watch=False) == PLAIN == ListOptions()


def test_every_option_is_read() -> None:
    found = read(
        {
            "watch": "true", "labelSelector": "a=b", "fieldSelector": "metadata.name=x", "resourceVersion": "7",
            "limit": "5", "allowWatchBookmarks": "true", "timeoutSeconds": "30", "sendInitialEvents": "true",
            "resourceVersionMatch": "NotOlderThan",
        },
        is_watch=True,
    )  # fmt: skip
    assert found == ListOptions(
        "a=b", "metadata.name=x", 7, "NotOlderThan", 5, "", sends_initial=True, has_bookmarks=True, timeout_s=30
    )


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"limit": "x"}, 400), ({"timeoutSeconds": "1.5"}, 400),
        # What upstream finds only when it looks for the revision.
        ({"resourceVersion": "-1"}, 500), ({"resourceVersion": "٣"}, 500), ({"resourceVersion": str(1 << 64)}, 500),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(options: dict[str, str], code: int) -> None:
    with pytest.raises(StatusError) as refused:
        read(options, is_watch=True)
    assert refused.value.code == code


def test_every_contradiction_is_told_at_once() -> None:
    with pytest.raises(StatusError) as refused:
        read({"resourceVersionMatch": "Exact", "sendInitialEvents": "true", "continue": "x"}, is_watch=False)
    assert [cause["field"] for cause in refused.value.details["causes"]] == [
        "resourceVersionMatch", "resourceVersionMatch", "sendInitialEvents",
    ]  # fmt: skip


@given(st.integers(1, 1 << 62) | st.just(-1), st.text().filter(lambda text: ".." not in text.split("/")))
def test_a_token_says_what_was_put_into_it(revision: int, after: str) -> None:
    try:
        after.encode()
    except UnicodeEncodeError:
        return
    assert read_token(make_token(revision, after)) == (revision, after + "\0")


@given(st.text())
def test_no_token_breaks_the_reader(token: str) -> None:
    try:
        read_token(token)
    except StatusError as error:
        assert error.code == 400
