"""Specs of sig-cli that rows of one command each cannot say: what takes pods, many clients, or an environment.

Each test says which spec of 1.36 it asks for; the newest kubectl is asked.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kubectls import minor, newest

from ..conftest import Cluster

NEWEST = 36
pytestmark = pytest.mark.skipif(not newest() or minor(newest()) < NEWEST, reason=f"kubectl 1.{NEWEST} is asked for")
TWO_AND_TWO = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: two, labels: {name: two}}
spec:
  replicas: 2
  selector: {matchLabels: {name: two}}
  template:
    metadata:
      labels: {name: two}
      annotations: {kubectl.kubernetes.io/default-container: container-2, note: kept}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: container-1, image: luksa/kubia, imagePullPolicy: IfNotPresent, command: [sh, -c, "seq 3; sleep 1000"]}
      - {name: container-2, image: luksa/kubia, imagePullPolicy: IfNotPresent, command: [sh, -c, "seq 4; sleep 1000"]}
"""
PROFILE = """
securityContext: {capabilities: {add: [NET_ADMIN]}}
imagePullPolicy: IfNotPresent
env: [{name: REQUIRED_ENV_VAR, value: value2}]
"""
PREFERENCES = """
apiVersion: kubectl.config.k8s.io/v1beta1
kind: Preference
aliases:
- {name: getn, command: get, prependArgs: [namespace], options: [{name: output, default: json}]}
defaults:
- command: apply
  options: [{name: server-side, default: "true"}, {name: dry-run, default: server}, {name: validate, default: strict}]
- {command: delete, options: [{name: interactive, default: "true"}]}
"""


class Typist:
    """Types at kubectl in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster, self.namespace = cluster, namespace

    def run(self, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [newest(), words[0], "-n", self.namespace, *words[1:]], env={**self._cluster.environment, **environment},
            input=given, capture_output=True, text=True, timeout=90,
        )  # fmt: skip

    def __call__(self, *words: str, given: str = "", **environment: str) -> str:
        done = self.run(*words, given=given, **environment)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def types(cluster: Cluster, namespace: str) -> Typist:
    return Typist(cluster, namespace)


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[Typist]:
    """A namespace with a Deployment of two pods, each with two containers, for all that changes nothing of it."""
    name = "cli-specs"
    cluster.kubectl("create", "namespace", name)
    typist = Typist(cluster, name)
    typist("apply", "-f", "-", given=TWO_AND_TWO)
    typist("rollout", "status", "deploy/two", "--timeout=60s")
    yield typist
    cluster.run("delete", "namespace", name, "--wait=false")


def test_logs_come_from_the_default_container_and_from_all_pods(pods: Typist) -> None:
    """Kubectl logs: default container logs; all pod logs (both specs)."""
    assert pods("logs", "deploy/two", "-c", "container-1") == "1\n2\n3\n"
    assert pods("logs", "deploy/two") == "1\n2\n3\n4\n"
    names = pods("get", "pods", "-l", "name=two", "-o", "jsonpath={.items[*].metadata.name}").split()
    told = pods("logs", "deploy/two", "--all-pods").splitlines()
    assert sorted(told) == sorted(f"[pod/{name}/container-2] {n}" for name in names for n in range(1, 5))
    told = pods("logs", "deploy/two", "--all-pods", "--all-containers").splitlines()
    assert len(told) == 14
    assert {line.partition(" ")[0] for line in told} == {
        f"[pod/{name}/container-{n}]" for name in names for n in (1, 2)
    }


def test_many_commands_run_in_a_container_at_the_same_time(pods: Typist) -> None:
    """Kubectl exec: should be able to execute 1000 times in a container (here fewer, by as many workers)."""
    name = pods("get", "pods", "-l", "name=two", "-o", "jsonpath={.items[0].metadata.name}")
    with ThreadPoolExecutor(10) as workers:
        answers = list(workers.map(lambda n: pods("exec", name, "-c", "container-1", "--", "echo", str(n)), range(50)))
    assert answers == [f"{n}\n" for n in range(50)]


def test_a_profile_of_ones_own_is_put_on_top_of_a_static_one(pods: Typist, tmp_path: Path) -> None:
    """kubectl debug: custom profile should be applied on static profiles on ephemeral container, and while copying."""
    profile = tmp_path / "custom.yaml"
    profile.write_text(PROFILE)
    pods("run", "target", "--image=luksa/kubia", "--image-pull-policy=IfNotPresent")
    pods("wait", "pod/target", "--for=condition=Ready", "--timeout=30s")
    debug = ("debug", "target", "--image=luksa/kubia", "--profile=general", f"--custom={profile}")
    command = ("--", "sh", "-c", "sleep 3600")
    pods(*debug, "--container=debugger", *command)
    pods(*debug, "--container=debugger", "--copy-to=copied", *command)
    running = "{.status.ephemeralContainerStatuses[0].state.running.startedAt}"
    pods("wait", "pod/target", f"--for=jsonpath={running}", "--timeout=30s")
    pods("wait", "pod/copied", "--for=condition=Ready", "--timeout=30s")
    for found in (
        pods("get", "pod", "target", "-o", "jsonpath={.spec.ephemeralContainers[*]}"),
        pods("get", "pod", "copied", "-o", "jsonpath={.spec.containers[*]}"),
    ):
        assert ("NET_ADMIN" in found, "SYS_PTRACE" in found, "REQUIRED_ENV_VAR" in found) == (True, False, True)
    assert "REQUIRED_ENV_VAR=value2" in pods("exec", "target", "-c", "debugger", "--", "env")
    pods("delete", "pod", "target", "copied", "--now", "--wait=false")


def test_commands_run_through_the_proxy_of_kubectl(pods: Typist, cluster: Cluster) -> None:
    """Kubectl client: Simple pod should support exec through kubectl proxy."""
    words = [newest(), "proxy", "--port=0", "--disable-filter=true"]
    with subprocess.Popen(words, env=cluster.environment, stdout=subprocess.PIPE, text=True) as proxy:
        try:
            assert proxy.stdout is not None
            port = re.findall(r"127\.0\.0\.1:(\d+)", proxy.stdout.readline())[0]
            server = f"--server=http://127.0.0.1:{port}"
            assert pods("exec", server, "deploy/two", "--", "echo", "running", "in", "container").split() == [
                "running", "in", "container",
            ]  # fmt: skip
        finally:
            proxy.kill()


def test_the_end_of_a_container_that_is_run_is_the_end_of_the_command(types: Typist) -> None:
    """Kubectl client: Simple pod should return command exit codes."""
    run = ("run", "-i", "--image=luksa/kubia", "--image-pull-policy=IfNotPresent", "--restart=Never", "--command")
    assert types(*run, "--rm", "well", "--", "sh", "-c", "cat; exit 0", given="abcd1234").startswith("abcd1234")
    failed = types.run(*run, "--rm", "failing", "--", "sh", "-c", "cat && exit 42", given="abcd1234")
    assert (failed.returncode, failed.stdout.startswith("abcd1234")) == (42, True)
    assert types.run("get", "pod", "failing").returncode == 1
    assert types.run(*run, "alone", "--", "sh", "-c", "exit 42").returncode == 42
    assert types.run(*run, "--leave-stdin-open", "open", "--", "sh", "-c", "exit 42").returncode == 0


def test_what_is_undone_is_as_it_was_and_what_was_applied_is_known(types: Typist) -> None:
    """Kubectl rollout: undo should rollback and update deployment env.  Kubectl apply: apply set/view last-applied."""
    types("apply", "-f", "-", given=TWO_AND_TWO)
    template = types("get", "deploy", "two", "-o", "jsonpath={.spec.template}")
    types("set", "env", "deploy/two", "foo=bar")
    assert '"foo"' in types("get", "deploy", "two", "-o", "jsonpath={.spec.template}")
    types("rollout", "undo", "deploy/two")
    assert types("get", "deploy", "two", "-o", "jsonpath={.spec.template}") == template

    view = ("apply", "view-last-applied", "deploy/two", "-o", "json")
    assert '"replicas": 2' in types(*view)
    without = TWO_AND_TWO.replace("  replicas: 2\n", "")
    types("apply", "set-last-applied", "-f", "-", given=without)
    assert '"replicas"' not in types(*view)
    types("scale", "deploy", "two", "--replicas=3")
    types("apply", "-f", "-", given=without.replace("seq 3", "seq 5"))
    shown = types("get", "deploy", "two", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].command}")
    assert shown == '3 ["sh","-c","seq 5; sleep 1000"]'

    asked = types("delete", "--interactive", "deployment", "two", given="n")
    assert all(part in asked for part in ("following 1 resource(s)", "deployment.apps/two", "deletion is cancelled"))
    types("get", "deploy", "two")
    types("delete", "--interactive", "deployment", "two", given="y")
    assert types.run("get", "deploy", "two").returncode == 1


def test_what_leaves_a_set_of_applied_objects_is_pruned(types: Typist) -> None:
    """kubectl apply: Kubectl prune with applyset should apply and prune objects."""
    one, two = (f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cm{n}}}\n" for n in (1, 2))
    apply = ("apply", "--prune", "--applyset=applyset1", "-f", "-")
    for given, left in ((f"{one}---\n{two}", "cm1 cm2"), (one, "cm1"), (one, "cm1")):
        types(*apply, given=given, KUBECTL_APPLYSET="true")
        found = types("get", "cm", "-l", "applyset.kubernetes.io/part-of", "-o", "jsonpath={.items[*].metadata.name}")
        assert found == left


def test_preferences_are_followed_until_flags_say_otherwise(types: Typist, tmp_path: Path) -> None:
    """kubectl kuberc: given preferences should be applied; should be ignored when flags are explicitly passed."""
    file = tmp_path / "kuberc"
    file.write_text(PREFERENCES)
    own = f"--kuberc={file}"
    assert '"kind": "Namespace"' in types("getn", types.namespace, own)
    assert "kind: Namespace" in types("getn", types.namespace, own, "-oyaml")
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
    assert types("apply", "-f", "-", own, given=manifest) == "configmap/cm serverside-applied (server dry run)\n"
    assert types.run("get", "cm", "cm").returncode == 1
    types("apply", "-f", "-", own, "--dry-run=none", given=manifest)
    assert "You are about to delete" in types("delete", "cm", "cm", own, given="n")
    assert "You are about to delete" not in types("delete", "cm", "cm", own, "--interactive=false")
    refused = types.run("getn", types.namespace, KUBERC="off", HOME=os.devnull)
    assert 'unknown command "getn"' in refused.stderr
