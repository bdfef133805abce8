"""Descriptions: byte for byte those of kubectl 1.32, for objects in many states."""

import subprocess
import time
from collections.abc import Iterator

import pytest
from canned_api import CLUSTER_SCOPED, CannedApi, CannedObjects, plural
from described_objects import ALL

from fairway.cli.describe import describe
from fairway.cli.describe.world import Refused
from fairway.objects import Object

pytestmark = pytest.mark.component
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


def kubectl(api: CannedApi, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["kubectl", f"--server={api.url}", *words], capture_output=True, text=True, timeout=30,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
    )  # fmt: skip


@pytest.mark.parametrize(("version", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_a_kind_is_described_as_by_kubectl(api: CannedApi, version: str, kind: str) -> None:
    group = version.rpartition("/")[0]
    scope = [] if kind in CLUSTER_SCOPED else ["--all-namespaces"]
    asked = kubectl(api, "describe", f"{plural(kind)}.{group}" if group else plural(kind), *scope)
    assert asked.returncode == 0, asked.stderr
    found = [each for each in ALL if (each["apiVersion"], each["kind"]) == (version, kind)]
    shown = "\n\n".join(describe(each, CannedWorld(ALL), now_s=time.time()) for each in found)
    assert shown == asked.stdout
