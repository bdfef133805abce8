"""Answering: the whole way from a question to its answer, whatever it is about.

Shape: ``answering(question)`` is a generator of looks (``facts.Looking``) that returns an ``Answer``; whoever drives it
sends what was seen.  ``drive`` does that where looking needs no waiting.
"""

from collections.abc import Callable, Sequence

from fairway.objects import Object
from fairway.why.answer import Answer
from fairway.why.facts import DOMAIN, Facts, Look, Looking, Question, Seen, T


class Known:
    """What the one who asks knows of the cluster beforehand; ``None``: nothing."""

    def __init__(self, domain: str = DOMAIN, enforces_policies: bool | None = None) -> None:
        self.domain, self.enforces_policies = domain, enforces_policies

    def facts(self, question: Question) -> Facts:
        """An empty book for one Service."""
        facts = Facts(question)
        facts.domain, facts.enforces_policies = self.domain, self.enforces_policies
        return facts


def answering(question: Question, known: Known) -> Looking[Answer]:
    """The answer.  Modules are imported as they are needed: the command line pays for each."""
    if question.kind == "Service":
        return (yield from about_service(question, known))
    if question.kind == "Ingress":
        from fairway.why.ingresses import about_ingress

        return (yield from about_ingress(question, known))
    if question.kind == "URL":
        from fairway.why.locations import about_location

        return (yield from about_location(question, known))
    from fairway.why.backwards import about_pods_of

    return (yield from about_pods_of(question, known))


def about_service(question: Question, known: Known) -> Looking[Answer]:
    """One Service."""
    from fairway.why import gather, service

    facts = known.facts(question)
    yield from gather.about_service(facts)
    return service.explain(facts)


def drive(steps: Looking[T], see: Callable[[Look], Seen]) -> T:
    """Look step by step, and give the result."""
    try:
        asked: Sequence[Look] = next(steps)
        while True:
            asked = steps.send([see(each) for each in asked])
    except StopIteration as end:
        result: T = end.value
        return result


def path_of(look: Look) -> str:
    """Where the API has it."""
    root = f"/apis/{look.group}/{look.version}" if look.group else f"/api/{look.version}"
    space = f"/namespaces/{look.namespace}" if look.namespace else ""
    tail = "".join(f"/{part}" for part in (look.name, look.subresource) if part)
    return f"{root}{space}/{look.plural}{tail}"


def query_of(look: Look) -> dict[str, str]:
    """What goes with it."""
    found = {"labelSelector": look.labels, "fieldSelector": look.fields, "limit": str(look.limit or "")}
    return {name: value for name, value in found.items() if value}


def items_of(look: Look, body: Object) -> Sequence[Object]:
    """The objects in the API's answer."""
    return (body,) if look.name else body.get("items") or ()
