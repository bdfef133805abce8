"""Show what the fields of a type mean, as the API server itself describes them.

fairway explain svc                            a Service and its fields
fairway explain svc.spec.ports                 one field, and those below it
fairway explain deployments --recursive        all names, without words
fairway explain rs --api-version=apps/v1       in a version of the API
"""

import sys

from fairway.cli.failure import PROGRAM, Failure
from fairway.cli.flags import Flag
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.resources import Resource

USAGE = "TYPE[.FIELD...]"
FLAGS = (
    Flag("api-version", help="the version of the API, as in apps/v1"),
    Flag("output", "o", default="plaintext", help="the form: plaintext or plaintext-openapiv2"),
    Flag("recursive", type="bool", help="all fields of all fields, names only"),
)
OLDER = "plaintext-openapiv2"
NO_TYPE = (
    f'You must specify the type of resource to explain. Use "{PROGRAM} api-resources" for a complete list of '
    "supported resources."
)
NO_PATH = "invalid jsonpath syntax, first node must be field node"


def run(call: "Call") -> int:
    """Ask for the document, and print what it says."""
    if not call.words:
        raise Failure(NO_TYPE)
    if len(call.words) > 1:
        raise Failure("We accept only this format: explain RESOURCE")
    resource, path = _meant(call, call.words[0])
    if call.flags.output not in ("plaintext", OLDER):
        raise Failure(f"unrecognized format: {call.flags.output}")
    group, version = _version(call, resource)
    shown = f"{group}/{version}, Resource={resource.plural}"
    document = _document(call, group, version, shown)
    from fairway.cli.explain import body, head, kind_of

    kind = kind_of(document, group, version, resource.plural)
    if kind is None:
        raise Failure(f"GVR ({shown}) not found in OpenAPI schema")
    if call.flags.output == OLDER:
        from fairway.cli.explain.older import whole

        try:
            sys.stdout.write(whole(document, kind, path, is_recursive=call.flags.recursive))
        except LookupError as error:
            raise Failure(f'field "{error}" does not exist') from None
        return 0
    sys.stdout.write(head(kind))
    text = body(document, kind, path, is_recursive=call.flags.recursive)
    if text is None:
        missing = f'field "{path[-1]}" does not exist' if path else f"GVK {kind} not found in OpenAPI schema"
        raise Failure(missing)
    sys.stdout.write(f"{text}\n")
    return 0


def _meant(call: "Call", word: str) -> "tuple[Resource, list[str]]":
    """The type, and the names of the field's path.  Raises: ``Failure``."""
    if word.startswith(".") or ".." in word or "[" in word:
        raise Failure(NO_PATH)
    first, _, rest = word.removesuffix(".").partition(".")
    try:
        found = call.session.resources.find(first)
    except Failure as failure:
        raise Failure(str(failure), is_bare=True) from None
    for each in (found, *(_namesakes(call, found) if rest and not f"{word}.".startswith(f"{found.name}.") else ())):
        # A type may be named with its group; what stands behind it is the path.
        if each.group and f"{word}.".startswith(f"{each.name}."):
            return each, [name for name in word[len(each.name) :].split(".") if name]
    return found, [name for name in rest.split(".") if name]


def _namesakes(call: "Call", found: "Resource") -> "list[Resource]":
    """Other types of the same name; nobody is asked where the built-in kinds say that there are none."""
    if found.plural not in ("events", "ingresses"):
        return []
    return [each for each in call.session.resources.served() if each.plural == found.plural]


def _version(call: "Call", resource: "Resource") -> tuple[str, str]:
    asked = call.flags.api_version
    if not asked:
        return resource.group, resource.version
    if asked.count("/") > 1:
        raise Failure(f"unexpected GroupVersion string: {asked}")
    group, _, version = asked.rpartition("/")
    return group, version


def _document(call: "Call", group: str, version: str, shown: str) -> "Any":
    api = call.session.api
    name = f"apis/{group}/{version}" if group else f"api/{version}"
    try:
        place = api.get("/openapi/v3")["paths"].get(name)
    except ApiError as error:
        raise Failure(f"the API server has no OpenAPI v3 document: {error.message}") from error
    if place is None:
        raise Failure(f'couldn\'t find resource for "{shown}"')
    return api.get(place["serverRelativeURL"])
