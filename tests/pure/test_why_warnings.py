"""Warnings at a write: slips are told, and normal orders of work stay silent."""

from typing import Any

import pytest

from fairway.why import nearness
from fairway.why.warnings import of_carrier, of_loss, of_service
from pure.why_cases import Thing, deployment, pod, service


def told(new: Thing, *carriers: Thing, others: tuple[Thing, ...] = ()) -> list[str]:
    return list(of_service(new, carriers, others))


SLIP = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}]


def test_a_port_that_nothing_declares() -> None:
    (text,) = told(service(ports=SLIP), pod())
    assert text.startswith("spec.ports[0].targetPort: port 80 goes to 80 on the pods")
    assert text.endswith("did you mean `targetPort: http`?")
    assert told(service(ports=SLIP), deployment()) == [text]
    assert told(service(), pod()) == []
    assert told(service(ports=SLIP), pod(ports=[])) == []


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ({"app": "kubbia"}, {"app": "kubia"}),
        ({"app": "Kubia"}, {"app": "kubia"}),
        ({"ap": "kubia"}, {"app": "kubia"}),
        ({"app": "front-end"}, {"app": "frontend"}),
        ({"app": "fontend", "tier": "web"}, {"app": "frontend", "tier": "web"}),
    ],
)
def test_a_selector_that_misses_by_a_slip(selector: Any, labels: Any) -> None:
    (text,) = told(service(selector=selector), pod(labels=labels))
    assert text.startswith("spec.selector: 1 pod has app=")
    assert text.endswith(f"did you mean `app: {labels['app']}`?")
    assert len(text) <= 200


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ({"app": "web"}, {"app": "api"}),
        ({"app": "web-2"}, {"app": "web-1"}),
        ({"app": "shard-a"}, {"app": "shard-b"}),
        ({"app": "api-v2"}, {"app": "api-v1"}),
        ({"app": "db"}, {"app": "dc"}),
        ({"app": "shop", "tier": "db"}, {"app": "shop", "tier": "web"}),
        ({"app": "shop", "color": "green"}, {"app": "shop", "color": "blue"}),
        ({"app": "backend"}, {"app": "frontend"}),
        ({"app": "kubia", "tier": "web"}, {"app": "kubia"}),
    ],
)
def test_what_may_be_meant_stays_silent(selector: Any, labels: Any) -> None:
    assert told(service(selector=selector), pod(labels=labels)) == []


def test_pods_speak_for_their_workload_once_they_are_there() -> None:
    new = service(selector={"app": "kubbia"})
    end = "has app=kubia; the selector says app=kubbia; did you mean `app: kubia`?"
    assert told(new, deployment()) == [f"spec.selector: the template of deploy/kubia {end}"]
    assert told(new, deployment(), pod()) == [f"spec.selector: 1 pod {end}"]
    (three,) = told(new, *(pod(f"kubia-{number}") for number in range(3)), deployment())
    assert three.startswith("spec.selector: 3 pods have app=kubia; the selector says app=kubbia; ")


def test_a_service_before_its_pods_stays_silent() -> None:
    assert told(service()) == []
    assert list(of_carrier(deployment(), [service()], [service()])) == []


def test_pods_that_another_service_has_are_no_slip_of_this_one() -> None:
    new = service("kubbia", selector={"app": "kubbia"})
    assert told(new, pod(), others=(service(),)) == []


def test_a_label_that_stands_on_the_deployment_only() -> None:
    (text,) = told(service(), deployment("shop", own={"app": "kubia"}, labels={"run": "shop"}))
    assert text == "spec.selector: deploy/shop has app=kubia itself, but not in its pod template: no pod will have it"


def test_pods_that_come_after_their_service() -> None:
    early = service(ports=SLIP)
    (text,) = of_carrier(deployment(), [early], [early])
    assert text.startswith("svc/kubia: spec.ports[0].targetPort: port 80 goes to 80")
    slip = service(selector={"app": "kubbia"})
    (text,) = of_carrier(deployment(), [slip], [slip])
    assert text == "svc/kubia selects app=kubbia, which nothing has; here is app=kubia: is that a slip?"
    assert list(of_carrier(deployment(), [slip], [])) == [], "it selects others"
    assert list(of_carrier(deployment(), [slip, service("right")], [slip])) == [], "they have a Service of their own"


def test_the_last_pods_of_a_service_that_get_other_labels() -> None:
    old, new = deployment(labels={"app": "kubia", "tier": "web"}), deployment(labels={"app": "kubia"})
    wants = service(selector={"app": "kubia", "tier": "web"})
    (text,) = of_loss(new, old, [wants], [])
    assert text == "svc/kubia will select no pod any longer: it wants tier=web"
    assert list(of_loss(new, old, [wants], [pod(labels={"app": "kubia", "tier": "web"})])) == []
    assert list(of_loss(new, old, [service()], [])) == []


def test_long_texts_are_cut() -> None:
    many = [{"name": f"port-{n}", "containerPort": 9000 + n} for n in range(30)]
    (text,) = told(service(ports=SLIP), pod(ports=many))
    assert len(text) <= 200


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("kubia", "kubbia", 1),
        ("kubia", "kubai", 1),
        ("kubia", "kubi", 1),
        ("kubia", "cubia", 1),
        ("kubia", "", 4),
        ("", "", 0),
        ("abc", "abc", 0),
        ("ca", "abc", 3),
    ],
)
def test_distances(one: str, other: str, expected: int) -> None:
    assert nearness.distance(one, other) == expected
    assert nearness.distance(other, one) == expected


def test_the_nearest_of_several() -> None:
    assert nearness.nearest("kubai", ["kubia", "other", "k"]) == "kubia"
    assert nearness.nearest("web", ["api", "db"]) == ""
