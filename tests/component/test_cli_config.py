"""The same changes of a kubeconfig with the real kubectl and with fairway: the same words, and the same file."""

import base64
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import kubectls

ORACLE_VERSION = "1.32"
FIRST = f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {base64.b64encode(b"CA").decode()}
    server: https://127.0.0.1:6443
  name: fairway-core
contexts:
- context:
    cluster: fairway-core
    user: fairway-core
  name: fairway-core
current-context: fairway-core
kind: Config
preferences: {{}}
users:
- name: fairway-core
  user:
    client-certificate-data: {base64.b64encode(b"CERT").decode()}
    client-key-data: {base64.b64encode(b"KEY").decode()}
"""
LINES = """
view
view --minify --flatten -o json
view --raw -o jsonpath={.users[0].name}
view -o json
view x
current-context
get-contexts
get-contexts -o name
get-contexts nosuch
get-contexts --no-headers
get-contexts fairway-core
get-contexts -o json
get-clusters
get-users
set-context a --cluster=c --user=u --namespace=n
set-context a --namespace=m
set-context --current --namespace=q
set-context
set-context a --current
set-context c2
set-cluster c --server=https://x:1
set-cluster c --server=https://x:1 --insecure-skip-tls-verify=true
set-cluster c --certificate-authority=/etc/hostname --embed-certs
set-cluster c --certificate-authority=x/ca.crt
view
set-cluster c --tls-server-name=abc --proxy-url=http://p
set-credentials u --token=abc
set-credentials u --username=a --password=b
view
set-credentials u --username=a --token=b
set-credentials u2 --exec-command=foo --exec-arg=a --exec-arg=b --exec-api-version=client.authentication.k8s.io/v1
set-credentials u2 --exec-env=X=y
set-credentials u2 --exec-env=Z-
set-credentials u3 --client-certificate=/etc/hostname --embed-certs
set-credentials u3 --client-key=k.key
set-credentials u3 --embed-certs
view
view -o json
use-context a
use-context nosuch
use a
rename-context a b
rename-context a b
rename-context b fairway-core
set contexts.b.namespace zz
set clusters.c.insecure-skip-tls-verify xx
set clusters.c.insecure-skip-tls-verify true
set clusters.new.server http://x
set nosuch.x y
set current-context b
set users.u.token newtok
view
view --minify
view --context=fairway-core --minify
unset contexts.b.namespace
unset contexts.b
unset contexts.nosuch
unset nosuch
unset current-context
current-context
view --minify
delete-context nosuch
delete-context fairway-core
delete-cluster c
delete-cluster nosuch
delete-user u
delete-user nosuch
get-contexts
view
bogus
view -o name
unset users
view --raw
"""


def typed(program: str, folder: Path) -> list[tuple[str, int, str, str, str]]:
    """Each line, its exit code, output, errors, and the kubeconfig after it."""
    folder.mkdir()
    file = folder / "config"
    file.write_text(FIRST)
    answers = []
    for line in LINES.strip().splitlines():
        done = subprocess.run(
            [program, "config", *shlex.split(line)], cwd=folder, capture_output=True, text=True,
            env={**os.environ, "KUBECONFIG": str(file), "HOME": str(folder)},
        )  # fmt: skip
        out, err = (
            text.replace(str(folder), "FOLDER").replace(Path(program).name, "fairway").replace("kubectl", "fairway")
            for text in (done.stdout, done.stderr)
        )
        answers.append((line, done.returncode, out, err, file.read_text().replace(str(folder), "FOLDER")))
    return answers


def test_config_says_and_writes_what_kubectl_does(tmp_path: Path) -> None:
    oracle = next((path for path in kubectls.found() if path.endswith(ORACLE_VERSION)), "")
    if not oracle:
        pytest.skip(f"needs kubectl.{ORACLE_VERSION}")
    wanted = typed(oracle, tmp_path / "kubectl")
    found = typed(str(Path(sys.executable).with_name("fairway")), tmp_path / "fairway")
    for theirs, ours in zip(wanted, found, strict=True):
        assert ours == theirs
