"""fairway events: to the letter as kubectl events, however many have happened in the same second."""

import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
from canned_api import CannedApi
from described_objects import EVENTS, SERVICES, WORKLOADS, ago, event, make

from fairway.objects import Object

pytestmark = pytest.mark.component
SIZES = (12, 13, 49, 50, 120, 700)


def _crowd(size: int, distinct: int, *, is_rising: bool = False, is_falling: bool = False) -> list[Object]:
    chance = random.Random(size * distinct)
    ages = [chance.randrange(distinct) for _ in range(size)]
    if is_rising or is_falling:
        ages.sort(reverse=is_rising)
    trend = "rising" if is_rising else "falling" if is_falling else "any"
    namespace = f"crowd-{size}-{distinct}-{trend}"
    about = make("Pod", "p", namespace=namespace)
    return [
        event(f"e{number}", about, f"R{number}", "m", firstTimestamp=ago(days), lastTimestamp=ago(days))
        for number, days in enumerate(ages)
    ]


CROWDS = [
    *(_crowd(size, distinct) for size in SIZES for distinct in (1, 2, 7, 1000)),
    *(_crowd(size, 5, is_rising=True) for size in SIZES),
    *(_crowd(size, 400, is_falling=True) for size in SIZES),
]
STEERING = event(
    "red", make("Pod", "p", namespace="steering"), "R\x1b[1m", "a \x1b[31mred\rline", firstTimestamp=ago(1)
)
CROWDED = [each[0]["metadata"]["namespace"] for each in CROWDS]


@pytest.fixture(scope="module")
def api() -> Iterator[CannedApi]:
    with CannedApi([*SERVICES, *WORKLOADS, *EVENTS, STEERING, *(one for crowd in CROWDS for one in crowd)]) as served:
        yield served


def compare(api: CannedApi, *words: str) -> None:
    theirs, ours = (
        subprocess.run(
            [*program, "events", *words, f"--server={api.url}"],
            capture_output=True,
            text=True,
            timeout=30,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
        )
        for program in (["kubectl"], [sys.executable, "-m", "fairway"])
    )
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert ours.stderr == theirs.stderr.replace("kubectl", "fairway")


@pytest.mark.parametrize(
    "form",
    [
        "-n shop",
        "-A --types=Warning",
        "-n shop --types=normal,WARNING",
        "-n shop --types=loud",
        "-n shop --for service/bare",
        "-n shop --for deployments.apps/web",
        "-n shop --for service",
        "-n shop --for service/bare/x",
        "-n shop --for /bare",
        "-n shop --for unheard/of",
        "-n shop --for service/nobody",
        "-n empty",
        "-A --for service/nobody",
        "-n shop --no-headers",
        "-n shop -o name",
        "-n shop -o json",
        "-n shop -o yaml",
        "-n empty -o json",
        "-n shop -o wide",
        "-n shop --chunk-size=2",
    ],
)
def test_a_form_of_arguments_means_what_it_means_to_kubectl(api: CannedApi, form: str) -> None:
    compare(api, *form.split())


def test_all_events_are_in_the_order_of_kubectl(api: CannedApi) -> None:
    compare(api, "-A", "--no-headers")


def test_no_message_steers_the_terminal(api: CannedApi) -> None:
    compare(api, "-n", "steering")


@pytest.mark.parametrize("namespace", CROWDED)
def test_a_crowd_is_in_the_order_of_kubectl(api: CannedApi, namespace: str) -> None:
    compare(api, "-n", namespace, "--no-headers")
