"""The description of a Secret: how long each value is, never what it says, but for an account's token."""

from __future__ import annotations

import binascii

from fairway.cli.describe.page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

TOKEN_TYPE = "kubernetes.io/service-account-token"


def write(page: Page, found: Object, world: World) -> None:
    """The whole description, keys in their order (kubectl has them in any)."""
    page.head(found["metadata"])
    page.put("\n")
    page.line(0, "Type:", found.get("type", ""))
    page.put("\nData\n====\n")
    for key, value in sorted((found.get("data") or {}).items()):
        if key == "token" and found.get("type") == TOKEN_TYPE:
            page.line(0, f"{key}:", binascii.a2b_base64(value).decode(errors="replace"))
        else:
            page.line(0, f"{key}:", f"{size(value)} bytes")


def size(value: str | None) -> int:
    """Bytes of what is written in base64."""
    return len(binascii.a2b_base64(value or ""))
