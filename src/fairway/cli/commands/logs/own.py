"""Own: the logs of a cluster's own processes: control, node (a further one: node-2), supervisor, HAProxy (ingress)."""

import os
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

_PART = r"control|supervisor|node(-[0-9]{1,2})?"
_INGRESS = "ingress"
"""A pod may well be called so: a part is only meant where the cluster is named too."""
_FLAGS = ("follow", "tail", "name", "data-dir", "json")


def is_meant(call: "Call") -> bool:
    """Whether a command line names a part of the cluster, or none and no pods either."""
    flags = call.flags
    if flags.given & {"name", "data-dir", "json"}:
        return True
    if len(call.words) > 1 or flags.given - {*_FLAGS}:
        return False
    return not call.words or re.fullmatch(_PART, call.words[0]) is not None


def show(call: "Call") -> int:
    """Let tail(1) do it: it follows by inotify and survives rotation."""
    from fairway.cluster.config import DEFAULT_DATA_DIR, DEFAULT_NAME, locate
    from fairway.cluster.errors import ClusterError
    from fairway.cluster.nodes import parts

    for word in call.words:
        if re.fullmatch(_PART, word) is None and word != _INGRESS:
            choice = f"control, node, node-2, ..., supervisor, {_INGRESS}"
            print(f"error: {word!r} is no part: choose from {choice}", file=sys.stderr)
            print("  fix: for the logs of a pod leave --name and --data-dir away", file=sys.stderr)
            return 2
    config = locate(
        call.flags.name if call.flags.is_given("name") else DEFAULT_NAME,
        call.flags.data_dir if call.flags.is_given("data-dir") else DEFAULT_DATA_DIR,
    )
    wanted = call.words or (*parts(config), _INGRESS)
    found = {part: str(path) for part in wanted if (path := config.log_dir / f"{part}.log").exists()}
    paths = list(found.values())
    if not paths:
        raise ClusterError(f"no logs yet in {config.log_dir}", f"start the cluster: sudo fairway up{config.flags}")
    if not all(os.access(path, os.R_OK) for path in paths):
        raise ClusterError(
            f"the logs in {config.log_dir} are for root to read", f"run: sudo fairway logs{config.flags}"
        )
    count = call.flags.tail if call.flags.is_given("tail") else 200
    if call.flags.json:
        from fairway.cli.commands.logs import json_lines

        return json_lines.show(found, count=count, follow=call.flags.follow)
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", str(count), *(["-F"] if call.flags.follow else []), *paths])
