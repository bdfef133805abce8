"""Descriptions: byte for byte those of the newest kubectl, for objects in many states and all forms of arguments."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from canned_api import CLUSTER_SCOPED, CannedApi, CannedObjects, plural
from described_objects import ALL
from mutated_objects import mutated

from fairway.cli.describe import describe
from fairway.cli.describe.world import Refused
from fairway.objects import Object
from kubectls import minor, newest

NEWEST = 36
pytestmark = [
    pytest.mark.component,
    pytest.mark.skipif(not newest() or minor(newest()) < NEWEST, reason=f"the words are those of kubectl 1.{NEWEST}"),
]
EVENTS = ("--show-events=true",)
"""Asked for, they are shown for several objects, too."""
KINDS = sorted({(found["apiVersion"], found["kind"]) for found in ALL})


class CannedWorld(CannedObjects):
    """What a description may ask, from the same objects that kubectl is shown."""

    def get(self, path: str) -> Object:
        found = self.find(path)
        if len(found) != 1:
            collection, name = path.rsplit("/", 2)[1:]
            group = path.split("/")[2] if path.startswith("/apis") else ""
            raise Refused(f'{collection}{"." if group else ""}{group} "{name}" not found', 404)
        return found[0]

    def list(self, path: str, *, labels: str = "", fields: str = "") -> list[Object]:
        return self.find(path, labels, fields)


@pytest.fixture(scope="module")
def api() -> Iterator[CannedApi]:
    with CannedApi(ALL) as served:
        yield served


def run(program: list[str], api: CannedApi, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, *words, f"--server={api.url}"],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
    )


def kubectl(api: CannedApi, *words: str) -> subprocess.CompletedProcess[str]:
    return run([newest()], api, *words)


@pytest.mark.parametrize(("version", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_a_kind_is_described_as_by_kubectl(api: CannedApi, version: str, kind: str) -> None:
    group = version.rpartition("/")[0]
    scope = [] if kind in CLUSTER_SCOPED else ["--all-namespaces"]
    asked = kubectl(api, "describe", f"{plural(kind)}.{group}" if group else plural(kind), *scope, *EVENTS)
    assert asked.returncode == 0, asked.stderr
    found = [each for each in ALL if (each["apiVersion"], each["kind"]) == (version, kind)]
    shown = "\n\n".join(describe(each, CannedWorld(ALL), now_s=time.time()) for each in found)
    assert shown == asked.stdout


@pytest.mark.parametrize("kind", ["Endpoints", "EndpointSlice", "Ingress", "Node", "Pod", "Service"])
def test_what_is_left_of_an_object_is_described_as_by_kubectl(kind: str) -> None:
    chance = random.Random(kind)
    originals = [each for each in ALL if each["kind"] == kind]
    changed = [made for each in originals for made in mutated(each, chance, 60 // len(originals) + 1)]
    others = [each for each in ALL if each["kind"] != kind]
    group = changed[0]["apiVersion"].rpartition("/")[0]
    scope = [] if kind in CLUSTER_SCOPED else ["--all-namespaces"]
    with CannedApi([*others, *changed]) as api:
        asked = kubectl(api, "describe", f"{plural(kind)}.{group}" if group else plural(kind), *scope, *EVENTS)
    assert asked.returncode == 0, asked.stderr
    world = CannedWorld([*others, *changed])
    assert "\n\n".join(describe(each, world, now_s=time.time()) for each in changed) == asked.stdout


FORMS = [
    "describe",
    "describe services bare -n shop",
    "describe service/bare services/named -n shop",
    "describe services,endpoints bare -n shop",
    "describe services,pods -n shop --show-events=false",
    "describe pod kubia -n shop",
    "describe pod nowhere -n shop",
    "describe pod mirr -n shop",
    "describe pod mirr -n shop --show-events",
    "describe pods -A -l app=kubia",
    "describe pods -n empty",
    "describe pods -A -l x=nobody",
    "describe pod mirrored done nobody nobody2 -n shop",
    "describe service/bare pod/nobody -n shop",
    "describe services,deployments bare -n shop",
    "describe services bare -n missing",
    "describe services bare -A",
    "describe service/bare/x -n shop",
    "describe gateways -n shop --chunk-size=1",
    "describe namespace shop -n other",
    "describe nodes --show-events=0",
    "describe foo bar",
    "describe -f pod.json",
    "describe -f missing.json",
    "describe -f pod.json pods",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_arguments_means_what_it_means_to_kubectl(
    api: CannedApi, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pod.json").write_text(
        '{"apiVersion": "v1", "kind": "List", "items": ['
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gone", "namespace": "shop"}},'
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare", "namespace": "shop"}},'
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nobody", "namespace": "shop"}}]}'
    )
    theirs, ours = kubectl(api, *form.split()), run([sys.executable, "-m", "fairway"], api, *form.split())
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert ours.stderr == theirs.stderr.replace("kubectl", "fairway")


def test_text_that_steers_a_terminal_is_shown_and_not_sent(api: CannedApi) -> None:
    shown = run([sys.executable, "-m", "fairway"], api, "describe", "services", "named", "-n", "shop").stdout
    assert "\x1b" not in shown and "^[[31mred" in shown
