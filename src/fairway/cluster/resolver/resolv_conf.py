"""Resolv_conf: our lines at the top of a resolv.conf, put in and taken out.  Pure.

Shape: texts in, texts out.  The lines stand between two marks that name the cluster, so that what was there before is
there afterwards, byte for byte, and what others changed meanwhile stays.
Source: resolv.conf(5): the first name server is asked first, of several ``options`` lines the last word counts.
"""

import re
from typing import Final

_BEGIN: Final = '# fairway cluster "{name}": '
_END: Final = '# fairway cluster "{name}" ends here\n'
_BLOCK: Final = re.compile(r'^# fairway cluster "([^"\n]*)": .*\n(?:.*\n)*?# fairway cluster "\1" ends here\n', re.M)
_MADE: Final = "the file was made for it"


def block(name: str, address: str, undo: str, *, is_made: bool) -> str:
    """The lines that have ``address`` asked first; where it is silent, others are asked after a second.

    ``undo`` is the command that takes them out; ``is_made`` says that there was no such file.
    """
    why = f"its names are asked there; take out with: {undo}" + (f" ({_MADE})" if is_made else "")
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    return f"{begin}{why}\nnameserver {address}\noptions timeout:1\n{end}"


def holders(text: str) -> list[str]:
    """The clusters that have lines in it."""
    return [match[1] for match in _BLOCK.finditer(text)]


def without(text: str, name: str) -> str | None:
    """The text without a cluster's lines; ``None`` for a file that was made for them and holds nothing else."""
    made = False

    def drop(match: re.Match[str]) -> str:
        nonlocal made
        if match[1] != name:
            return match[0]
        made = _MADE in match[0].partition("\n")[0]
        return ""

    rest = _BLOCK.sub(drop, text)
    return None if made and not rest.strip() else rest
