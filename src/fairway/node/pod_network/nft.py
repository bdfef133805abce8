"""Nft: the ``nft`` program, for the tables of the pods' network.  Blocking."""

import os
import subprocess
from collections.abc import Sequence

from fairway.node.path import find
from fairway.node.runtimes.interface import RuntimeFailure


def run(words: Sequence[str], reason: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """``nft`` with these words, whatever it answers; in English.  Raises: ``RuntimeFailure`` if it is missing."""
    program = find("nft")
    if program is None:
        raise RuntimeFailure(reason, "nft is missing: install it with `apt-get install nftables`")
    return subprocess.run(
        [program, *words], input=text, capture_output=True, text=True, check=False,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip


def load(text: str, what: str, reason: str) -> None:
    """All of ``text`` in one transaction, or nothing; ``what`` names it.  Raises: ``RuntimeFailure``."""
    answer = run(["-f", "-"], reason, text)
    if answer.returncode:
        raise RuntimeFailure(reason, f"nft refused {what}: {answer.stderr.strip()}")
