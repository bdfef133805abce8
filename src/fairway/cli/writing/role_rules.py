"""Role rules: what ``--verb``, ``--resource`` and ``--resource-name`` say, as rules of a role."""

import sys

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

_VERBS = (
    "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection", "use", "bind",
    "escalate", "impersonate", "*",
)  # fmt: skip


def verbs_of(call: "Call") -> "list[str]":
    """Each verb once, in order; ``*`` stands for all."""
    verbs = list(dict.fromkeys(word.strip() for word in call.flags.verb))
    return ["*"] if "*" in verbs else verbs


def rules_of(call: "Call", verbs: "list[str]") -> "list[dict[str, Any]]":
    """A rule for each group of resources.  Raises: ``Failure``."""
    by_group: dict[str, list[str]] = {}
    names = list(dict.fromkeys(call.flags.resource_name))
    words = list(dict.fromkeys(word.strip() for word in call.flags.resource))
    if "*" in words and len(words) == 1:
        by_group[""] = ["*"]
        words = []
    for word in words:
        if word == "*":
            raise Failure("resource must not contain '*' and other resources")
        resource, _, subresource = word.partition("/")
        try:
            found = call.session.resources.find(resource)
        except Failure as error:
            raise Failure(str(error), is_bare=True) from None
        name = f"{found.plural}/{subresource}" if subresource else found.plural
        listed = by_group.setdefault(found.group, [])
        if name not in listed:
            listed.append(name)
    for verb in verbs:
        if verb not in _VERBS:
            print(f"Warning: '{verb}' is not a standard resource verb", file=sys.stderr)
    more = {"resourceNames": names} if names else {}
    return [
        {"verbs": list(verbs), "apiGroups": [group], "resources": listed, **more} for group, listed in by_group.items()
    ]
