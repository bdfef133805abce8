"""Server side: one manifest applied by the server, which knows who owns which field."""

from fairway.cli.failure import Failure
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.writing import Writing

APPLY_PATCH = "application/apply-patch+yaml"
MANAGER = "kubectl"
_ADVICE = """
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""


class ServerSide:
    """Applies targets; ``apply`` gives the object and what was done to it."""

    def __init__(self, call: "Call", writing: "Writing") -> None:
        self._api, self._flags, self._writing = call.session.api, call.flags, writing
        if not call.flags.is_given("field-manager"):
            writing.manager = MANAGER

    def apply(self, target: "Target") -> "tuple[dict[str, Any], str]":
        """Raises: ``ApiError``, ``Failure``."""
        query = self._writing.query(force="true" if self._flags.force_conflicts else "false")
        try:
            found = self._api.patch(target.path, target.object, query, type=APPLY_PATCH)
        except ApiError as error:
            if error.code == 415:
                raise Failure(f"Server-side apply not available on the server: ({error.message})") from None
            if error.reason == "Conflict":
                raise Failure(error.message + _ADVICE) from None
            raise
        return found, "serverside-applied"
