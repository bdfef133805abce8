"""What image names mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.images.reference import InvalidReference, Reference, parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("luksa/kubia", "docker.io/luksa/kubia:latest"),
        ("luksa/kubia:v2", "docker.io/luksa/kubia:v2"),
        ("docker.io/luksa/kubia", "docker.io/luksa/kubia:latest"),
        ("index.docker.io/luksa/kubia", "docker.io/luksa/kubia:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("localhost/a", "localhost/a:latest"),
        ("localhost:5000/a/b:c", "localhost:5000/a/b:c"),
        ("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"),
        ("[::1]:5000/a", "[::1]:5000/a:latest"),
        ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (f"busybox:1.36@{DIGEST}", f"docker.io/library/busybox:1.36@{DIGEST}"),
        ("a__b/c-d.e", "docker.io/a__b/c-d.e:latest"),
    ],
)
def test_a_short_name_is_made_whole(text: str, whole: str) -> None:
    assert str(parse_reference(text)) == whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("busybox:", "invalid reference format"),
        ("busybox@", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("a:b:c", "invalid reference format"),
        ("busybox@sha256:123", "invalid reference format"),
        ("InvalidImageName", "invalid reference format: repository name (library/InvalidImageName) must be lowercase"),
        (f"busybox@{DIGEST}0", "invalid checksum digest length"),
        (f"busybox@md5:{'a' * 32}", "unsupported digest algorithm"),
        ("a" * 256, "repository name must not be more than 255 characters"),
        ("a" * 64, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
    ],
)
def test_what_is_no_reference_is_told_why(text: str, why: str) -> None:
    with pytest.raises(InvalidReference) as refusal:
        parse_reference(text)
    assert str(refusal.value) == why


COMPONENT = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?", fullmatch=True)


@given(st.lists(COMPONENT, min_size=1, max_size=3), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}", fullmatch=True))
def test_a_whole_reference_means_itself(path: list[str], tag: str) -> None:
    whole = Reference("registry.example:5000", "/".join(path), tag)
    assert parse_reference(str(whole)) == whole


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        found = parse_reference(text)
    except InvalidReference:
        return
    assert parse_reference(str(found)) == found
