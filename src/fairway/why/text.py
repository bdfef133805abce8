"""Text: an Explanation as people read it: the verdict, causes with their cures, a line for each pod.

Rules for those who change it: no imports, since the command line pays for them.
Shape: ``lines(explanation)``; it takes the typed object, so that an answer of any server is shown alike.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from fairway.objects import Object

    Paint = Callable[[str, str], str]

_MARKS = {"Error": "✗", "Warning": "!", "Note": "·"}
_TINTS = {"Error": "31", "Warning": "33", "Note": "2", "Works": "32", "Doubtful": "33", "Fails": "31"}
_MOST_PODS = 16


def _plain(text: str, _: str) -> str:
    return text


def lines(explanation: "Object", paint: "Paint" = _plain) -> "Iterator[str]":
    """The whole answer."""
    status = explanation["status"]
    pods, causes = status.get("pods") or (), status.get("causes") or ()
    told = {f"pod/{pod.get('pod')}: {pod['text']}" for pod in pods if pod["state"] == "Out"}
    yield paint(status["summary"], _TINTS[status["verdict"]])
    for cause in causes:
        if cause["message"] not in told:
            yield from _cause(cause, paint)
    cures = {cause["message"]: cause for cause in causes if cause["message"] in told}
    yield from _pods(pods, cures, paint)
    yield from (f"  {path}" for path in status.get("paths") or ())
    yield from (f"  ? {each}" for each in status.get("unseen") or ())


def _cause(cause: "Object", paint: "Paint") -> "Iterator[str]":
    severity = cause["severity"]
    where = f"{cause['field']}: " if cause.get("field") else ""
    yield f"  {paint(_MARKS[severity], _TINTS[severity])} {where}{cause['message']}"
    yield from _cure(cause)


def _cure(cause: "Object") -> "Iterator[str]":
    if cause.get("cure"):
        yield f"    {'cure' if cause['cure'].startswith('let ') else 'did you mean'}  {cause['cure']}"
    yield from (f"    $ {command}" for command in cause.get("commands") or ())


def _pods(pods: "Sequence[Object]", cures: "Mapping[str, Object]", paint: "Paint") -> "Iterator[str]":
    """One line a pod; of very many the first of each state.  What cures a pod stands below it."""
    for state, mark, tint in (("Serving", "✓", "Works"), ("Draining", "…", "Warning"), ("Out", "✗", "Error")):
        found = [pod for pod in pods if pod["state"] == state]
        for pod in found[:_MOST_PODS]:
            who = f"pod/{pod['pod']}" if pod.get("pod") else pod.get("address", "")
            at = f" at {pod['address']}" if pod.get("pod") and pod.get("address") and state == "Serving" else ""
            yield f"  {paint(mark, _TINTS[tint])} {who}: {pod['text']}{at}"
            yield from _cure(cures.get(f"{who}: {pod['text']}", {}))
        if len(found) > _MOST_PODS:
            yield f"  {mark} and {len(found) - _MOST_PODS} more"
