"""Own: the schemas of what Fairway serves beside Kubernetes' kinds."""

from fairway.objects import Object

_TEXT: Object = {"type": "string"}
_TEXTS: Object = {"type": "array", "items": _TEXT}


def _object(description: str, /, **properties: Object) -> Object:
    return {"type": "object", "description": description, "properties": properties}


def _text(description: str) -> Object:
    return {**_TEXT, "description": description}


def _list(description: str, items: Object) -> Object:
    return {"type": "array", "description": description, "items": items}


_METADATA = _object("What it is about.", name=_TEXT, namespace=_TEXT)
_CAUSE = _object(
    "One reason.",
    reason=_text("One word in CamelCase, for programs."),
    severity=_text("Error: new connections fail; Warning: some do, or they probably do; Note: good to know."),
    message=_text("The reason in a sentence."),
    object=_text("What is wrong, as type/name."),
    field=_text("The path of the field that is wrong."),
    cure=_text("What was probably meant."),
    commands={**_TEXTS, "description": "Commands that cure it, or lead further."},
)
_POD = _object(
    "One pod or endpoint.",
    pod=_text("The name of the pod; empty for an endpoint that is none."),
    state=_text("Serving: new connections go there; Draining: only since nothing else serves; Out: none do."),
    text=_text("Why."),
    reason=_text("The same in one word, for one that is out."),
    address=_TEXT,
    node=_TEXT,
)
_STATUS = _object(
    "The answer.",
    verdict=_text("Works, Doubtful or Fails."),
    summary=_text("The answer in one line."),
    causes=_list("Why it is so, the likeliest first.", _CAUSE),
    pods=_list("Every pod that the Service selects.", _POD),
    paths={**_TEXTS, "description": "Where each port or route leads."},
    unseen={**_TEXTS, "description": "What could not be looked at, and why."},
)
_SOCKET = _object(
    "One socket.", protocol=_text("TCP or UDP."), address=_TEXT, port={"type": "integer", "format": "int32"}
)
_OWN: dict[str, Object] = {
    "Explanation": _object(
        "Explanation says whether something works, and why not.",
        apiVersion=_TEXT,
        kind=_TEXT,
        metadata=_METADATA,
        spec=_object("What was asked.", **{"kind": _TEXT, "from": _TEXT}),
        status=_STATUS,
    ),
    "PodSockets": _object(
        "PodSockets is what listens inside a pod.",
        apiVersion=_TEXT,
        kind=_TEXT,
        metadata=_METADATA,
        sockets=_list("Every socket that takes connections or datagrams.", _SOCKET),
    ),
}


def described(kind: str) -> Object:
    """The schema of one of our own kinds; empty for a stranger."""
    return _OWN.get(kind, {})
