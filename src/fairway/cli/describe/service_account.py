"""The description of a ServiceAccount: which Secrets it knows, and which of them are not there."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, Page
from fairway.cli.describe.secret import TOKEN_TYPE
from fairway.cli.describe.world import Refused, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_WIDTH = 19


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata = found["metadata"]
    page.head(metadata)
    secrets = _secrets(world, metadata.get("namespace", ""))
    for title, names in (
        ("Image pull secrets:", _names(found.get("imagePullSecrets"))),
        ("Mountable secrets:", _names(found.get("secrets"))),
        ("Tokens:", [each["metadata"]["name"] for each in secrets or () if _is_token_of(each, metadata)]),
    ):
        _list(page, title.ljust(_WIDTH), names, secrets)
    events.write(page, found, world)


def _secrets(world: World, namespace: str) -> list[Object] | None:
    """None: the API refuses to say, so nothing is missing for all that is known."""
    try:
        return world.list(within(namespace, "secrets"))
    except Refused:
        return None


def _names(found: list[Object] | None) -> list[str]:
    return [each.get("name", "") for each in found or ()]


def _is_token_of(secret: Object, account: Object) -> bool:
    notes = secret["metadata"].get("annotations") or {}
    named = (notes.get("kubernetes.io/service-account.name"), notes.get("kubernetes.io/service-account.uid"))
    return secret.get("type") == TOKEN_TYPE and named == (account.get("name"), account.get("uid"))


def _list(page: Page, title: str, names: list[str], secrets: list[Object] | None) -> None:
    existing = None if secrets is None else {each["metadata"]["name"] for each in secrets}
    for place, name in enumerate(names or (NONE,)):
        is_missing = bool(names) and existing is not None and name not in existing
        page.line(0, " " * _WIDTH if place else title, f"{name} (not found)" if is_missing else name)
