"""World: what a description may ask of the API beside the object itself.

Shape: paths are those of the API, ``/api/v1/namespaces/default/pods``; selectors are those of a list request.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from fairway.objects import Object

    class World(Protocol):
        """The API as a description sees it."""

        def get(self, path: str) -> Object:
            """One object.  Raises: ``Refused``."""

        def list(self, path: str, *, labels: str = "", fields: str = "") -> list[Object]:
            """All objects at ``path`` that the selectors match, all pages of them.  Raises: ``Refused``."""


class Refused(Exception):
    """The API did not give what was asked for; the text is its message, ``code`` its HTTP status."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


def within(namespace: str, plural: str, group: str = "", version: str = "v1") -> str:
    """The path of the objects of one kind in a namespace, or in all if it is empty."""
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"
