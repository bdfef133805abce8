"""Our cluster enters a kubeconfig and leaves it; nothing else in it is touched."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairway.client.kubeconfig import Access, Entry, KubeconfigError, merged, paths, removed, rendered, select

ENTRY = Entry("fairway", "https://127.0.0.1:6443", ca_data="Q0E=", cert_data="Q0VSVA==", key_data="S0VZ")
OTHERS = """\
apiVersion: v1
kind: Config
preferences: {colors: true}
extra-of-a-tool: {since: 2024-01-02, "on": yes}
current-context: prod
clusters:
- name: prod
  cluster:
    server: https://prod.example:6443
    insecure-skip-tls-verify: true
contexts:
- {name: prod, context: {cluster: prod, user: 'prod', namespace: "0123"}}
users:
- name: prod
  user:
    token: 0123
    expires: 2026-01-01T00:00:00Z
    exec: {command: get-token, args: [--region, 1e3, null, ~]}
"""


def test_a_new_kubeconfig_holds_one_cluster() -> None:
    assert yaml.safe_load(rendered(ENTRY)) == {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [
            {"name": "fairway", "cluster": {"certificate-authority-data": "Q0E=", "server": "https://127.0.0.1:6443"}}
        ],
        "contexts": [{"name": "fairway", "context": {"cluster": "fairway", "user": "fairway"}}],
        "current-context": "fairway",
        "users": [
            {"name": "fairway", "user": {"client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ"}},
        ],
    }


def test_what_others_wrote_keeps_its_order_and_spelling() -> None:
    text = merged(OTHERS, ENTRY)
    kept = [
        "preferences: {colors: true}", 'extra-of-a-tool: {since: 2024-01-02, "on": yes}', "    token: 0123",
        "    insecure-skip-tls-verify: true", "    expires: 2026-01-01T00:00:00Z",
        "    exec: {command: get-token, args: [--region, 1e3, null, ~]}",
        "- {name: prod, context: {cluster: prod, user: 'prod', namespace: \"0123\"}}",
    ]  # fmt: skip
    assert [line for line in kept if line not in text.splitlines()] == []
    assert list(yaml.safe_load(text)) == list(yaml.safe_load(OTHERS))
    assert yaml.safe_load(text)["current-context"] == "fairway"


def test_what_was_before_is_there_again_afterwards() -> None:
    assert removed(merged(OTHERS, ENTRY), "fairway") == OTHERS
    assert removed(merged(merged(OTHERS, ENTRY), ENTRY), "fairway") == OTHERS


def test_entering_twice_is_entering_once() -> None:
    assert merged(merged(OTHERS, ENTRY), ENTRY) == merged(OTHERS, ENTRY)


def test_a_newer_entry_replaces_the_older_in_its_place() -> None:
    second = Entry("second", "https://127.0.0.1:2", "Q0E=")
    text = merged(merged(merged("", ENTRY), second), Entry("fairway", "https://127.0.0.1:1", "Q0E=", token="t"))
    document = yaml.safe_load(text)
    assert [item["cluster"]["server"] for item in document["clusters"]] == [
        "https://127.0.0.1:1",
        "https://127.0.0.1:2",
    ]
    assert document["users"][0]["user"] == {"token": "t"}


def test_an_entry_that_is_not_made_current_leaves_the_current_context() -> None:
    text = merged(OTHERS, ENTRY, is_current=False)
    assert yaml.safe_load(text)["current-context"] == "prod"
    assert removed(text, "fairway") == OTHERS


def test_a_context_that_was_chosen_since_stays_current() -> None:
    text = merged(OTHERS, ENTRY).replace("current-context: fairway", "current-context: staging")
    assert yaml.safe_load(removed(text, "fairway"))["current-context"] == "staging"


def test_a_previous_context_that_has_gone_does_not_come_back() -> None:
    text = removed(merged(OTHERS, ENTRY), "prod")
    assert yaml.safe_load(text)["current-context"] == "fairway"
    assert yaml.safe_load(removed(text, "fairway"))["current-context"] == ""


def test_a_file_without_the_entry_is_left_as_it_is() -> None:
    text = "# a comment\n" + OTHERS
    assert removed(text, "fairway") == text


@pytest.mark.parametrize("text", ["", "\n", "# nothing but a comment\n", "clusters: null\nusers: []\n", "{}"])
def test_an_empty_kubeconfig_is_filled(text: str) -> None:
    document = yaml.safe_load(merged(text, ENTRY))
    assert select(document).server == "https://127.0.0.1:6443"


def test_a_kubeconfig_in_json_stays_json() -> None:
    text = merged('{"clusters": [], "contexts": [], "users": [], "current-context": ""}', ENTRY)
    assert text.startswith("{") and yaml.safe_load(text)["current-context"] == "fairway"


@pytest.mark.parametrize(
    ("text", "why"), [("- a", "no mapping"), ("a: [", "not valid YAML"), ("clusters: {}", "clusters is no list")]
)
def test_what_is_no_kubeconfig_is_refused(text: str, why: str) -> None:
    with pytest.raises(KubeconfigError, match=why):
        merged(text, ENTRY)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]))
NAMES = st.text("abc", min_size=1, max_size=3)
ITEMS = st.dictionaries(NAMES, SCALARS, max_size=3)


def _section(inner: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    items = st.builds(lambda name, item: {"name": name, inner: item}, NAMES, ITEMS)
    return st.lists(items, max_size=3, unique_by=lambda item: item["name"])


DOCUMENTS = st.fixed_dictionaries(
    {"clusters": _section("cluster"), "contexts": _section("context"), "users": _section("user")},
    optional={"extra": SCALARS},
)


@given(DOCUMENTS)
def test_any_kubeconfig_is_what_it_was_after_entering_and_leaving(document: dict[str, Any]) -> None:
    names = [item["name"] for item in document["contexts"]]
    document["current-context"] = names[0] if names else ""
    text = merged(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), ENTRY)
    entered = yaml.safe_load(text)
    assert select(entered).cert == "CERT"
    assert {key: value for key, value in entered.items() if key == "extra"} == {
        key: value for key, value in document.items() if key == "extra"
    }
    assert yaml.safe_load(removed(text, "fairway")) == document


def pem(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


EXEC = "client.authentication.k8s.io/v1"
CONFIG = {
    "current-context": "a",
    "clusters": [
        {
            "name": "c",
            "cluster": {"server": "https://c", "certificate-authority-data": pem("CA"), "tls-server-name": "n"},
        },
        {"name": "d", "cluster": {"server": "https://d", "insecure-skip-tls-verify": True}},
        {"name": "proxied", "cluster": {"server": "https://e", "proxy-url": "http://p"}},
    ],
    "users": [
        {"name": "u", "user": {"client-certificate-data": pem("CERT"), "client-key-data": pem("KEY")}},
        {"name": "files", "user": {"client-certificate": "/x.crt", "client-key": "/x.key", "tokenFile": "/t"}},
        {"name": "plugin", "user": {"exec": {"command": "x"}}},
        {"name": "asking", "user": {"exec": {"command": "login", "apiVersion": EXEC, "interactiveMode": "Always"}}},
        {"name": "broken", "user": {"client-key-data": "%%%"}},
    ],
    "contexts": [
        {"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "ns"}},
        {"name": "b", "context": {"cluster": "d", "user": "files"}},
        {"name": "plugin", "context": {"cluster": "c", "user": "plugin"}},
        {"name": "asking", "context": {"cluster": "c", "user": "asking"}},
        {"name": "broken", "context": {"cluster": "c", "user": "broken"}},
        {"name": "proxied", "context": {"cluster": "proxied"}},
        {"name": "lost", "context": {"cluster": "nowhere"}},
    ],
}  # fmt: skip


def test_the_current_context_is_selected() -> None:
    assert select(CONFIG) == Access("https://c", "CA", "CERT", "KEY", server_name="n", namespace="ns")


def test_a_named_context_is_selected_and_files_are_read() -> None:
    assert select(CONFIG, "b", read=lambda path: f"<{path}>") == Access(
        "https://d",
        cert="</x.crt>",
        key="</x.key>",
        token_file="/t",
        is_insecure=True,
        cert_file="/x.crt",
        key_file="/x.key",
    )


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ("none", "has no context 'none': it has a, asking, b, broken, lost, plugin, proxied"),
        ("lost", "has no cluster 'nowhere'"),
        ("plugin", "context 'plugin' cannot be used: exec.apiVersion is \"\" and not one of client.auth"),
        ("asking", "exec.command login must ask a user"),
        ("proxied", "cluster 'proxied' needs a proxy, which is not supported"),
        ("broken", "context 'broken' cannot be used: client-key-data is not PEM in base64"),
    ],
)
def test_what_cannot_be_used_says_why(context: str, why: str) -> None:
    with pytest.raises(KubeconfigError, match=why):
        select(CONFIG, context)


def test_without_a_current_context_one_must_be_named() -> None:
    with pytest.raises(KubeconfigError, match="has no current context: name one"):
        select({"current-context": ""})


def test_the_files_are_those_of_the_environment_or_the_home() -> None:
    home = Path("/home/u")
    assert paths({}, home) == paths({"KUBECONFIG": ""}, home) == [Path("/home/u/.kube/config")]
    assert paths({"KUBECONFIG": "/a::/b"}, home) == [Path("/a"), Path("/b")]
