"""Path: where a node's programs are looked for, the folders of the administrator among them.

A shell that became root by ``su``, and some service files, have no ``sbin`` in their ``PATH``.
"""

import os
import shutil

SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def find(*names: str) -> str | None:
    """The first of the programs that the machine has, as a path."""
    path = f"{os.environ.get('PATH', '')}:{SYSTEM}"
    return next((found for name in names if (found := shutil.which(name, path=path))), None)
