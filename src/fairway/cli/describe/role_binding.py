"""The description of a RoleBinding or a ClusterRoleBinding."""

from __future__ import annotations

from fairway.cli.describe.page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description; kubectl shows neither namespace nor events."""
    page.head(found["metadata"], has_namespace=False)
    role = found.get("roleRef") or {}
    page.line(0, "Role:")
    page.line(1, "Kind:", role.get("kind", ""))
    page.line(1, "Name:", role.get("name", ""))
    page.line(0, "Subjects:")
    page.line(1, "Kind", "Name", "Namespace")
    page.line(1, "----", "----", "---------")
    for each in found.get("subjects") or ():
        page.line(1, *(each.get(field, "") for field in ("kind", "name", "namespace")))
