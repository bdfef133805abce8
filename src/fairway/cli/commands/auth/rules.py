"""Rules: all that one may do in a namespace, as the API server knows it.

Source: Kubernetes API reference, SelfSubjectRulesReview.
"""

import sys

from fairway.cli.failure import Failure
from fairway.cli.printers.columns import aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairway.cli.call import Call

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


def show_rules(call: "Call") -> int:
    """Ask, and print a line for each rule."""
    if call.words:
        raise Failure("list option must be specified with no arguments")
    body = {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": call.session.namespace},
    }  # fmt: skip
    status = call.session.api.create(_PATH, body).get("status") or {}
    if status.get("incomplete"):
        print(f"warning: the list may be incomplete: {status.get('evaluationError', '')}", file=sys.stderr)
    head = [] if call.flags.no_headers else [["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]]
    sys.stdout.write(aligned([*head, *rows(status)]))
    return 0


def rows(status: "dict[str, Any]") -> "list[list[str]]":
    """The cells of every rule, the verbs of one resource as one, in the order of kubectl: by verbs first.  Pure."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for rule in status.get("resourceRules") or ():
        for group, resource in _named(rule):
            names = " ".join(rule.get("resourceNames") or ())
            verbs = found.setdefault((group, resource, names), [])
            verbs += [verb for verb in rule.get("verbs") or () if verb not in verbs]
    keyed = [
        ((_list(verbs), f"{_list([group])},{_list([resource])},[{names}],[]"),
         [f"{resource}.{group}" if group else resource, "[]", f"[{names}]", _list(verbs)])
        for (group, resource, names), verbs in found.items()
    ]  # fmt: skip
    keyed += [
        ((_list(rule.get("verbs") or ()), f"[],[],[],{_list([path])}"),
         ["", _list([path]), "[]", _list(rule.get("verbs") or ())])
        for rule in status.get("nonResourceRules") or ()
        for path in rule.get("nonResourceURLs") or ()
    ]  # fmt: skip
    return [cells for _, cells in sorted(keyed, key=lambda pair: pair[0])]


def _named(rule: "dict[str, Any]") -> "Iterator[tuple[str, str]]":
    for group in rule.get("apiGroups") or ():
        for resource in rule.get("resources") or ():
            yield group, resource


def _list(values: "Any") -> str:
    return f"[{' '.join(values)}]"
