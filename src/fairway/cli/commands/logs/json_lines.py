"""JSON lines: the logs of a cluster's own processes, a JSON object a line.

Shape: ``{"part", "time", "level", "logger", "message"}``; a line of a traceback has ``part`` and ``message`` alone.
"""

import json
import os
import re
import selectors
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT[\d:.]+) (?:([A-Z]+) )?([\w.]+): (.*)$", re.S)


def parsed(part: str, line: str) -> "dict[str, str]":
    """One line as an object.  Pure."""
    found = _LINE.match(line)
    if found is None:
        return {"part": part, "message": line}
    return {"part": part, "time": found[1], "level": found[2] or "INFO", "logger": found[3], "message": found[4]}


def show(paths: "Mapping[str, str]", *, count: int, follow: bool) -> int:
    """The last lines of each part's file, and with ``follow`` all that come."""
    options = ["-n", str(count), *(["-F"] if follow else [])]
    tails = {
        part: subprocess.Popen(["tail", *options, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for part, path in paths.items()
    }
    rest = dict.fromkeys(tails, b"")
    try:
        with selectors.DefaultSelector() as waiting:
            for part, tail in tails.items():
                waiting.register(tail.stdout, selectors.EVENT_READ, part)  # type: ignore[arg-type]
            while waiting.get_map():
                for key, _ in waiting.select():
                    piece = os.read(key.fd, 65536)
                    if not piece:
                        waiting.unregister(key.fileobj)
                    *lines, rest[key.data] = (rest[key.data] + piece).split(b"\n")
                    for line in lines:
                        print(json.dumps(parsed(key.data, line.decode(errors="replace")), ensure_ascii=False))
                    sys.stdout.flush()
    finally:
        for tail in tails.values():
            tail.terminate()
            tail.communicate()
    return 0
