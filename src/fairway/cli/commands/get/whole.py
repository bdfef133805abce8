"""Whole: objects as they are, for JSON, YAML, names and templates."""

import sys

from fairway.cli.arguments import Request, requests
from fairway.cli.commands.get.table import failed
from fairway.cli.failure import Failure, raise_all
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.commands.get.form import Form


def run_whole(call: "Call", form: "Form") -> int:
    """Ask for every object; print one alone as it is, several as a List."""
    failures: list[Exception] = []
    asked, flags = requests(call, failures=failures), call.flags
    if flags.subresource and any(request.is_list for request in asked):
        raise Failure("subresource cannot be used when bulk resources are specified")
    items: list[dict[str, Any]] = []
    for request in asked:
        try:
            items += _asked(call, request)
        except ApiError as error:
            if not (flags.ignore_not_found and error.is_not_found):
                failures.append(failed(call, request, error))
    if flags.sort_by:
        from fairway.cli.commands.get.order import sorted_rows

        items = sorted_rows(items, flags.sort_by, lambda item: item) if len(items) > 1 else items
    is_single = len(asked) == 1 and not asked[0].is_list
    if is_single and failures:
        raise failures[0]
    if items or not (flags.ignore_not_found or is_single):
        assert form.printer is not None
        shown = items[0] if is_single else listed(items)
        sys.stdout.write(form.printer(shown))
    raise_all(failures)
    return 0


def listed(items: "list[dict[str, Any]]") -> "dict[str, Any]":
    """Several objects as one, as kubectl shows them."""
    return {"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}}


def _asked(call: "Call", request: Request) -> "list[dict[str, Any]]":
    api, subresource = call.session.api, call.flags.subresource
    if request.object is not None and not request.name:
        return [request.object]
    if not request.is_list:
        return [api.get(request.resource.path(request.namespace, request.name, subresource))]
    found = request.listed(api)
    for item in found:
        item.setdefault("apiVersion", request.resource.api_version)
        item.setdefault("kind", request.resource.kind)
    return found
