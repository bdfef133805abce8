"""Credentials: the bearer token that a client shows, and where a new one comes from when it is refused.

Source: RFC 6750.
"""

from collections.abc import Callable
from typing import Protocol


class Credentials(Protocol):
    """What convinces the server.  Both methods may raise ``ConnectionError``: without them nothing can be asked."""

    async def token(self) -> str:
        """The token to show now; empty for none."""

    async def renew(self) -> bool:
        """The server refused what was shown last: is there something newer to show?"""


class Token:
    """A token that is given, or read anew for every request, since tokens are renewed in their files."""

    __slots__ = ("_given", "_shown")

    def __init__(self, given: str | Callable[[], str]) -> None:
        self._given = given
        self._shown = ""

    async def token(self) -> str:
        """See ``Credentials``."""
        self._shown = self._now()
        return self._shown

    async def renew(self) -> bool:
        """See ``Credentials``."""
        return self._now() != self._shown

    def _now(self) -> str:
        if not callable(self._given):
            return self._given
        try:
            return self._given()
        except OSError as error:
            raise ConnectionError(f"no token: {error}") from error
