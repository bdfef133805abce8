"""Laws of `why`: it answers whatever objects lack, and says the same of the same."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.why.answering import Known, answering, drive
from fairway.why.facts import Look, Question, Seen
from fairway.why.nearness import distance
from fairway.why.text import lines
from pure.why_cases import World, deployment, event, made, node, pod, policy, service, slice_of

REQUIRED = {
    "name", "namespace", "metadata", "spec", "kind", "port", "containerPort", "conditionType", "backend", "ip", "type",
    "address", "service", "externalName",
}  # fmt: skip
"""What no API server leaves out, or what the test itself looks things up by."""


def every_kind() -> list[dict[str, Any]]:
    ready, broken, leaving = pod(), pod("kubia-2", ready=False, ip="10.244.0.6"), pod("kubia-3", ip="10.244.0.7")
    broken["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"port": 9090, "path": "/"}}
    broken["spec"]["readinessGates"] = [{"conditionType": "example.com/gate"}]
    broken["status"]["containerStatuses"][0] |= {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "x"}}}
    leaving["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30}
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "kubia", "port": {"number": 80}}}}]
    rule = {"from": [{"podSelector": {"matchLabels": {"run": "client"}}}], "ports": [{"port": "http"}]}
    return [
        service(externalTrafficPolicy="Local", internalTrafficPolicy="Local", type="LoadBalancer"),
        ready, broken, leaving, slice_of(ready, broken), deployment(own={"app": "kubia"}), node("a", zone="z"),
        event("kubia-2", "Unhealthy", "Readiness probe failed: x"),
        policy("p", {}, policyTypes=["Ingress"], ingress=[rule]),
        made("Ingress", "kubia", spec={"rules": [{"host": "a.example", "http": {"paths": paths}}]}, status={}),
        made("Namespace", "default"), pod("client", labels={"run": "client"}, ip="10.244.0.9"),
    ]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all that may be missing."""
    found: list[tuple[Any, ...]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += [(*path, key)] * (isinstance(value, dict) and key not in REQUIRED) + places(inner, (*path, key))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    things = every_kind()
    for _ in range(draw(st.integers(0, 6))):
        thing = draw(st.sampled_from(things))
        if not (found := places(thing)):
            continue
        *path, last = draw(st.sampled_from(found))
        for key in path:
            thing = thing[key]
        if draw(st.booleans()) or path[-1:] in (["labels"], ["selector"], ["matchLabels"]):  # null is "" there
            del thing[last]
        else:
            thing[last] = None
    kept = [each for each in things if draw(st.integers(0, 9)) or each["kind"] == "Service"]
    sockets = {"kubia-1": [("TCP", "127.0.0.1", 8080)]} if draw(st.booleans()) else {}
    forbidden = draw(st.lists(st.sampled_from(["pods", "events", "nodes", "endpointslices", "services"]), max_size=2))
    return World(*kept, sockets=sockets, forbidden=forbidden)


QUESTIONS = [
    ("Service", "kubia"), ("Pod", "kubia-1"), ("Pod", "kubia-2"), ("Deployment", "kubia"), ("Ingress", "kubia"),
    ("URL", "http://kubia:8080"), ("URL", "http://10.96.0.9"), ("URL", "http://a.example/x"), ("URL", "http://192.0.2.1:1"),
]  # fmt: skip


@settings(max_examples=300)
@given(worlds(), st.sampled_from(QUESTIONS), st.sampled_from(["", "pod/client", "node/a", "outside", "203.0.113.5"]))
def test_there_is_an_answer_whatever_is_missing(world: World, asked: tuple[str, str], who: str) -> None:
    before = copy.deepcopy(world.things)
    kind, name = asked
    found = world.why(kind, name, who=who, port="80" if who else "").object()
    assert found["status"]["verdict"] in ("Works", "Doubtful", "Fails")
    text = list(lines(found))
    assert text[0] == found["status"]["summary"]
    assert not text[0].endswith((": ", ":")), text[0]
    assert world.things == before, "what was seen is never changed"
    assert world.why(kind, name, who=who, port="80" if who else "").object() == found


def test_nothing_at_all_may_be_looked_at() -> None:
    for kind, name in QUESTIONS:
        question = Question(kind, "default", name)

        def refused(look: Look) -> Seen:
            return Seen(refused="forbidden")

        answer = drive(answering(question, Known()), refused)
        assert (answer.verdict, bool(answer.unseen)) == ("Doubtful", True), (kind, name)


@given(st.text("abc-", max_size=6), st.text("abc-", max_size=6), st.text("abc-", max_size=6))
def test_a_distance_is_one(one: str, other: str, third: str) -> None:
    far = 20
    assert (distance(one, other, far) == 0) == (one == other)
    assert distance(one, other, far) == distance(other, one, far)
    assert distance(one, other, far) <= max(len(one), len(other))
