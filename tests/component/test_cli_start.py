"""What a command imports on its way: nothing that is slow, since all of it must be over before kubectl is."""

import subprocess
import sys
from pathlib import Path

HEAVY = {
    "argparse", "asyncio", "cryptography", "dataclasses", "enum", "inspect", "json", "orjson", "pathlib", "re",
    "socket",
    "ssl", "typing", "urllib", "yaml",
}  # fmt: skip
CONFIG = """apiVersion: v1
clusters:
- cluster:
    insecure-skip-tls-verify: true
    server: https://127.0.0.1:9
  name: c
contexts:
- context:
    cluster: c
    user: u
  name: c
current-context: c
kind: Config
users:
- name: u
  user:
    token: t
"""
CODE = """
import sys
from fairway.cli import verbs
verbs._failed = lambda command, error: 7  # only what comes before the failure is looked at
from fairway.cli.main import run
code = run(["get", "svc"])
print(code, *sorted(sys.modules))
"""


def test_get_imports_nothing_heavy_on_its_way_to_the_server(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(CONFIG)
    environment = {"KUBECONFIG": str(file), "HOME": str(tmp_path)}
    preloaded = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], env=environment, capture_output=True, text=True
    )
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True)
    code, *modules = done.stdout.split()
    assert (code, done.stderr) == ("7", "")
    # Wording the refusal of the connection takes these two, once there is nothing left to be quick about.
    worded = {"socket", "ssl", "enum", "re", "typing"}
    assert (HEAVY - worded) & set(modules) - set(preloaded.stdout.split()) == set()
    assert "_ssl" in modules
