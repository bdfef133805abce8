"""Say whether a Service works, why each pod is or is not behind it, and what to do about it.

fairway why svc/kubia                                  the Service, its ports, its pods
fairway why svc/kubia --from pod/client --port 8080    for one caller
fairway why svc/kubia --from outside                   node ports, load balancers, Ingresses
fairway why http://kubia.shop:8080/ --from pod/client  an address as the caller types it
fairway why pod/kubia-7x2p                             behind which Services it is, and why not
fairway why ingress/shop                               where each route ends; also deploy/NAME, rs/NAME, ds/NAME

It only reads, from any cluster that the kubeconfig leads to.
Exit codes: 0 it works, 3 it does not, 4 in part or perhaps not, 1 it could not be asked.
"""

import os
import sys

from fairway.cli.failure import UsageFailure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.client.blocking import Api
    from fairway.why.facts import Look, Question, Seen

USAGE = "(svc/NAME | TYPE/NAME | TYPE NAME | ADDRESS)"
FLAGS = (
    Flag("from", help="who calls: pod/NAME, NAMESPACE/pod/NAME, node/NAME, outside, or an IP address outside"),
    Flag("port", help="the port that is called, by number or name (default: all ports of the Service)"),
    Flag("protocol", help="TCP, UDP or SCTP (default: any)"),
    Flag("output", "o", help="json or yaml: the whole answer as an object"),
    Flag("json", type="bool", help="the same as --output=json"),
)
_KINDS = {
    "svc": "Service", "service": "Service", "services": "Service", "po": "Pod", "pod": "Pod", "pods": "Pod",
    "ing": "Ingress", "ingress": "Ingress", "ingresses": "Ingress",
    "deploy": "Deployment", "deployment": "Deployment", "deployments": "Deployment",
    "rs": "ReplicaSet", "replicaset": "ReplicaSet", "replicasets": "ReplicaSet",
    "ds": "DaemonSet", "daemonset": "DaemonSet", "daemonsets": "DaemonSet",
    "sts": "StatefulSet", "statefulset": "StatefulSet", "statefulsets": "StatefulSet",
    "rc": "ReplicationController", "replicationcontroller": "ReplicationController",
    "replicationcontrollers": "ReplicationController",
}  # fmt: skip
EXIT_CODES = {"Works": 0, "Fails": 3, "Doubtful": 4}
_NOT_SERVED = (403, 404, 405)


def run(call: "Call") -> int:
    """Ask, and print."""
    flags = call.flags
    if flags.output not in ("", "json", "yaml"):
        raise UsageFailure(f'no output format "{flags.output}": use json or yaml')
    kind, name = _subject(call.words)
    explanation = _explained(call, kind, name)
    _print(call, explanation, "json" if flags.json else flags.output)
    return EXIT_CODES[explanation["status"]["verdict"]]


def _subject(words: "list[str]") -> tuple[str, str]:
    """(kind, name) of what is asked about.  Raises: ``UsageFailure``."""
    if not words:
        raise UsageFailure("what is asked about is missing: use svc/NAME, TYPE/NAME or an address")
    if len(words) == 2 and "/" not in words[0]:
        type_, name = words
    elif len(words) > 1:
        raise UsageFailure(f'one thing at a time: "{words[1]}" is one too many')
    elif _is_address(words[0]):
        return "URL", words[0]
    else:
        type_, slash, name = words[0].partition("/")
        if not slash:
            type_, name = "svc", type_
    kind = _KINDS.get(type_.lower().partition(".")[0])
    if kind is None:
        known = "svc, pod, ingress, deploy, rs, ds, sts, rc"
        raise UsageFailure(f'"{type_}" can not be asked about: use one of {known}, or an address')
    if not name or "/" in name:
        raise UsageFailure(f'"{" ".join(words)}" names no {kind}: use {type_}/NAME')
    return kind, name


def _is_address(word: str) -> bool:
    """Whether a word is an address, and neither a bare name nor ``deployments.apps/NAME``."""
    first, slash, _ = word.partition("/")
    is_type = bool(slash) and first.partition(".")[0] in _KINDS
    return ":" in word or ("." in first and not is_type)


def _explained(call: "Call", kind: str, name: str) -> "dict[str, Any]":
    """What the server says, or, where it has no such subresource, what can be read.  Raises: ``UsageFailure``."""
    found = _from_server(call, kind, name)
    if found is not None:
        return found
    from fairway.why.asking import caller
    from fairway.why.facts import Question

    flags, namespace = call.flags, call.session.namespace
    try:
        who = caller(getattr(flags, "from"), namespace)
    except ValueError as error:
        raise UsageFailure(f"--from: {error}") from error
    question = Question(kind, namespace, name, who, flags.port, flags.protocol.upper())
    return _from_reading(call.session.api, question)


def _from_server(call: "Call", kind: str, name: str) -> "dict[str, Any] | None":
    """The subresource ``why``; ``None`` where there is none, or no such object."""
    from fairway.why.places import PLACES

    flags, space = call.flags, f"namespaces/{call.session.namespace}"
    query = {"from": getattr(flags, "from"), "port": flags.port, "protocol": flags.protocol}
    if kind in PLACES:
        group, plural = PLACES[kind]
        path = f"/{f'apis/{group}' if group else 'api'}/v1/{space}/{plural}/{name}/why"
    else:
        path, query["address"] = f"/api/v1/{space}/why", name
    answer = call.session.api.request("GET", path, query)
    if answer.status in _NOT_SERVED:
        return None
    found: dict[str, Any] = answer.object()
    if answer.status == 200:
        return found if found.get("kind") == "Explanation" else None
    if answer.status == 400 and found.get("message", "").startswith(("from: ", "address: ")):
        raise UsageFailure(found["message"].removeprefix("address: ").replace("from: ", "--from: ", 1))
    from fairway.client.blocking import ApiError

    raise ApiError(found)


def _from_reading(api: "Api", question: "Question") -> "dict[str, Any]":
    """Look with get and list, on any cluster.  Raises: ``UsageFailure`` for an address that is none."""
    from fairway.why.answering import Known, answering, drive

    version = api.request("GET", "/version")
    is_ours = version.status == 200 and "fairway" in str(version.object().get("gitVersion"))
    known = Known(enforces_policies=False if is_ours else None)
    try:
        return drive(answering(question, known), lambda look: _seen(api, look)).object()
    except ValueError as error:
        raise UsageFailure(str(error)) from error


def _seen(api: "Api", look: "Look") -> "Seen":
    from fairway.why.answering import items_of, path_of, query_of
    from fairway.why.facts import Seen

    answer = api.request("GET", path_of(look), query_of(look))
    if answer.status == 200:
        return Seen(items_of(look, answer.object()))
    if answer.status in (404, 405):
        return Seen()  # no such object, or no such resource in this cluster
    if answer.status == 401:
        from fairway.client.blocking import ApiError

        raise ApiError(answer.object())
    try:
        told = answer.object().get("message") or ""
    except ValueError:
        told = ""
    return Seen(refused=told or f"status {answer.status}")


def _print(call: "Call", explanation: "dict[str, Any]", form: str) -> None:
    if form:
        from fairway.cli.printers.documents import json_text, yaml_text

        print(json_text(explanation) if form == "json" else yaml_text(explanation).rstrip("\n"))
        return
    from fairway.cli.printers.colour import painter
    from fairway.cli.printers.control_signs import harmless_in
    from fairway.why.text import lines

    space = f" -n {explanation['metadata'].get('namespace')}"
    is_own = explanation["metadata"].get("namespace") == call.session.access.namespace
    own = "kubectl " if _has_kubectl() else "fairway "
    for line in lines(harmless_in(explanation), painter(sys.stdout)):
        if line.lstrip().startswith("$ "):
            # What is copied runs in the context's namespace anyway; all these commands are fairway's as well.
            line = (line.replace(space, "") if is_own else line).replace("$ kubectl ", f"$ {own}")
        print(line)


def _has_kubectl() -> bool:
    return any(os.access(os.path.join(folder, "kubectl"), os.X_OK) for folder in os.get_exec_path())
