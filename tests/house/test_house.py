"""The house's own rules: the tree is the architecture, and the lists are complete."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
SOURCE = HOUSE / "src" / "fairway"
MODULES = sorted(path for path in SOURCE.rglob("*.py"))
REFUSED = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}


def test_every_folder_of_the_product_is_in_the_tour() -> None:
    tour = (HOUSE / "ARCHITECTURE.md").read_text()
    missing = [folder.name for folder in SOURCE.iterdir() if folder.is_dir() and f"{folder.name}/" not in tour]
    assert [name for name in missing if name != "__pycache__"] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in MODULES if path.stem in REFUSED or path.parent.name in REFUSED] == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        str(path.relative_to(HOUSE)): count for path in MODULES if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def _kind_records() -> Iterator[tuple[str, str]]:
    """Every ``NAME = Kind(...)`` in the source of the kinds."""
    for path in (SOURCE / "kinds").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_record = isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            if is_record and getattr(node.value.func, "id", "") == "Kind":
                yield path.stem, node.targets[0].id


def test_every_kind_is_in_the_list() -> None:
    from fairway import kinds

    listed = {name for name in vars(kinds) if vars(kinds)[name] in (*kinds.ALL, *kinds.VIRTUAL) and name.isupper()}
    assert {name for _, name in _kind_records()} - listed == set()


def test_every_controller_is_in_the_list() -> None:
    from fairway import controllers
    from fairway.reconcile.controller import Controller

    found = set()
    for path in (SOURCE / "controllers").rglob("*.py"):
        relative = path.relative_to(SOURCE.parent).with_suffix("")
        name = ".".join(part for part in relative.parts if part != "__init__")
        module = importlib.import_module(name)
        found |= {record.name for record in vars(module).values() if isinstance(record, Controller)}
    assert found == {record.name for record in controllers.ALL}


def test_every_command_has_its_module_and_the_reverse() -> None:
    from fairway.cli.main import COMMANDS

    folder = SOURCE / "cli" / "commands"
    modules = [*folder.glob("*.py"), *(path.parent for path in folder.glob("*/__init__.py"))]
    assert {path.stem.replace("_", "-") for path in modules} - {"--init--"} == set(COMMANDS)


def test_every_setting_is_documented() -> None:
    from fairway.cluster.config import SETTINGS

    text = (HOUSE / "docs" / "settings.md").read_text()
    assert [setting.name for setting in SETTINGS if f"`--{setting.name.replace('_', '-')}`" not in text] == []


def test_decisions_are_numbered_without_gaps_or_repeats() -> None:
    numbers = sorted(int(path.name[:4]) for path in (HOUSE / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_links_of_the_front_pages_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (HOUSE / page).read_text())
    assert [target for target in targets if not (HOUSE / target).exists()] == []


def test_no_shell_is_ever_built() -> None:
    pattern = re.compile(r"shell=True|os\.system|unittest\.mock")
    assert [str(path) for path in MODULES if pattern.search(path.read_text())] == []


def test_every_setting_has_its_check_and_its_row_in_the_docs() -> None:
    from fairway.cluster import values
    from fairway.cluster.config import SETTINGS, Config

    names = [setting.name for setting in SETTINGS]
    rows = re.findall(
        r"^\| `--([a-z-]+)` \| `(\w+)` \| `?([^|`]+)`? \|", (HOUSE / "docs/settings.md").read_text(), re.M
    )
    assert [key for _, key, _ in rows] == names
    assert [flag.replace("-", "_") for flag, _, _ in rows] == names
    assert set(values._CHECKS) == set(names)
    told = {key: default.strip() for _, key, default in rows if getattr(Config(), key)}
    assert told == {key: str(getattr(Config(), key)) for key in told}


def test_paths_that_the_guides_name_are_there() -> None:
    for guide in ("CONTRIBUTING.md", "ARCHITECTURE.md", "README.md"):
        text = (HOUSE / guide).read_text()
        named = re.findall(r"`((?:[\w-]+/)+[\w.-]*[\w/])`", text)
        roots = (HOUSE, SOURCE, HOUSE / "examples")
        made = ("/", "bench/results", "docs/decisions", "build/")
        missing = [
            path
            for path in named
            if not path.startswith(made)
            and path.split("/")[0] in {each.name for root in roots for each in root.iterdir()}
            and not any(list(root.glob(path)) or list(root.glob(f"{path}*")) for root in roots)
        ]
        assert missing == [], guide


def test_every_test_that_a_page_names_exists() -> None:
    defined = {
        node.name
        for path in (HOUSE / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    named = {
        name for path in (HOUSE / "docs").rglob("*.md") for name in re.findall(r"`(test_[a-z0-9_]+)`", path.read_text())
    }
    assert named - defined == set()
