"""The frame as `nft list` shows it, which is what an operator reads.

The expected text stands in tests/golden; ``FAIRWAY_REWRITE_GOLDEN=1`` writes it anew: commit it only if you can say why
each line changed.
"""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from programmed_table import ProgrammedTable
from service_network import Namespace, needs_root_and_namespaces

pytestmark = needs_root_and_namespaces
GOLDEN = Path(__file__).resolve().parent.parent / "golden"
LISTING_OF = "v1.0.6"


@pytest.fixture
def where() -> Iterator[Namespace]:
    made = Namespace(f"fwt-{secrets.token_hex(3)}")
    yield made
    made.remove()


def _nft(where: Namespace, *words: str) -> str:
    inside = ["ip", "netns", "exec", where.name, "nft", *words]
    return subprocess.run(inside, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft (apt install nftables)")
@pytest.mark.parametrize("family", ["ip", "ip6"])
def test_the_frame_reads_as_it_should(where: Namespace, family: str) -> None:
    if LISTING_OF not in _nft(where, "--version"):
        pytest.skip(f"the expected listing is that of nft {LISTING_OF}")
    ProgrammedTable(where).dataplane.close()
    listed = _nft(where, "list", "table", family, "fairway-t")
    # The lists of 8 slots and more differ from those of 4 in their numbers only; digests change with every rule.
    listed = re.sub(r"\tchain (spread|bind)-(8|16|32|64|128|\d{3,}) \{.*?\n\t\}\n\n", "", listed, flags=re.DOTALL)
    listed = re.sub(r"fairway (sets|rules) [0-9a-f]{16}", r"fairway \1 DIGEST", listed)
    expected = GOLDEN / f"frame.{family}.nft"
    if os.environ.get("FAIRWAY_REWRITE_GOLDEN"):
        expected.write_text(listed)
    assert listed == expected.read_text()
