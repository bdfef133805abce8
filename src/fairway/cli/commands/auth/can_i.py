"""Say whether one may do something: yes or no; exit code 1 for no.

fairway auth can-i create services
fairway auth can-i get pods/log --as=system:serviceaccount:default:default
fairway auth can-i get /healthz
fairway auth can-i --list -n kube-system          all that one may do there
"""

import sys

from fairway.cli.arguments import SELECTOR_FLAGS
from fairway.cli.failure import Failure, Silent
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "VERB [TYPE | TYPE/NAME | /PATH]"
FLAGS = (
    *(flag for flag in SELECTOR_FLAGS if flag.name == "all-namespaces"),
    Flag("list", type="bool", help="list all that one may do in the namespace"),
    Flag("no-headers", type="bool", help="with --list: no line of headers"),
    Flag("quiet", "q", "bool", "print nothing, only the exit code tells"),
    Flag("subresource", help="a subresource such as log or scale"),
)
_VERBS = (
    "get", "put", "post", "head", "options", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
    "use", "bind", "impersonate", "escalate", "approve", "sign", "*",
)  # fmt: skip
_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_TWO = (
    "you must specify two arguments: verb resource or verb resource/resourceName.\n"
    "See 'fairway auth can-i -h' for help and examples."
)


def run(call: "Call") -> int:
    """Ask, and print."""
    if call.flags.list:
        from fairway.cli.commands.auth.rules import show_rules

        return show_rules(call)
    if len(call.words) != 2:
        raise Failure(_TWO)
    spec = _asked(call)
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    status = call.session.api.create(_PATH, body).get("status") or {}
    if not call.flags.quiet:
        print(_answer(status))
    if not status.get("allowed"):
        raise Silent
    return 0


def _answer(status: "dict[str, Any]") -> str:
    if status.get("allowed"):
        return "yes"
    parts = ["no"]
    if status.get("reason"):
        parts.append(f" - {status['reason']}")
    if status.get("evaluationError"):
        parts.append(f" - {status['evaluationError']}")
    return "".join(parts)


def _asked(call: "Call") -> "dict[str, Any]":
    """What is asked for: a path, or a resource in its group, perhaps with a name."""
    verb, what = call.words
    if verb not in _VERBS:
        print(f"Warning: verb '{verb}' is not a known verb\n", file=sys.stderr)
    if what.startswith("/"):
        return {"nonResourceAttributes": {"path": what, "verb": verb}}
    type, _, name = what.partition("/")
    try:
        resource = call.session.resources.find(type)
        group, plural = resource.group, resource.plural
        if not resource.is_namespaced and call.flags.namespace:
            _warn(f"resource '{plural}' is not namespace scoped" + (f" in group '{group}'" if group else ""))
    except Failure:
        group, plural = type.partition(".")[2], type.partition(".")[0]
        if type != "*":
            _warn(f"the server doesn't have a resource type '{plural}'" + (f" in group '{group}'" if group else ""))
    wanted = {
        "namespace": "" if call.flags.all_namespaces else call.session.namespace, "verb": verb, "group": group,
        "resource": plural, "subresource": call.flags.subresource, "name": name,
    }  # fmt: skip
    return {"resourceAttributes": {field: value for field, value in wanted.items() if value}}


def _warn(text: str) -> None:
    sys.stdout.flush()
    print(f"Warning: {text}\n", file=sys.stderr)
