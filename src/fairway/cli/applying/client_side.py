"""Client side: one manifest applied by a patch that is worked out here."""

import sys

from fairway.cli.applying import annotated, last_applied, three_way
from fairway.cli.failure import PROGRAM, Failure
from fairway.cli.generators.go_json import compact
from fairway.cli.writing import LAST_APPLIED, with_source
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.writing import Writing

_TRIES = 5
_MISSING = (
    "Warning: resource {name} is missing the {annotation} annotation which is required by {program} apply. "
    "{program} apply should only be used on resources created declaratively by either {program} create --save-config "
    "or {program} apply. The missing annotation will be patched automatically."
)


class ClientSide:
    """Applies targets; ``apply`` gives the object and what was done to it."""

    def __init__(self, call: "Call", writing: "Writing", deletion: "Any" = None) -> None:
        self._api, self._flags, self._writing, self._deletion = call.session.api, call.flags, writing, deletion

    def apply(self, target: "Target") -> "tuple[dict[str, Any], str]":
        """Raises: ``ApiError``, ``Failure``."""
        assert target.object is not None
        if not target.name:
            self._refuse_nameless(target)
        wanted = annotated(target.object)
        live = self._live(target)
        if live is None:
            return self._created(target, wanted), "created"
        if self._writing.is_client:
            return live, "configured"
        if last_applied(live) is None:
            name = f"{target.resource.plural}/{target.name}"
            sys.stdout.flush()
            print(_MISSING.format(name=name, annotation=LAST_APPLIED, program=PROGRAM), file=sys.stderr)
        after, is_changed = self._patched(target, wanted, live)
        if after["metadata"].get("deletionTimestamp"):
            print(
                f"Warning: Detected changes to resource {target.name} which is currently being deleted.",
                file=sys.stderr,
            )
        return after, "configured" if is_changed else "unchanged"

    def _refuse_nameless(self, target: "Target") -> None:
        assert target.object is not None
        if prefix := target.object["metadata"].get("generateName"):
            raise Failure(f"from {prefix}: cannot use generate name with apply")
        raise self._retrieving(target, Failure("resource name may not be empty"))

    def _live(self, target: "Target") -> "dict[str, Any] | None":
        try:
            found: dict[str, Any] = self._api.get(target.path)
            return found
        except ApiError as error:
            if error.is_not_found:
                return None
            raise self._retrieving(target, error) from None

    def _retrieving(self, target: "Target", error: Exception) -> Exception:
        said = f"error when retrieving current configuration of:\n{described(target)}\nfrom server for:"
        return _said(error, f'{said} "{target.source}": {_text(error)}')

    def _created(self, target: "Target", wanted: "dict[str, Any]") -> "dict[str, Any]":
        if self._writing.is_client:
            return wanted
        wanted = {**wanted, "metadata": {k: v for k, v in wanted["metadata"].items() if k != "resourceVersion"}}
        try:
            found: dict[str, Any] = self._api.create(
                target.resource.path(target.namespace), wanted, self._writing.query()
            )
            return found
        except ApiError as error:
            raise with_source(error, "creating", target.source) from None

    def _patched(
        self, target: "Target", wanted: "dict[str, Any]", live: "dict[str, Any]"
    ) -> "tuple[dict[str, Any], bool]":
        """The object after the patch, and whether there was anything to patch."""
        for tries_left in range(_TRIES, 0, -1):
            patch, media_type = three_way(wanted, live)
            if not patch:
                return live, False
            try:
                return self._api.patch(target.path, patch, self._writing.query(), type=media_type), True
            except ApiError as error:
                if error.reason == "Conflict" and tries_left > 1:
                    live = self._api.get(target.path)
                    continue
                if error.reason in ("Conflict", "Invalid") and self._flags.force:
                    return self._anew(target, wanted), True
                said = f"error when applying patch:\n{compact(patch)}\nto:\n{described(target)}\nfor:"
                inner = with_source(error, "patching", target.source)
                raise _said(error, f'{said} "{target.source}": {_text(inner)}') from None
        raise AssertionError("the last try returns or raises")

    def _anew(self, target: "Target", wanted: "dict[str, Any]") -> "dict[str, Any]":
        """Delete the object, wait until it is gone, and make it again."""
        from fairway.cli.writing.gone import wait_until_gone

        uid = self._deletion.delete(target, is_told=False)
        wait_until_gone(self._api, [(target, uid or "")], self._flags.timeout)
        return self._created(target, wanted)


def described(target: "Target") -> str:
    """Which object is meant, as kubectl's longer failures say it."""
    resource = target.resource
    version = f"{resource.group}/{resource.version}"
    return (
        f'Resource: "{version}, Resource={resource.plural}", GroupVersionKind: "{version}, Kind={resource.kind}"\n'
        f'Name: "{target.name}", Namespace: "{target.namespace}"'
    )


def _text(error: Exception) -> str:
    return error.message if isinstance(error, ApiError) else str(error)


def _said(error: Exception, text: str) -> Exception:
    return ApiError({**error.status, "message": text}) if isinstance(error, ApiError) else Failure(text)
