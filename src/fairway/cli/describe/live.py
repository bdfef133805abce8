"""LiveWorld: what a description may ask, of the API server that a command speaks to."""

from __future__ import annotations

from fairway.cli.arguments.asking import listed
from fairway.cli.describe.world import Refused
from fairway.client.blocking import Api, ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.objects import Object

CHUNK = 500


class LiveWorld:
    """``chunk_size``: how many objects of a list are asked for at a time; 0 is all at once."""

    def __init__(self, api: Api, chunk_size: int = CHUNK) -> None:
        self._api, self._chunk_size = api, chunk_size

    def get(self, path: str) -> Object:
        """One object.  Raises: ``Refused``."""
        try:
            found: Object = self._api.get(path)
            return found
        except ApiError as error:
            raise Refused(error.message, error.code) from error

    def list(self, path: str, *, labels: str = "", fields: str = "") -> list[Object]:
        """All objects that match.  Raises: ``Refused``."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        try:
            return [*listed(self._api, path, query, self._chunk_size)]
        except ApiError as error:
            raise Refused(error.message, error.code) from error
