"""Line: which word of a command line is being typed, and what may stand there."""

from fairway.cli.completion.candidates import Answer, Live, of_kubeconfig, plain, slashed
from fairway.cli.flags import Flag, FlagError, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from fairway.cli.flags import Parsed
    from fairway.cli.session import Session

_OF_TYPES = frozenset((
    "get", "describe", "delete", "edit", "label", "annotate", "patch", "wait", "scale", "expose", "autoscale",
    "rollout status", "rollout history", "rollout undo", "rollout restart", "rollout pause", "rollout resume",
    "set image", "set env", "set resources", "set selector", "events", "taint",
))  # fmt: skip
"""``TYPE NAME ...`` or ``TYPE/NAME ...``."""
_OF_PODS = {
    "exec": ("deploy", "rs", "svc", "ds"), "attach": ("deploy", "rs", "svc", "ds"),
    "logs": ("deploy", "rs", "svc", "ds"), "port-forward": ("svc", "deploy", "rs"), "cp": (),
}  # fmt: skip
"""``POD`` or ``TYPE/NAME``."""
_OF_ONE_TYPE = {
    "cordon": "nodes", "uncordon": "nodes", "drain": "nodes",
    "certificate approve": "certificatesigningrequests", "certificate deny": "certificatesigningrequests",
}  # fmt: skip
"""``NAME ...`` of a type that goes without saying."""
_OF_SERVICES = ("why", "tree", "expose-host")
_WORDS = {
    "completion": ("bash", "zsh", "fish"),
    "logs": ("control", "node", "supervisor"),
}
_OUTPUTS = ("json", "yaml", "name", "wide", "jsonpath=", "jsonpath-file=", "go-template=", "go-template-file=",
            "custom-columns=", "custom-columns-file=")  # fmt: skip
_VALUES = {
    "output": _OUTPUTS, "dry-run": ("none", "client", "server"), "cascade": ("background", "foreground", "orphan"),
    "type": ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"), "protocol": ("TCP", "UDP", "SCTP"),
    "session-affinity": ("None", "ClientIP"), "restart": ("Always", "OnFailure", "Never"),
    "for": ("condition=", "delete", "create", "jsonpath="), "address": ("localhost", "127.0.0.1", "0.0.0.0"),
    "ip-family": ("ipv4", "ipv6", "dual"), "pod-running-timeout": ("20s", "1m", "5m"), "since": ("1m", "5m", "1h"),
}  # fmt: skip
_OF_KUBECONFIG = {"context": "contexts", "cluster": "clusters", "user": "users"}
_FILES = ("filename", "kustomize", "kubeconfig", "config", "template", "patch-file", "unix-socket", "www", "data-dir",
          "certificate-authority", "client-certificate", "client-key", "from-file", "cert", "key")  # fmt: skip


def answer(words: "list[str]") -> Answer:
    """What may stand in place of the last word, behind the others."""
    from fairway.cli.main import COMMANDS, _module
    from fairway.cli.verbs import _flags, first_word

    *before, current = words or [""]
    from fairway.cli.global_flags import GLOBAL_FLAGS

    place = first_word(GLOBAL_FLAGS, before)
    if place is None:
        parsed, flag = _parsed(list(GLOBAL_FLAGS), before)
        session = None if parsed is None else _session(parsed)
        return _flag(list(GLOBAL_FLAGS), before, current, session, parsed, flag) or Answer(COMMANDS.items())
    command = before.pop(place)
    if command not in COMMANDS:
        return Answer(COMMANDS.items()) if command == "help" else Answer()
    module = _module(command)
    while commands := getattr(module, "COMMANDS", None):
        place = first_word(_flags(module), before)
        if place is None or before[place] not in commands:
            break
        command = f"{command} {before.pop(place)}"
        module = _module(*command.split())
    flags = _operator_flags(module) if hasattr(module, "configure") else _flags(module)
    return _word(command, module, flags, before, current)


def _word(command: str, module: "Any", flags: "list[Flag]", before: "list[str]", current: str) -> Answer:
    is_operators = hasattr(module, "configure")
    parsed, flag = _parsed(flags, before)
    session = None if is_operators or parsed is None else _session(parsed)
    if "--" in before:
        return Answer(takes_files=True)
    if found := _flag(flags, before, current, session, parsed, flag):
        return found
    commands: dict[str, str] = getattr(module, "COMMANDS", {})
    words = parsed.words if parsed is not None else []
    if commands and not words:
        return Answer(commands.items())
    if is_operators:
        return _of_operator(command, module, words)
    assert parsed is not None
    assert session is not None
    return _positional(command, words, current, session, parsed)


def _session(parsed: "Parsed") -> "Session":
    from fairway.cli.session import Session

    return Session(parsed.values)


def _parsed(flags: "list[Flag]", before: "list[str]") -> "tuple[Parsed | None, Flag | None]":
    """The words so far, and the flag whose value is due."""
    last = before[-1] if before else ""
    flag = None
    if last.startswith("-") and last != "-" and "=" not in last and "--" not in before:
        name = last.removeprefix("--") if last.startswith("--") else ""
        flag = next((each for each in flags if not each.bare and (each.name == name if name else
                     not last.startswith("--") and each.short and each.short == last[-1])), None)  # fmt: skip
    try:
        return parse(flags, before[:-1] if flag is not None else before), flag
    except FlagError:
        return None, flag


def _flag(
    flags: "list[Flag]", before: "list[str]", current: str, session: "Session | None",
    parsed: "Parsed | None" = None, flag: "Flag | None" = None,
) -> Answer | None:  # fmt: skip
    """The value of a flag, or the name of one; ``None`` if it is neither."""
    if flag is not None:
        return _value(flag, "", session, parsed)
    if current.startswith("--") and "=" in current:
        name = current[2:].partition("=")[0]
        known = next((each for each in flags if each.name == name), None)
        return _value(known, f"--{name}=", session, parsed) if known is not None else Answer()
    if not current.startswith("-"):
        return None
    shown = [each for each in flags if not each.is_hidden]
    names = [(f"--{each.name}" if each.bare else f"--{each.name}=", each.help) for each in shown]
    if not current.startswith("--"):
        names += [(f"-{each.short}", each.help) for each in shown if each.short]
    candidates = [pair for pair in names if pair[0].startswith(current)]
    return Answer(candidates, goes_on=len(candidates) == 1 and candidates[0][0].endswith("="))


def _value(flag: Flag, prefix: str, session: "Session | None", parsed: "Parsed | None") -> Answer:
    name = flag.name
    if name in _FILES:
        return Answer(takes_files=True)
    values: Sequence[str] = _VALUES.get(name, ())
    if session is not None:
        if name == "namespace":
            values = Live(session).names("namespaces")
        elif name in _OF_KUBECONFIG:
            values = of_kubeconfig(session, _OF_KUBECONFIG[name])
        elif name == "container" and parsed is not None and parsed.words:
            values = Live(session).containers(parsed.words[0])
    candidates = plain(prefix + value for value in values)
    return Answer(candidates, goes_on=bool(candidates) and all(value.endswith("=") for value, _ in candidates))


def _positional(command: str, words: "list[str]", current: str, session: "Session", parsed: "Parsed") -> Answer:
    if command in _OF_TYPES:
        return _typed(command, words, current, session)
    if command in _OF_PODS:
        return _of_pod(command, words, current, session)
    if command in _OF_ONE_TYPE:
        return Answer(plain(name for name in Live(session).names(_OF_ONE_TYPE[command]) if name not in words))
    if command in _OF_SERVICES:
        if not words:
            return Answer(plain(f"svc/{name}" for name in Live(session).names("services")))
        is_port = command == "expose-host" and not parsed.values.remove
        return _behind_colon(current, Live(session).ports(_service(words[0]))) if is_port else Answer()
    if command == "explain" and not words:
        return Answer(Live(session).types())
    if command.startswith("config "):
        sections = {"use-context": "contexts", "delete-context": "contexts", "rename-context": "contexts",
                    "set-context": "contexts", "get-contexts": "contexts", "delete-cluster": "clusters",
                    "set-cluster": "clusters", "delete-user": "users", "set-credentials": "users"}  # fmt: skip
        section = sections.get(command.split()[-1])
        return Answer(plain(of_kubeconfig(session, section))) if section and not words else Answer()
    return Answer(plain(_WORDS.get(command, ()))) if not words else Answer()


def _service(word: str) -> str:
    return word if "/" in word else f"svc/{word}"


def _typed(command: str, words: "list[str]", current: str, session: "Session") -> Answer:
    if command == "events":
        return Answer()
    live = Live(session)
    type, slash, _ = current.partition("/")
    if slash:
        return Answer(plain(f"{type}/{name}" for name in live.names(type)))
    if words and "/" in words[0]:
        return Answer()
    if not words:
        done, comma, _ = current.rpartition(",")
        pairs = live.types()
        if "all" not in dict(pairs):
            pairs = [*pairs, ("all", "")]
        short = [(each, name) for name, shorts in live.types() for each in shorts.split(",") if each]
        listed = [*pairs, *short] if current and not any(name.startswith(current) for name, _ in pairs) else pairs
        return Answer([(f"{done}{comma}{name}", text) for name, text in listed])
    return Answer(plain(name for name in live.names(words[0]) if name not in words[1:]))


def _of_pod(command: str, words: "list[str]", current: str, session: "Session") -> Answer:
    live = Live(session)
    type, slash, _ = current.partition("/")
    if words and command != "cp":
        if command == "port-forward":
            return _behind_colon(current, live.ports(words[0]))
        return Answer(plain(live.containers(words[0]))) if command == "logs" and "/" not in words[0] else Answer()
    if command == "cp":
        return Answer([(f"{name}:", "") for name in live.names("pods")], goes_on=True, takes_files=True)
    if slash:
        return Answer(plain(f"{type}/{name}" for name in live.names(type)))
    found = [*plain(live.names("pods")), *slashed(_OF_PODS[command]), *plain(_WORDS.get(command, ()))]
    matching = [value for value, _ in found if value.startswith(current)]
    return Answer(found, goes_on=bool(matching) and all(value.endswith("/") for value in matching))


def _behind_colon(current: str, ports: "Sequence[tuple[str, str]]") -> Answer:
    local, colon, _ = current.rpartition(":")
    return Answer([(f"{local}{colon}{value}", text) for value, text in ports])


def _operator_flags(module: "Any") -> "list[Flag]":
    """The flags of a command that is read by argparse."""
    found = []
    for action in _parser(module)._actions:
        long = next((each[2:] for each in action.option_strings if each.startswith("--")), "")
        short = next((each[1:] for each in action.option_strings if not each.startswith("--")), "")
        if long and action.help != "==SUPPRESS==":
            kind = "bool" if action.nargs == 0 else "string"
            found.append(Flag(long, short, kind, (action.help or "").replace("%%", "%")))
    return found


def _parser(module: "Any") -> "Any":
    import argparse

    parser = argparse.ArgumentParser(add_help=True)
    module.configure(parser)
    return parser


def _of_operator(command: str, module: "Any", words: "list[str]") -> Answer:
    if command in ("why", "tree") and not words:
        session = _session(parse(_global(), []))
        return Answer(plain(f"svc/{name}" for name in Live(session).names("services")))
    positional = [each for each in _parser(module)._actions if not each.option_strings]
    if len(words) < len(positional) and positional[len(words)].choices:
        return Answer(plain(map(str, positional[len(words)].choices)))
    return Answer(takes_files=command == "image")


def _global() -> "tuple[Flag, ...]":
    from fairway.cli.global_flags import GLOBAL_FLAGS

    return GLOBAL_FLAGS
