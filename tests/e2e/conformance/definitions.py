"""Definitions of custom kinds that the tests make and take away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .asking import Api, until

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
GROUP = "mygroup.example.com"


def definition(
    plural: str, *, schema: dict[str, Any] | None = None, scope: str = "Cluster", group: str = GROUP
) -> dict[str, Any]:
    """Two versions with one schema; the first is stored."""
    kind = plural.capitalize()
    one = {"served": True, "schema": {"openAPIV3Schema": schema or ANYTHING}, "subresources": {"status": {}}}
    return {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group, "scope": scope,
            "names": {"plural": plural, "singular": f"{plural}one", "kind": kind, "listKind": f"{kind}List"},
            "versions": [{"name": "v1beta1", "storage": True, **one}, {"name": "v1", "storage": False, **one}],
        },
    }  # fmt: skip


@contextmanager
def defined(api: Api, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The definition, once it is established; gone at the end."""
    name = wanted["metadata"]["name"]
    api.must("POST", DEFINITIONS, wanted)
    with api.watching(DEFINITIONS, fieldSelector=f"metadata.name={name}") as events:
        try:
            yield until(events, is_established, "the definition was established")["object"]
        finally:
            api.must("DELETE", f"{DEFINITIONS}/{name}")
            until(events, lambda event: event["type"] == "DELETED", "the definition went")


def is_established(event: dict[str, Any]) -> bool:
    conditions = event["object"]["status"].get("conditions") or ()
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)
