"""Row: commands that are typed twice, and what may differ between the two answers.

A row that reads runs each command with both programs in one namespace that others have filled (``reads``): two
Services, a ReplicaSet with two pods, a Deployment, a ConfigMap.  A row that writes has a namespace for each program
(``writes``). A command is one string, as in a shell, without the program; ``@name`` is the file of a manifest of
``kubectl_manifests.py``, ``$ns`` the namespace, ``$net`` how cluster IPs begin.  With a text beside it, that is its
standard input.  ``until``: it is typed again until it succeeds, and its answer is not compared.
"""

import re
from dataclasses import dataclass

Typed = "str | tuple[str, str] | Step"


@dataclass(frozen=True, slots=True)
class Step:
    """One command.  ``is_until``: for what takes time; its answer is not compared."""

    command: str
    given: str = ""
    is_until: bool = False
    any_order: bool = False
    """The lines may come in any order."""


@dataclass(frozen=True, slots=True)
class Row:
    """Steps, one after another."""

    name: str
    steps: tuple[Step, ...]
    is_reading: bool


def _steps(typed: "tuple[str | tuple[str, str] | Step, ...]") -> tuple[Step, ...]:
    return tuple(
        each if isinstance(each, Step) else Step(*each) if isinstance(each, tuple) else Step(each) for each in typed
    )


def reads(name: str, *typed: str | tuple[str, str] | Step) -> Row:
    """Every command with both programs in one namespace."""
    return Row(name, _steps(typed), is_reading=True)


def writes(name: str, *typed: str | tuple[str, str] | Step) -> Row:
    """The commands with each program in a namespace of its own."""
    return Row(name, _steps(typed), is_reading=False)


def until(command: str) -> Step:
    """A command that is typed until it succeeds."""
    return Step(command, is_until=True)


def any_order(command: str, given: str = "") -> Step:
    """A command whose lines may come in any order."""
    return Step(command, given, any_order=True)


_NOISE = re.compile(r"^[EWI]\d{4} \d\d:\d\d:\d\d\.\d+.*\n", re.MULTILINE)
_CHANGES = [
    (re.compile(pattern, re.MULTILINE), shown)
    for pattern, shown in (
        (r"\bkubectl(\.1\.\d+)?\b", "fairway"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uid>"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "<time>"),
        (r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000", "<time>"),
        (r"(resourceVersion\"?: )\"\d+\"", r'\1"<version>"'),
        (r"\b([a-z][a-z0-9.-]*?)(-[0-9a-f]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}\b", r"\1<random>"),
        (r"\b10\.\d+\.\d+\.\d+\b", "<ip>"),
        (r"(?<![\w.-])(\d+[smhdy])+(?![\w.-])", "<age>"),
        (r"\b3\d{4}/", "<node port>/"),
        (r"^ *terminatingReplicas: \d+\n", ""),  # a field that the oracle does not know yet
        (r" {2,}", "  "),
    )
]


def normal(text: str, namespace: str) -> str:
    """``text`` without the program's name, ages, random names, addresses and the like."""
    text = _NOISE.sub("", text).replace(namespace, "<ns>")
    for pattern, shown in _CHANGES:
        text = pattern.sub(shown, text)
    return "\n".join(line.rstrip() for line in text.splitlines())
