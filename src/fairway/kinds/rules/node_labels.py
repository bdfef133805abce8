"""Labels of nodes that have newer names, wherever nodes are selected.

Source: Kubernetes docs, "Well-Known Labels, Annotations and Taints".
"""

from collections.abc import Iterator

from fairway.objects import Object, names

_NEWER = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}


def successor(key: str) -> str:
    """What to say of an old label; empty for any other."""
    since, newer = _NEWER.get(key, ("", ""))
    return f'deprecated since {since}; use "{newer}" instead' if since else ""


def term_hints(path: str, term: Object, *, is_lenient: bool) -> Iterator[str]:
    """Old labels; values that no label can have, where they are let pass."""
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        here, key = f"{path}.matchExpressions[{index}]", requirement.get("key") or ""
        if text := successor(key):
            yield f"{here}.key: {key} is {text}"
        for place, value in enumerate(requirement.get("values") or () if is_lenient else ()):
            for message in names.label_value(value):
                yield f"{here}.values[{place}]: {value} is invalid, {message}"


def selector_hints(path: str, selector: Object | None) -> Iterator[str]:
    """Old labels in a label selector of nodes."""
    yield from term_hints(path, selector or {}, is_lenient=False)
    for key in (selector or {}).get("matchLabels") or ():
        if text := successor(key):
            yield f"{path}.matchLabels.{key}: {text}"


def required_hints(path: str, selector: Object | None) -> Iterator[str]:
    """Old labels in the terms that a node has to meet."""
    for index, term in enumerate((selector or {}).get("nodeSelectorTerms") or ()):
        yield from term_hints(f"{path}.nodeSelectorTerms[{index}]", term, is_lenient=False)
