"""Pods from words: ``run``."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.cli.generators.expose import parse_labels
from fairway.cli.generators.variable_names import faults
from fairway.objects import Object

_PORT = re.compile("[+-]?[0-9]+", re.ASCII)
_ALPHANUMERIC = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DOMAIN = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_IMAGE = re.compile(
    rf"(?:(?:{_DOMAIN}(?:\.{_DOMAIN})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?{_ALPHANUMERIC}(?:/{_ALPHANUMERIC})*"
    r"(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


class PodWish(NamedTuple):
    """The options of ``run``, as they were typed; empty is not given."""

    image: str
    args: Sequence[str] = ()
    is_command: bool = False
    port: str = ""
    env: Sequence[str] = ()
    labels: str = ""
    annotations: Sequence[str] = ()
    restart: str = "Always"
    pull_policy: str = ""
    is_privileged: bool = False
    stdin: bool = False
    tty: bool = False
    is_stdin_once: bool = False


def is_image(text: str) -> bool:
    """Whether ``text`` is a reference to an image."""
    return bool(_IMAGE.fullmatch(text))


def pod(name: str, wish: PodWish) -> Object:
    """The pod, with one container of its own name."""
    labels = parse_labels(wish.labels) if wish.labels else {"run": name}
    annotations = dict(map(_annotation, wish.annotations))
    container: Object = {"name": name, "image": wish.image}
    if wish.args:
        container["command" if wish.is_command else "args"] = list(wish.args)
    if wish.port:
        if not _PORT.fullmatch(wish.port):
            raise GeneratorError(f'strconv.Atoi: parsing "{wish.port}": invalid syntax')
        container["ports"] = [{"containerPort": int(wish.port)}]
    if wish.env:
        container["env"] = [_variable(word) for word in wish.env]
    container["resources"] = {}
    if wish.pull_policy:
        container["imagePullPolicy"] = wish.pull_policy
    if wish.is_privileged:
        container["securityContext"] = {"privileged": True}
    if wish.stdin:
        container["stdin"] = True
    if wish.is_stdin_once:
        container["stdinOnce"] = True
    if wish.tty:
        container["tty"] = True
    spec = {"containers": [container], "restartPolicy": wish.restart, "dnsPolicy": "ClusterFirst"}
    return head("Pod", "v1", metadata(name, labels, annotations), spec=spec, status={})


def _annotation(word: str) -> tuple[str, str]:
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise GeneratorError(f"invalid annotations format: {word}")
    return key, value


def _variable(word: str) -> Object:
    name, equals, value = word.partition("=")
    if not equals or not name or any(faults(name)):
        raise GeneratorError(f"invalid env: {word}")
    return {"name": name, "value": value} if value else {"name": name}
