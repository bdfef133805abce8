"""OpenWatches: how many watches there are and whose, so that nobody takes the room of all others.

Source: what it answers is upstream's "too many requests" with a time to come back.
"""

from fairway.apiserver.settings import Limits
from fairway.objects.errors import too_many_requests

_RETRY_S = 5


class OpenWatches:
    """Counts for one server."""

    def __init__(self, limits: Limits) -> None:
        self._most, self._most_of_one = limits.watches, limits.watches_of_one_user
        self._count = 0
        self._by_user: dict[str, int] = {}

    def begin(self, user: str) -> None:
        """One more.  Raises: ``StatusError`` 429."""
        own = self._by_user.get(user, 0)
        if own >= self._most_of_one:
            raise too_many_requests(f'too many watches of user "{user}": {own} are open', _RETRY_S)
        if self._count >= self._most:
            raise too_many_requests(f"too many watches: {self._count} are open", _RETRY_S)
        self._count += 1
        self._by_user[user] = own + 1

    def end(self, user: str) -> None:
        """One less."""
        self._count -= 1
        left = self._by_user[user] - 1
        if left:
            self._by_user[user] = left
        else:
            del self._by_user[user]
