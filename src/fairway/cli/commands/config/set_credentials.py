"""Make or change a user: by which token, certificate or program it is known.

fairway config set-credentials me --token=secret
fairway config set-credentials me --client-certificate=me.crt --client-key=me.key --embed-certs
fairway config set-credentials me --exec-command=aws --exec-arg=eks --exec-api-version=client.authentication.k8s.io/v1
"""

import os

from fairway.cli.commands.config.set_cluster import embedded
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.flags import Values

USAGE = "NAME"
FLAGS = (
    Flag("auth-provider", help="the auth provider, of clients that still know them"),
    Flag("auth-provider-arg", type="strings", help="NAME=VALUE for it, NAME- to remove; may be repeated"),
    Flag("client-certificate", help="file with the client certificate"),
    Flag("client-key", help="file with its key"),
    Flag("embed-certs", type="bool", help="put certificate and key themselves into the kubeconfig"),
    Flag("exec-api-version", help="the version of the answers of the credential plugin"),
    Flag("exec-arg", type="strings", help="arguments of the credential plugin; may be repeated"),
    Flag("exec-command", help="the credential plugin"),
    Flag("exec-env", type="strings", help="NAME=VALUE in its environment, NAME- to remove; may be repeated"),
    Flag("exec-interactive-mode", help="whether it may ask the user: Never, IfAvailable, Always"),
    Flag("exec-provide-cluster-info", type="bool", help="tell it of the cluster"),
    Flag("password", help="password for basic authentication"),
    Flag("token", help="bearer token"),
    Flag("username", help="user name for basic authentication"),
)
_NO_PLUGIN = {"args": None, "command": "", "env": None, "provideClusterInfo": False}


def run(call: "Call") -> int:
    """Make or change it."""
    if len(call.words) != 1:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    flags, name = call.flags, call.words[0]
    ways = (["--token"] if flags.token else []) + (
        ["--username/--password"] if flags.username or flags.password else []
    )
    if len(ways) > 1:
        raise Failure(f"you cannot specify more than one authentication method at the same time: {', '.join(ways)}")
    for flag in ("auth-provider-arg", "exec-env"):
        for word in getattr(flags, flag.replace("-", "_")):
            if "=" not in word and not word.endswith("-"):
                raise Failure(f"invalid {flag} format: {word}")
    if flags.embed_certs and not (flags.client_certificate or flags.client_key):
        raise Failure("you must specify a --client-certificate or --client-key to embed")
    files = {
        key: embedded(key, path) if flags.embed_certs else os.path.abspath(path)
        for key, path in (("client-certificate", flags.client_certificate), ("client-key", flags.client_key))
        if path
    }

    def changed(users: "dict[str, Any]") -> None:
        user = users.setdefault(name, {})
        _change(user, flags)
        for key, value in files.items():
            user.pop(key, None)
            user.pop(f"{key}-data", None)
            user[f"{key}-data" if flags.embed_certs else key] = value

    Files(flags).change("users", name, changed)
    print(f'User "{name}" set.')
    return 0


def _change(user: "dict[str, Any]", flags: "Values") -> None:
    if flags.token:
        user["token"] = flags.token
        user.pop("username", None)
        user.pop("password", None)
    if flags.username or flags.password:
        user.pop("token", None)
        user.update({key: getattr(flags, key) for key in ("username", "password") if flags.is_given(key)})
    if flags.auth_provider or user.get("auth-provider"):
        provider = user.get("auth-provider") or {}
        if flags.auth_provider:
            provider = {"config": {}, **provider, "name": flags.auth_provider}
        user["auth-provider"] = {**provider, "config": paired(provider.get("config") or {}, flags.auth_provider_arg)}
    if flags.is_given("exec-command") or user.get("exec"):
        user["exec"] = plugin({**_NO_PLUGIN, **(user.get("exec") or {})}, flags)


def plugin(before: "dict[str, Any]", flags: "Values") -> "dict[str, Any]":
    """The plugin as the flags change it.  Pure."""
    after = dict(before)
    if flags.is_given("exec-command"):
        after["args"] = None  # they were another program's
    for key, flag in (("command", "exec-command"), ("apiVersion", "exec-api-version"),
                      ("interactiveMode", "exec-interactive-mode"), ("args", "exec-arg"),
                      ("provideClusterInfo", "exec-provide-cluster-info")):  # fmt: skip
        if flags.is_given(flag):
            after[key] = getattr(flags, flag.replace("-", "_"))
    if flags.exec_env:
        env = paired({each["name"]: each["value"] for each in after.get("env") or ()}, flags.exec_env)
        after["env"] = [{"name": name, "value": value} for name, value in env.items()]
    return after


def paired(before: "dict[str, str]", words: "Sequence[str]") -> "dict[str, str]":
    """The pairs as ``NAME=VALUE`` and ``NAME-`` change them.  Pure."""
    after = dict(before)
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            after[name] = value
        else:
            after.pop(word[:-1], None)
    return after
