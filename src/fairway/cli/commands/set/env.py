"""Set, show and remove variables of containers.

fairway set env deploy/kubia COLOUR=blue            a variable
fairway set env deploy/kubia COLOUR-                gone again
fairway set env deploy/kubia --from=configmap/settings
fairway set env deploy/kubia --list
"""

import sys

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.setting import CONTAINERS_FLAG, SELECTOR_FLAG, SET_FLAGS, Unchanged, chosen, pod_spec
from fairway.cli.setting import run as run_setting
from fairway.cli.setting.variables import from_source, parsed, shown, updated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) KEY=VALUE... KEY-..."
FLAGS = (
    *SET_FLAGS,
    SELECTOR_FLAG,
    CONTAINERS_FLAG,
    Flag("env", "e", "array", "a variable, KEY=VALUE; may be repeated"),
    Flag("from", help="a ConfigMap or Secret whose keys become variables, configmap/NAME or secret/NAME"),
    Flag("keys", type="strings", help="with --from: only these keys"),
    Flag("list", type="bool", help="show them"),
    Flag("overwrite", type="bool", default=True, help="what has another value already gets the new one"),
    Flag("prefix", help="with --from: what the names begin with"),
    Flag("resolve", type="bool", help="with --list: show what a reference leads to"),
)


def run(call: "Call") -> int:
    """Set them."""
    flags = call.flags
    pairs = [word for word in call.words if "=" in word or (word.endswith("-") and word != "-")]
    words = [word for word in call.words if word not in pairs]
    if not (words or flags.filename or flags.kustomize):
        raise Failure("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    new, removed = parsed([*flags.env, *pairs])
    new = [*from_source(call), *new]

    def change(found: "dict[str, Any]", target: "Target") -> None:
        spec = pod_spec(found, target)
        containers = [each for field in ("initContainers", "containers") for each in spec.get(field) or ()]
        meant = chosen(containers, flags.containers)
        if not meant:
            print(
                f'Warning: {found["kind"]}/{target.name} does not have any containers matching "{flags.containers}"',
                file=sys.stderr,
            )
            raise Unchanged
        if not flags.overwrite:
            _refuse(meant, new, target)
        for container in meant:
            env = updated(container.get("env") or [], new, removed)
            if env or "env" in container:
                container["env"] = env
        if flags.list:
            sys.stdout.write(shown(call, found, target, meant))
            raise Unchanged

    failing = "failed to patch env update to pod template: "
    return run_setting(call, words, change, "env updated", failing=failing)


def _refuse(containers: "list[dict[str, Any]]", new: "list[dict[str, Any]]", target: "Target") -> None:
    for container in containers:
        before = {each["name"]: each.get("value", "") for each in container.get("env") or ()}
        for each in new:
            value = before.get(each["name"], each.get("value", ""))
            if value != each.get("value", ""):
                raise Failure(
                    f"{target.resource.plural}/{target.name} '{each['name']}' already has a value ({value}), and "
                    "--overwrite is false"
                )
