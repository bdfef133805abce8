"""Editing: an object goes through an editor, and again where what comes back is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairway.cli.editing.session import session
from fairway.cli.failure import Failure, Silent
from fairway.client.blocking import ApiError

FOUND = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}}
SUBJECT = 'configmaps "x"'


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Have the editor be a program of these lines of shell; the file is $1."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def be(lines: str) -> Path:
        program = tmp_path / "editor"
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        monkeypatch.setenv("KUBE_EDITOR", str(program))
        return tmp_path

    return be


def test_what_was_changed_is_saved(editor: Callable[[str], Path]) -> None:
    folder = editor("sed -i 's/a: b/a: c/' \"$1\"")
    saved: list[Any] = []
    assert session(FOUND, saved.append, SUBJECT) == 0
    assert saved == [{**FOUND, "data": {"a": "c"}}]
    assert list(folder.glob("fairway-edit-*")) == []


def test_nothing_changed(editor: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = editor("true")
    saved: list[Any] = []
    assert session(FOUND, saved.append, SUBJECT) == 0
    assert saved == []
    assert capsys.readouterr().err == "Edit cancelled, no changes made.\n"
    assert list(folder.glob("fairway-edit-*")) == []


def test_an_empty_file(editor: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    editor(': > "$1"')
    assert session(FOUND, lambda after: None, SUBJECT) == 0
    assert capsys.readouterr().err == "Edit cancelled, saved file was empty.\n"


def test_a_refusal_opens_the_file_again(editor: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = editor('cat "$1" > "$1".seen; sed -i \'s/a: b/a: c/\' "$1"')

    def refuse(after: Any) -> None:
        cause = {"field": "data.a", "message": "Invalid value"}
        raise ApiError({"reason": "Invalid", "message": "no", "details": {"causes": [cause]}})

    with pytest.raises(Silent):
        session(FOUND, refuse, SUBJECT)
    errors = capsys.readouterr().err
    assert errors.startswith('error: configmaps "x" is invalid\nA copy of your changes has been stored to "')
    assert errors.endswith('"\nerror: Edit cancelled, no valid changes were saved.\n')
    seen = sorted(path.read_text() for path in folder.glob("*.seen"))
    assert '# configmaps "x" was not valid:\n# * data.a: Invalid value\n#\n' in "".join(seen)


def test_an_editor_that_fails(editor: Callable[[str], Path]) -> None:
    editor("exit 3")
    with pytest.raises(Failure, match="there was a problem with the editor"):
        session(FOUND, lambda after: None, SUBJECT)
