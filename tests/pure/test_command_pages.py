"""The pages of the commands say what the commands say: usage and flags, each command a page."""

import re
import sys
from pathlib import Path

import pytest

from fairway.cli.main import COMMANDS

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
from command_pages import FOLDER, merged, pages

HOUSE = Path(__file__).resolve().parents[2]
MADE = pages()


@pytest.mark.parametrize("name", MADE)
def test_a_page_is_up_to_date(name: str) -> None:
    page = FOLDER / name
    assert page.exists(), "run scripts/docs"
    text = page.read_text()
    assert merged(text, MADE[name].rstrip() + "\n") == text, "run scripts/docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_of_a_command_has_examples_or_says_where_they_are(name: str) -> None:
    written = (FOLDER / f"{name}.md").read_text().partition("<!-- made by: hand")[2]
    assert "```console" in written or "```sh" in written or re.search(r"\]\(\.\./[\w-]+\.md\)", written)


def test_what_was_written_by_hand_stays() -> None:
    first = merged("", "one\n")
    again = merged(f"{first}\n## Examples\n", "two\n")
    assert "two" in again
    assert "one" not in again
    assert again.endswith("\n## Examples\n")


def test_links_of_all_pages_lead_somewhere() -> None:
    dead = [
        f"{page.relative_to(HOUSE)}: {target}"
        for page in (HOUSE / "docs").rglob("*.md")
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert dead == []
