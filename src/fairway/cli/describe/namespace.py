"""The description of a Namespace: its state, its quotas and its limits."""

from __future__ import annotations

from fairway.cli.describe.page import Page, stamp
from fairway.cli.describe.world import Refused, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description.  Quotas and limits are left out where the API does not have such kinds."""
    status, name = found.get("status") or {}, found["metadata"]["name"]
    page.head(found["metadata"], has_namespace=False)
    page.line(0, "Status:", status.get("phase", ""))
    if status.get("conditions"):
        conditions(page, status["conditions"])
    quotas = _all(world, name, "resourcequotas")
    if quotas is not None:
        page.line(0)
        _quotas(page, quotas)
    limits = _all(world, name, "limitranges")
    if limits is not None:
        page.line(0)
        _limits(page, limits)


def _all(world: World, namespace: str, plural: str) -> list[Object] | None:
    try:
        return world.list(within(namespace, plural))
    except Refused as error:
        if error.code == 404:
            return None
        raise


def conditions(page: Page, found: list[Object]) -> None:
    """The table of conditions with time and message."""
    page.line(0, "Conditions:")
    page.line(1, "Type", "Status", "LastTransitionTime", "Reason", "Message")
    page.line(1, "----", "------", "------------------", "------", "-------")
    for each in found:
        page.line(
            1, each.get("type", ""), each.get("status", ""), stamp(each.get("lastTransitionTime")),
            each.get("reason", ""), each.get("message", ""),
        )  # fmt: skip


def _quotas(page: Page, quotas: list[Object]) -> None:
    from fairway.cli.describe.resource_quota import resources, scopes

    if not quotas:
        page.line(0, "No resource quota.")
        return
    page.line(0, "Resource Quotas")
    for quota in sorted(quotas, key=lambda quota: str(quota["metadata"]["name"])):
        page.line(1, "Name:", quota["metadata"]["name"])
        scopes(page, quota, 1, "* ")
        page.line(1, "Resource", "Used", "Hard")
        page.line(1, "--------", "---", "---")
        resources(page, quota, 1, has_one_notation=False)


def _limits(page: Page, ranges: list[Object]) -> None:
    from fairway.cli.describe.limit_range import HEAD, RULE, items

    if not ranges:
        page.line(0, "No LimitRange resource.")
        return
    page.line(0, "Resource Limits")
    page.line(0, f" {HEAD[0]}", *HEAD[1:])
    page.line(0, f" {RULE[0]}", *RULE[1:])
    for each in ranges:
        items(page, each, " ")
