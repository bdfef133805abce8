"""Every command in the documentation is run: a page is a scenario in a namespace, or on a cluster, of its own.

How pages are written: CONTRIBUTING.md, "Write a page".  A page alone: ``-k docs/dns.md``.
"""

import re
from pathlib import Path

import pytest

from .conftest import HOUSE, Cluster, name_of, need_machine
from .page_shell import PageShell

from doc_page import Page, read  # isort: skip  (page_shell makes it known)

PAGES = [HOUSE / "README.md", HOUSE / "CONTRIBUTING.md", *sorted((HOUSE / "docs").rglob("*.md"))]
READ = {str(path.relative_to(HOUSE)): read(text) for path in PAGES if "```" in (text := path.read_text())}
BY_HAND = ("docs/conformance.md",)
"""Pages with commands that need what no test has: the program of Kubernetes' own tests."""


def typed(page: Page, shell: PageShell) -> None:
    try:
        for step in page.steps:
            if problem := shell.run(step):
                pytest.fail(problem, pytrace=False)
    finally:
        shell.close()


@pytest.mark.parametrize("name", [name for name, page in READ.items() if page.steps and not page.has_own_cluster])
def test_commands_of(name: str, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    typed(READ[name], PageShell(cluster, tmp_path, namespace))


@pytest.mark.parametrize("name", [name for name, page in READ.items() if page.steps and page.has_own_cluster])
def test_commands_on_an_own_cluster_of(name: str, tmp_path: Path) -> None:
    need_machine()
    (tmp_path / "home").mkdir()
    own = Cluster(name_of("docs"), tmp_path / "home")
    try:
        typed(READ[name], PageShell(own, tmp_path))
    finally:
        own.fairway("down", "--purge")


@pytest.mark.parametrize("name", READ)
def test_every_block_says_how_it_is_run_or_why_not(name: str) -> None:
    page = READ[name]
    assert page.unmarked == (), f"{name}: blocks of commands need ```console, ```sh or `not run here`"
    for line, reason in page.not_run:
        paths = re.findall(r"run by (\S+)", reason)
        assert paths or name in BY_HAND, f"{name}:{line}: `not run here` names no test: {reason}"
        assert all((HOUSE / path.partition("::")[0]).exists() for path in paths), f"{name}:{line}: {reason}"
