"""A shell that types a page of the documentation, in a folder and with a kubeconfig of its own."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from .conftest import HOUSE, Cluster

sys.path.append(str(HOUSE / "tests" / "pure"))
from doc_page import Step, matches

PATIENCE_S = 60.0
OPERATOR = "up|down|status|doctor|logs|image|kubeconfig|ca|expose-host"
"""Commands that name their cluster by --name and --data-dir."""
LOOKING = re.compile(
    r"^(sudo )?((kubectl|fairway) (-n \S+ )?"
    r"(get|describe|exec|why|tree|status|logs|events|doctor|rollout|wait|probe|port-forward|explain)\b"
    r"|curl|getent|nslookup|dig|\w+=\$\()"
)
"""What only looks may be asked again until it says what the page shows: people are slower than tests."""


class PageShell:
    """One bash for all steps of a page, so that variables and folders last."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str = "") -> None:
        self.folder = folder
        self._programs(cluster, folder / "bin")
        for name in ("examples", "build", "scripts", "docs"):
            (folder / name).symlink_to(HOUSE / name)
        environment = {**cluster.environment, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "TERM": "dumb"}
        environment["NAME"] = cluster.name
        if namespace:
            config = folder / "kubeconfig"
            config.write_bytes(Path(cluster.environment["KUBECONFIG"]).read_bytes())
            environment["KUBECONFIG"] = str(config)
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            start_new_session=True,
        )  # fmt: skip
        if namespace:
            self.run(Step(0, f"kubectl config set-context --current --namespace={namespace}"))

    def _programs(self, cluster: Cluster, place: Path) -> None:
        """``fairway`` means the test's own cluster; ``sudo`` is there where the machine has none."""
        place.mkdir()
        python, own = shlex.quote(sys.executable), f"--name {cluster.name} --data-dir {shlex.quote(cluster.data_dir)}"
        names = OPERATOR.replace("|", ") is_own=1 ;; ")
        _program(
            place / "fairway",
            f'is_own=; case "$1" in {names}) is_own=1 ;; dns) case "$2" in *-resolver) is_own=1 ;; esac ;; esac\n'
            'case " $* " in *" --name "*|*" --name="*) is_own= ;; esac\n'
            # Objects' logs are another matter than the cluster's own.
            'case "$1 $2" in logs\\ *) case "$*" in logs|logs\\ control*|logs\\ node*|logs\\ supervisor*|logs\\ -f|'
            "logs\\ --tail*) ;; *) is_own= ;; esac ;; esac\n"
            f'exec {python} -m fairway "$@" ${{is_own:+{own}}}\n',
        )
        _program(place / "sudo", 'while [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n')

    def run(self, step: Step) -> str:
        """Do a step; empty if it did what the page says, else what went wrong."""
        if step.file:
            (self.folder / step.file).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / step.file).write_text(step.command)
            return ""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            code, said = self._endless(step) if step.is_endless else self._typed(step.command)
            if code == step.code and (step.expected is None or matches(step.expected, said)):
                return ""
            if not LOOKING.match(step.command) or time.monotonic() > deadline:
                return _difference(step, code, said)
            time.sleep(0.1)  # a reader is a client like any other: he looks again

    def _typed(self, command: str) -> tuple[int, str]:
        script, output = self.folder / ".command", self.folder / ".output"
        script.write_text(f"{command}\n")
        answer = self._ask(f". {script} </dev/null >{output} 2>&1; echo $?")
        return int(answer), output.read_text(errors="replace")

    def _endless(self, step: Step) -> tuple[int, str]:
        script, output = self.folder / ".command", self.folder / ".output"
        script.write_text(f"{step.command}\n")
        group = int(self._ask(f"set -m; ( . {script} ) </dev/null >{output} 2>&1 & set +m; echo $!"))
        deadline = time.monotonic() + PATIENCE_S
        assert step.expected is not None
        while not matches(step.expected, said := output.read_text(errors="replace")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(group, signal.SIGINT)
        self._ask(f"wait {group} 2>/dev/null; echo done")
        return step.code, said

    def _ask(self, line: str) -> str:
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{line}\n")
        self._bash.stdin.flush()
        answer = self._bash.stdout.readline()
        assert answer, f"the shell has ended: {line}"
        return answer.strip()

    def close(self) -> None:
        """End the shell and all that it has left in the background."""
        os.killpg(self._bash.pid, signal.SIGTERM)
        self._bash.communicate(timeout=30)


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def _difference(step: Step, code: int, said: str) -> str:
    wanted = "" if step.expected is None else "--- the page shows\n" + "\n".join(step.expected) + "\n"
    return f"line {step.line}: $ {step.command}\nexit code {code}, expected {step.code}\n{wanted}--- it said\n{said}"
