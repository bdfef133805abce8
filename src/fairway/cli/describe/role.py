"""The description of a Role or a ClusterRole: its rules one by one, those that differ in verbs only made one."""

from __future__ import annotations

from itertools import product

from fairway.cli.describe.page import Page, listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description; kubectl shows neither namespace nor events."""
    page.head(found["metadata"], has_namespace=False)
    page.line(0, "PolicyRule:")
    page.line(1, "Resources", "Non-Resource URLs", "Resource Names", "Verbs")
    page.line(1, "---------", "-----------------", "--------------", "-----")
    for group, resource, name, url, verbs in sorted(_rules(found.get("rules") or ()), key=_order):
        page.line(1, _resource(group, resource), f"[{url}]", f"[{name}]", listed(verbs))


_Rule = tuple[str, str, str, str, list[str]]
"""(group, resource, name, URL, verbs)."""


def _rules(rules: Sequence[Object]) -> Iterator[_Rule]:
    """One rule for each resource with all its verbs, and one for each URL and verb."""
    of_resources: dict[tuple[str, str, str], list[str]] = {}
    for group, resource, name, url, verb in (each for rule in rules for each in _parts(rule)):
        if url:
            yield "", "", "", url, [verb]
            continue
        verbs = of_resources.setdefault((group, resource, name), [])
        verbs += [] if verb in verbs else [verb]
    for (group, resource, name), verbs in of_resources.items():
        yield group, resource, name, "", verbs


def _order(rule: _Rule) -> str:
    """Verbs before groups before resources, as Go writes a rule."""
    group, resource, name, url, verbs = rule
    return f"{listed(verbs)},[{group}],[{resource}],[{name}],[{url}]"


def _parts(rule: Object) -> Iterator[tuple[str, str, str, str, str]]:
    """(group, resource, name, URL, verb) of all that a rule allows."""
    names = rule.get("resourceNames") or ("",)
    for group, resource, name, verb in product(
        rule.get("apiGroups") or (), rule.get("resources") or (), names, rule.get("verbs") or ()
    ):
        yield group, resource, name, "", verb
    for url, verb in product(rule.get("nonResourceURLs") or (), rule.get("verbs") or ()):
        yield "", "", "", url, verb


def _resource(group: str, resource: str) -> str:
    name, slash, below = resource.partition("/")
    return f"{name}{f'.{group}' if group else ''}{slash}{below}"
