"""fairway proxy beside kubectl proxy: the same questions, the same answers; exec and watches pass through it."""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import kubectls

from .conftest import Cluster

FAIRWAY = str(Path(sys.executable).with_name("fairway"))


@contextmanager
def serving(world: Cluster, program: str, *words: str) -> Iterator[str]:
    """The URL of a running proxy."""
    process = subprocess.Popen(
        [program, "proxy", "--port=0", *words], env=world.environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.match(r"Starting to serve on (127\.0\.0\.1:\d+)$", line.rstrip())
        assert found, line
        yield f"http://{found[1]}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        process.stdout.close()


def answer(url: str, *, host: str = "localhost", method: str = "GET") -> tuple[int, str, str]:
    request = urllib.request.Request(url, headers={"Host": host}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return got.status, got.headers.get("Content-Type", ""), got.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Content-Type", ""), error.read().decode()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "index.html").write_text("<p>hello</p>")
    (tmp_path / "plain").write_text("text")
    (tmp_path / "page.css").write_text("p {}")
    return tmp_path


@pytest.mark.parametrize("prefix", ["/", "/custom/"])
def test_it_answers_as_kubectls(cluster: Cluster, site: Path, prefix: str) -> None:
    words = (f"--www={site}", "--www-prefix=/site", f"--api-prefix={prefix}", "--reject-methods=^DELETE$")
    program = next((path for path in kubectls.found() if path.endswith("1.32")), kubectls.found()[-1])
    asked = [
        ("/api/v1/namespaces/default/services/kubernetes", "localhost", "GET"),
        ("custom/api/v1/namespaces/default", "localhost", "GET"), ("api/v1/nope", "localhost", "GET"),
        ("api/v1/namespaces/default/pods/x/exec", "localhost", "GET"), ("version", "evil.example", "GET"),
        ("api/v1/namespaces/default/configmaps/x", "localhost", "DELETE"), ("site/", "localhost", "GET"),
        ("site/plain", "localhost", "GET"), ("site/page.css", "localhost", "GET"), ("site/none", "localhost", "GET"),
        ("site/inner/", "localhost", "GET"), ("site/../../etc/passwd", "localhost", "GET"),
    ]  # fmt: skip
    with serving(cluster, program, *words) as theirs, serving(cluster, FAIRWAY, *words) as ours:
        for path, host, method in asked:
            both = [answer(f"{url}/{path.lstrip('/')}", host=host, method=method) for url in (theirs, ours)]
            assert both[0] == both[1], path


def test_exec_and_watches_pass_and_the_users_rights_are_lent(cluster: Cluster, namespace: str) -> None:
    with serving(cluster, FAIRWAY, "--reject-paths=^$") as url:
        plain = ["--kubeconfig=/dev/null", f"--server={url}", "-n", namespace]
        cluster.kubectl("run", "one", "--image=luksa/kubia", "--image-pull-policy=IfNotPresent", *plain)
        cluster.kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=30s", *plain)
        assert cluster.kubectl("exec", "one", *plain, "--", "echo", "through") == "through\n"
    refused = subprocess.run(
        [FAIRWAY, "proxy", "--unix-socket=/nowhere/at/all", "--port=1"],
        env=cluster.environment, capture_output=True, text=True,
    )  # fmt: skip
    assert (refused.returncode, refused.stderr) == (
        1, "error: cannot set --unix-socket and --port at the same time\n",
    )  # fmt: skip
