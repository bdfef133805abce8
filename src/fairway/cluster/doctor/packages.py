"""Packages: the programs that containers, Services and people need, with their versions."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from fairway.cluster.doctor.finding import Finding, Scene, failure, warning, well
from fairway.node.path import find

PATIENCE_S: Final = 3.0


class Program(NamedTuple):
    """``oldest`` is that of Ubuntu 22.04, the oldest system that Fairway is tried on.

    ``need`` is the end of the sentence "without it ..."; ``is_must`` tells whether `up` fails without.
    """

    name: str
    package: str
    question: tuple[str, ...]
    oldest: tuple[int, ...]
    need: str
    is_must: bool = False


PROGRAMS: Final = (
    Program("crun", "crun", ("--version",), (0, 17), "no container can be started", True),
    Program("conmon", "conmon", ("--version",), (2, 0, 25), "no container can be watched over", True),
    Program("nft", "nftables", ("--version",), (1, 0, 2), "pods do not reach the outside", True),
    Program("ip", "iproute2", ("-V",), (5, 15), "network namespaces and routes cannot be looked at"),
    Program("haproxy", "haproxy", ("-v",), (2, 4), "Ingresses are not served"),
    Program("kubectl", "kubernetes-client", ("version", "--client"), (1, 20), "there is `fairway` alone to talk to it"),
    Program("busybox", "busybox-static", (), (), "examples/kubia/build.py cannot build its image"),
)


class Facts(NamedTuple):
    """What each program that is there said of its version; ``has_apt``: packages come by apt-get."""

    said: Mapping[str, str]
    has_apt: bool
    has_runc: bool = False


def look(scene: Scene) -> Facts:
    """Ask all programs at the same time."""
    running: dict[str, subprocess.Popen[str]] = {}
    said: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as passing:  # else crun leaves a folder, even for this question
        for program in PROGRAMS:
            path = find(program.name)
            if path is None:
                continue
            said[program.name] = ""
            if program.question:
                running[program.name] = subprocess.Popen(
                    [path, *program.question],
                    env={**os.environ, "XDG_RUNTIME_DIR": passing, "KUBECONFIG": "/dev/null"},
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                )  # fmt: skip
        for name, process in running.items():
            try:
                said[name] = process.communicate(timeout=PATIENCE_S)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
    return Facts(said, find("apt-get") is not None, find("runc") is not None)


def version_in(text: str) -> tuple[int, ...]:
    """The first version number in what a program says; empty if there is none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    if found:
        return tuple(int(part) for part in found.groups() if part is not None)
    dated = re.search(r"iproute2-ss(\d\d)(\d\d)\d\d", text)  # before version 5.9 it named a day
    with contextlib.suppress(AttributeError):
        return (int(dated[1]) - 20 + 4, 0) if dated else ()
    return ()


def programs(facts: Facts) -> Iterator[Finding]:
    """Each is there, and not too old."""
    for program in PROGRAMS:
        if program.name not in facts.said:
            if program.name == "crun" and facts.has_runc:
                yield well("runc, in place of crun")
                continue
            yield (failure if program.is_must else warning)(
                f"{program.name} is not installed", f"without it {program.need}", _install(program, facts)
            )
            continue
        version = version_in(facts.said[program.name])
        shown = ".".join(map(str, version))
        if program.oldest and not version:
            yield warning(
                f"{program.name} does not tell its version",
                f"if it does not work {program.need}",
                f"see what it says: {' '.join((program.name, *program.question))}",
            )
        elif version < program.oldest:
            yield warning(
                f"{program.name} {shown} is older than {'.'.join(map(str, program.oldest))}",
                f"Fairway is not tried with it; if it does not work {program.need}",
                _install(program, facts),
            )
        else:
            yield well(f"{program.name} {shown}".rstrip())


def _install(program: Program, facts: Facts) -> str:
    if facts.has_apt:
        return f"run: sudo apt-get install -y {program.package}"
    return f"install the package {program.package} with this system's package manager"


CHECKS = (programs,)
