"""The command line: finds the command, parses its flags, turns failures into sentences.

Shape: ``COMMANDS`` names a module of ``cli/commands`` for each command (dashes become underscores); only the one
asked for is imported.  A command of the API has ``FLAGS`` and ``run(call) -> int`` (``cli/call.py``); a folder of
such modules has ``COMMANDS`` of its own (``config view``), and may have ``FLAGS`` and ``run`` as well (``create
-f``); ``ALIASES`` are other words for them (``ns``).  A command of the cluster's operator has ``configure(parser)``
and ``run(args)``.
Exit codes: 0 success, 1 failure (of a command of the API also wrong use, as with kubectl), 2 wrong usage, 130 broken
off by Ctrl-C, 141 nobody reads what is printed.
"""

import os
import sys
from collections.abc import Sequence

TYPE_CHECKING = False  # typing itself costs as much as all else that `fairway --help` needs
if TYPE_CHECKING:
    import argparse
    from types import ModuleType
    from typing import Any

COMMANDS = {
    "up": "start a cluster, or what is missing of it",
    "down": "stop a cluster and remove everything it made from the machine",
    "status": "show the health, addresses and versions of every part",
    "doctor": "look for what is wrong, or will be in the way, and say how to cure it",
    "logs": "show the logs of containers, or of the cluster's own processes",
    "kubeconfig": "print a kubeconfig for the cluster",
    "image": "import, list and remove container images of the node",
    "service-proxy": "work as the Service proxy of a node, alone, against any API server",
    "dns": "serve the names of a cluster's Services, alone, against any API server",
    "ca": "have this machine trust the certificates of a cluster's Ingresses, or no more",
    "probe": "measure the first packet and a whole answer of a Service",
    "why": "say whether a Service works, why each pod is or is not behind it, and the cure",
    "exec": "run a command in a container",
    "proxy": "serve the API on a local port, with this user's rights",
    "cp": "copy files to a container and from it",
    "attach": "join the streams of a container that runs",
    "create": "create objects, from manifests or from words",
    "apply": "make objects what manifests say",
    "rollout": "follow and steer the rollout of a workload",
    "run": "run one pod, with a container of an image",
    "set": "set one thing of objects that are there",
    "replace": "put what manifests say in the place of what is there",
    "diff": "show what applying manifests would change",
    "edit": "change objects in an editor",
    "expose": "make a Service for the pods of a workload",
    "scale": "set how many pods a workload has",
    "autoscale": "have an autoscaler keep a workload between limits",
    "cordon": "have nodes take no new pods",
    "uncordon": "have nodes take new pods again",
    "drain": "have nodes take no new pods, and their pods leave",
    "taint": "put taints on nodes, or take them off",
    "certificate": "approve or deny requests for certificates",
    "label": "set, change and remove labels of objects",
    "annotate": "set, change and remove annotations of objects",
    "patch": "change fields of objects",
    "delete": "delete objects, and wait until they are gone",
    "expose-host": "give a Service ports of this machine, or take them back",
    "port-forward": "forward local ports to a pod, a Service or a workload",
    "get": "show objects: as a table, YAML, JSON or what a template picks",
    "wait": "wait until objects are as they should be",
    "describe": "show all about objects: fields, what belongs to them, events",
    "events": "show what has happened to objects",
    "top": "show what nodes and pods use now",
    "explain": "show what the fields of a type mean",
    "tree": "draw a Service and all that makes it work: slices, endpoints, pods, ports",
    "completion": "print the completion for bash, zsh or fish",
    "config": "show and change the kubeconfig: contexts, clusters, users",
    "auth": "ask who one is and what one may do",
    "api-resources": "list the resource types that the server has",
    "api-versions": "list the groups and versions that the server has",
    "cluster-info": "show where the cluster answers",
    "options": "show the flags of every command that speaks to the API",
    "version": "print the version",
}
USAGE, BROKEN_OFF, UNREAD = 2, 130, 141


def run(argv: Sequence[str]) -> int:
    """Run ``argv`` and give the exit code."""
    try:
        code = _run(list(argv))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return BROKEN_OFF
    except BrokenPipeError:
        # Python flushes once more at its end: let it go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        from fairway.cli.failed_call import cure

        print(f"error: {where}{error.strerror or error}\n  fix: {cure(error)}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(argv: list[str]) -> int:
    if argv[:1] == ["help"] and len(argv) > 1:
        argv = [*argv[1:], "--help"]
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if argv else USAGE
    if argv[0] == "__complete":
        from fairway.cli.completion import run as complete

        return complete(argv[1:])
    name, rest = _command_of(argv)
    name = _meant(name, rest)
    if name not in COMMANDS:
        print(f'error: unknown command "{name}"\n  fix: {_suggestion(name)}', file=sys.stderr)
        return USAGE
    module = _module(name)
    if hasattr(module, "configure"):
        return _operate(name, module, rest)
    from fairway.cli.verbs import run_verb

    return run_verb(name, module, rest)


def _command_of(argv: list[str]) -> tuple[str, list[str]]:
    """The command, and the other words; global flags may stand before it."""
    if not argv[0].startswith("-") or argv[0] == "--version":
        return argv[0], argv[1:]
    from fairway.cli.global_flags import GLOBAL_FLAGS
    from fairway.cli.verbs import first_word

    place = first_word(GLOBAL_FLAGS, argv)
    return (argv[0], argv[1:]) if place is None else (argv[place], argv[:place] + argv[place + 1 :])


_OF_THE_SERVICE_PROXY = (
    "--node-name", "--hostname-override", "--cluster-cidr", "--service-cidr", "--nodeport-addresses",
    "--masquerade-all", "--healthz-bind-address", "--metrics-bind-address", "--proxy-mode", "--conntrack-", "--config",
    "--dry-run", "--cleanup",
)  # fmt: skip


def _meant(name: str, rest: Sequence[str]) -> str:
    """``proxy`` with a flag of kube-proxy's is the Service proxy, else kubectl's."""
    if name == "--version":
        return "version"
    is_service_proxy = name == "proxy" and any(word.startswith(_OF_THE_SERVICE_PROXY) for word in rest)
    return "service-proxy" if is_service_proxy else name


def _module(*names: str) -> "Any":
    name = ".".join(("fairway.cli.commands", *(name.replace("-", "_") for name in names)))
    __import__(name)  # importlib itself takes a millisecond
    return sys.modules[name]


def _operate(name: str, module: "ModuleType", words: Sequence[str]) -> int:
    from fairway.cli.operator_parser import OperatorParser
    from fairway.cluster.errors import ClusterError

    parser = OperatorParser(prog=f"fairway {name}", description=module.__doc__)
    module.configure(parser)
    try:
        return int(module.run(parser.parse_args(words)))
    except ClusterError as error:
        sys.stdout.flush()
        print(f"error: {error}" + (f"\n  fix: {error.fix}" if error.fix else ""), file=sys.stderr)
        return error.exit_code


def _suggestion(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1, cutoff=0.7)
    return f"did you mean: fairway {near[0]}" if near else "see all commands: fairway --help"


def add_cluster_flags(parser: "argparse.ArgumentParser", *, is_again: bool = False) -> None:
    """The two flags that say which cluster is meant; ``is_again`` where an outer parser has them too."""
    from argparse import SUPPRESS

    from fairway.cluster.config import DEFAULT_DATA_DIR, DEFAULT_NAME

    parser.add_argument(
        "--name",
        default=SUPPRESS if is_again else DEFAULT_NAME,
        help=f"name of the cluster (default {DEFAULT_NAME})",
    )
    parser.add_argument(
        "--data-dir",
        type=_folder,
        default=SUPPRESS if is_again else DEFAULT_DATA_DIR,
        metavar="DIR",
        help=f"where clusters keep their data (default {DEFAULT_DATA_DIR})",
    )


def _folder(text: str) -> str:
    if not text:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError("it is empty; name a folder")
    return os.path.abspath(text)


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    return (
        "Fairway: the Kubernetes Service made real.\n\n"
        f"Usage: fairway COMMAND [flags]\n\nCommands:\n{lines}\n\n"
        "`fairway COMMAND --help` shows a command's flags.  First steps: sudo fairway up"
    )
