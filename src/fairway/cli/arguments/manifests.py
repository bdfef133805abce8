"""Manifests: the objects of ``-f``: files, folders, standard input and URLs; YAML documents and JSON.

Shape: ``objects(...)`` gives ``(object, source)``, lists taken apart.  Imported only where there are manifests.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from fairway.cli.failure import Failure

SUFFIXES = (".json", ".yaml", ".yml")
_URL_TIMEOUT_S = 30.0
_GO_TYPE = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'


def objects(
    names: Sequence[str], kustomize: str = "", *, is_recursive: bool = False, failures: list[Exception] | None = None
) -> Iterator[tuple[dict[str, Any], str]]:
    """Everything that ``names`` hold.  With ``failures``, a text that is none is put there and the next one follows."""
    if kustomize and names:
        raise Failure("only one of -f or -k can be specified")
    try:
        sources = [("kustomization", _kustomized(kustomize))] if kustomize else list(_sources(names, is_recursive))
    except Failure as error:
        if failures is None or not kustomize:
            raise
        failures.append(error)
        return
    for source, text in sources:
        try:
            for document in documents(text, source):
                for found in _taken_apart(document):
                    yield found, source
        except Failure as error:
            if failures is None:
                raise
            failures.append(error)


def _taken_apart(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
        for item in document["items"]:
            if isinstance(item, dict):
                yield from _taken_apart(item)
    else:
        yield document


def _sources(names: Sequence[str], is_recursive: bool) -> Iterator[tuple[str, str]]:
    for name in names:
        if name == "-":
            yield "STDIN", sys.stdin.read()
        elif name.startswith(("http://", "https://")):
            yield name, _fetched(name)
        elif os.path.isdir(name):
            files = sorted(_in_folder(name, is_recursive))
            if not files:
                raise Failure(f"error reading [{name}]: recognized file extensions are [{' '.join(SUFFIXES)}]")
            for file in files:
                yield file, _read(file)
        else:
            yield from ((file, _read(file)) for file in _globbed(name))


def _globbed(name: str) -> list[str]:
    if os.path.exists(name):
        return [name]
    from glob import glob

    if found := sorted(glob(name)):
        return found
    raise Failure(f'the path "{name}" does not exist')


def _in_folder(folder: str, is_recursive: bool) -> Iterator[str]:
    for entry in os.scandir(folder):
        if entry.is_dir() and is_recursive:
            yield from _in_folder(entry.path, is_recursive)
        elif entry.is_file() and entry.name.endswith(SUFFIXES):
            yield entry.path


def _read(file: str) -> str:
    try:
        with open(file, encoding="utf-8") as reading:
            return reading.read()
    except UnicodeDecodeError as error:
        raise Failure(f"error parsing {file}: it is not UTF-8: {error.reason}") from None


def _fetched(url: str) -> str:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_URL_TIMEOUT_S) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise Failure(
            f'unable to read URL "{url}", server reported {error.code} {error.reason}, status code={error.code}'
        ) from None
    except OSError as error:
        if isinstance(getattr(error, "reason", None), ConnectionRefusedError):
            server = url.partition("://")[2].partition("/")[0]
            text = f"The connection to the server {server} was refused - did you specify the right host or port?"
            raise Failure(text, is_bare=True) from None
        raise Failure(f'unable to read URL "{url}": {error}') from None


def _kustomized(folder: str) -> str:
    """What the program kustomize, or kubectl, makes of ``folder``."""
    import shutil
    import subprocess

    program = next(filter(None, map(shutil.which, ("kustomize", "kubectl"))), None)
    if program is None:
        raise Failure("-k needs the program kustomize\n  fix: install it: https://kubectl.docs.kubernetes.io")
    words = [program, "build" if program.endswith("kustomize") else "kustomize", folder]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().removeprefix("error: ").removeprefix("Error: ")
        raise Failure(said.partition('err="')[2].removesuffix('"') or said)
    return done.stdout


def documents(text: str, source: str) -> Iterator[dict[str, Any]]:
    """The documents of one text; empty ones are left out.  Raises: ``Failure``."""
    if text.lstrip()[:1] in ("{", "["):
        yield from _json(text, source)
        return
    from fairway.apiserver.yaml_form import load

    for part in _parts(text):
        try:
            found = load(part.encode())
        except ValueError as error:
            raise Failure(f"error parsing {source}: error converting YAML to JSON: {yaml_error(error)}") from None
        if found is None:
            continue
        if not isinstance(found, dict):
            kind = {str: "string", list: "array", bool: "bool"}.get(type(found), "number")
            raise Failure(
                f'unable to decode "{source}": json: cannot unmarshal {kind} into Go value of type {_GO_TYPE}'
            )
        yield found


def yaml_error(error: ValueError) -> str:
    """A fault of YAML in the words of Kubernetes' parser, a translation of libyaml that counts lines in its own way."""
    cause: Any = error.__cause__
    if cause is None or not getattr(cause, "problem", ""):
        text = str(error)
        return text if text.startswith("yaml: ") else f"yaml: {text}"
    marks = (mark.line for mark in (cause.context_mark, cause.problem_mark) if mark is not None and mark.line)
    line = next(marks, 0)
    where = f"line {line + (type(cause).__name__ == 'ScannerError')}: " if line else ""
    return f"yaml: {where}{cause.problem}"


def _parts(text: str) -> Iterator[str]:
    """Documents between lines that begin with ``---``."""
    held: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("---"):
            yield "".join(held)
            held = []
            # What stands behind the dashes belongs to the next document.
            if (rest := line[3:].strip()) and not rest.startswith("#"):
                held.append(line[3:].lstrip())
        else:
            held.append(line)
    yield "".join(held)


def _json(text: str, source: str) -> Iterator[dict[str, Any]]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        try:
            found, place = decoder.raw_decode(text, place)
        except ValueError as error:
            said = str(error).partition(":")[0]
            at_end = getattr(error, "pos", 0) >= len(text.rstrip())
            raise Failure(f"error parsing {source}: {'unexpected EOF' if at_end else said}") from None
        if isinstance(found, dict):
            yield found
        while place < len(text) and text[place] in " \t\r\n":
            place += 1
