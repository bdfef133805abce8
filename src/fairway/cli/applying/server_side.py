"""Server side: one manifest applied by the server, which knows who owns which field."""

import sys

from fairway.cli.applying import last_applied
from fairway.cli.failure import Failure
from fairway.cli.generators.go_json import compact
from fairway.cli.writing import LAST_APPLIED, NONE
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.writing import Writing

APPLY_PATCH = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MANAGER, ANNOTATOR = "kubectl", "kubectl-last-applied"
_TRIES = 5
_MARK = f"f:{LAST_APPLIED}"
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
        self._is_usual = writing.manager == MANAGER

    def apply(self, target: "Target") -> "tuple[dict[str, Any], str]":
        """Raises: ``ApiError``, ``Failure``."""
        assert target.object is not None
        text = compact(target.object) + "\n"
        found = self._applied(target)
        if self._flags.subresource:
            return found, "serverside-applied"
        if self._writing.strategy == NONE and self._is_usual and last_applied(found) is not None:
            found = self._migrated(target, found)
            found = self._annotated(target, found, text)
        return found, "serverside-applied"

    def _migrated(self, target: "Target", found: "dict[str, Any]") -> "dict[str, Any]":
        """What was applied in the old way made the manager's own.  It has been applied: what fails now is a warning."""
        try:
            for tries_left in range(_TRIES, 0, -1):
                if (upgrade := taken_over(found, self._writing.manager)) is None:
                    return found
                try:
                    self._api.patch(target.path, upgrade, type=JSON_PATCH)
                    break
                except ApiError as error:
                    if error.reason != "Conflict" or tries_left == 1:
                        raise
                    found = self._api.get(target.path)
        except ApiError as error:
            _warn("server rejected managed fields migration to Server-Side Apply", error)
            return found
        try:
            return self._applied(target)
        except (ApiError, Failure) as error:
            _warn("failed to re-apply configuration after performing Server-Side Apply migration", error)
            return found

    def _applied(self, target: "Target") -> "dict[str, Any]":
        query = self._writing.query(force="true" if self._flags.force_conflicts else "false")
        try:
            path = target.below(self._flags.subresource) if self._flags.subresource else target.path
            found: dict[str, Any] = self._api.patch(path, target.object, query, type=APPLY_PATCH)
            return found
        except ApiError as error:
            if error.code == 415:
                raise Failure(f"Server-side apply not available on the server: ({error.message})") from None
            if error.reason == "Conflict":
                raise Failure(error.message + _ADVICE) from None
            raise

    def _annotated(self, target: "Target", found: "dict[str, Any]", text: str) -> "dict[str, Any]":
        """The object with its annotation kept true, for those who will apply in the old way."""
        if last_applied(found) == text and owners(found["metadata"].get("managedFields") or ()) == [ANNOTATOR]:
            return found
        meta = {"name": target.name, "annotations": {LAST_APPLIED: text}}
        if target.namespace:
            meta["namespace"] = target.namespace
        mark = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": meta}
        query = {"fieldManager": ANNOTATOR, "force": "true"}
        marked: dict[str, Any] = self._api.patch(target.path, mark, query, type=APPLY_PATCH)
        return marked


def _warn(what: str, error: Exception) -> None:
    print(
        f"Warning: {what}. This is non-fatal and will be retried next time you apply. Error: {error}", file=sys.stderr
    )


def owners(entries: "Iterable[dict[str, Any]]", operation: str = "") -> "list[str]":
    """Who owns the annotation of what was applied last."""
    return [
        entry.get("manager", "") for entry in entries
        if (not operation or entry.get("operation") == operation) and not entry.get("subresource")
        and _MARK in ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations", {})
    ]  # fmt: skip


def taken_over(found: "dict[str, Any]", manager: str) -> "list[dict[str, Any]] | None":
    """The JSON patch that makes what was applied in the old way ``manager``'s own; ``None`` if nothing was.  Pure."""
    entries = found["metadata"].get("managedFields") or []
    old = owners(entries, "Update")
    if not old:
        return None
    kept: list[dict[str, Any]] = []
    taken: list[dict[str, Any]] = []
    for entry in entries:
        is_old = entry.get("operation") == "Update" and not entry.get("subresource") and entry.get("manager") in old
        (taken if is_old else kept).append(entry)
    own = next((e for e in kept if e.get("manager") == manager and e.get("operation") == "Apply"), None)
    if own is None:
        own = {**taken[0], "manager": manager, "operation": "Apply"}
        kept.append(own)
    fields: dict[str, Any] = {}
    for entry in (own, *taken):
        fields = _union(fields, entry.get("fieldsV1") or {})
    kept = [{**entry, "fieldsV1": fields} if entry is own else entry for entry in kept]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": found["metadata"]["resourceVersion"]},
    ]


def _union(one: "dict[str, Any]", other: "dict[str, Any]") -> "dict[str, Any]":
    both = {name: _union(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **both}
