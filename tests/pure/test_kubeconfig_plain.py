"""Kubeconfigs read without PyYAML: the same values, or none at all."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairway.client.kubeconfig.plain import read

WRITTEN = b"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://127.0.0.1:6443
  name: fairway
- name: "other one"
  cluster:
      server: 'http://h'
      insecure-skip-tls-verify: true
contexts:
  - context: {}
    name: a
current-context: fairway
kind: Config
preferences: {}
# a comment
users:
- name: fairway
  user:
    exec:
      args:
      - get-token
      - --region=x
      command: aws
      env: null
"""


def test_what_kubectl_writes_is_read() -> None:
    text = WRITTEN.replace(b"      - --region=x\n", b"")
    assert read(text) == yaml.safe_load(text)


DOUBTFUL = [
    "a: 1", "a: 0x1", "a: 2001-01-01", "a: yes", "a: Off", "a: &x b", "a: *x", "a: |\n  b",
    "a: {b: c}", "a: [b]", "a: b\n c",
    "a: b: c", "a: b #c", 'a: "b\\n"', "a: b\n  c: d", "a:\n- b\n - c", "- a", "a", "a: TRUE",
    "true: a", "a:\tb", "a: b\na: c",
    "a: 'it''s'", "{}", "---\na: b\n---\nc: d", "a: -", "a: .5", "a: -b", "? a", "<<: b",
    "a: !!str b", "a: @b", "\ta: b",
    "a:\n  - - b", "a: ''\nb", "", "  a: b", "a: b\r\nc: d", "a:b",
]  # fmt: skip


@pytest.mark.parametrize("text", DOUBTFUL)
def test_what_needs_a_parser_is_left_to_it(text: str) -> None:
    assert read(text.encode()) is None


NAMES = st.sampled_from(["name", "server", "token", "certificate-authority-data", "user", "a_b", "a.b/c"])
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=382), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS | st.integers(), lambda each: st.lists(each) | st.dictionaries(NAMES, each)
)


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_read_is_what_was_written(document: dict[str, Any]) -> None:
    text = yaml.safe_dump(document)
    found = read(text.encode())
    assert found is None or found == document


@given(st.text(st.sampled_from("ab:- \n'\"#{}[]|>&*!%@,?0.\t")))
def test_any_text_is_read_as_the_parser_does_or_left_to_it(text: str) -> None:
    found = read(text.encode())
    if found is not None:
        assert found == yaml.safe_load(text)
