"""Manifests: the objects of ``-f``: files, folders, standard input and URLs; YAML documents and JSON.

Shape: ``objects(...)`` gives objects and where they come from, lists taken apart.  Imported only where there are
manifests.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fairway.cli.arguments.heads import refused
from fairway.cli.arguments.json_stream import values
from fairway.cli.failure import Failure

SUFFIXES = (".json", ".yaml", ".yml")
_URL_TIMEOUT_S = 30.0
Check = Callable[[Any, str], None]
"""Looks at a document as it is written, and where it comes from.  Raises: ``Failure``."""


def objects(
    names: Sequence[str],
    kustomize: str = "",
    *,
    is_recursive: bool = False,
    problems: list[Exception] | None = None,
    check: Check | None = None,
) -> Iterator[tuple[dict[str, Any], str, bool]]:
    """Everything that ``names`` hold: the object, its source, and whether it was one of a list.

    With ``problems``, a document that is no object is put there and the next one follows; a text that cannot be read
    or does not stand ``check`` ends there, and the next text follows.
    """
    if kustomize and names:
        raise Failure("only one of -f or -k can be specified")
    try:
        sources = [("kustomization", _kustomized(kustomize))] if kustomize else list(_sources(names, is_recursive))
    except Failure as error:
        if problems is None or not kustomize:
            raise
        problems.append(error)
        return
    for source, text in sources:
        try:
            yield from _of_text(source, text, problems, check)
        except Failure as error:
            if problems is None:
                raise
            problems.append(error)


def _of_text(
    source: str, text: str, problems: list[Exception] | None, check: Check | None
) -> Iterator[tuple[dict[str, Any], str, bool]]:
    for document in documents(text, source):
        if check is not None:
            check(document, source)
        if said := refused(document):
            problem = Failure(f'unable to decode "{source}": {said}')
            if problems is None:
                raise problem
            problems.append(problem)
            continue
        for found in _taken_apart(document):
            yield found, source, found is not document


def _taken_apart(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = str(document.get("kind", ""))
    if not kind.endswith("List") or not isinstance(document.get("items"), list):
        yield document
        return
    inherited = {"apiVersion": document.get("apiVersion"), "kind": kind.removesuffix("List")}
    for item in document["items"]:
        if isinstance(item, dict):
            yield from _taken_apart({**inherited, **item} if inherited["kind"] else item)


def check_paths(names: Sequence[str]) -> None:
    """Whether there is something at each name that is no URL.  Raises: ``Failure`` that tells of all without."""
    missing = [name for name in names if not _is_there(name)]
    if missing:
        raise Failure("\n".join(f'the path "{name}" does not exist' for name in missing), is_bare=len(missing) > 1)


def _is_there(name: str) -> bool:
    if name == "-" or name.startswith(("http://", "https://")) or os.path.exists(name):
        return True
    from glob import glob

    return bool(glob(name))


def _sources(names: Sequence[str], is_recursive: bool) -> Iterator[tuple[str, str]]:
    check_paths(names)
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

    return sorted(glob(name))


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
    import urllib.parse
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
        import socket

        if isinstance(getattr(error, "reason", None), socket.gaierror):
            from fairway.client.blocking.unreachable import no_such_host

            host = urllib.parse.urlsplit(url).hostname or ""
            raise Failure(f"Unable to connect to the server: {no_such_host(host)}", is_bare=True) from None
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


def documents(text: str, source: str) -> Iterator[Any]:
    """The documents of one text, whatever they are; empty ones are left out.  Raises: ``Failure``."""
    if text.lstrip()[:1] == "{":
        try:
            yield from (found for found in values(text) if found is not None)
        except ValueError as error:
            raise Failure(f"error parsing {source}: {error}") from None
        return
    from fairway.apiserver.yaml_form import load

    for part in _parts(text):
        try:
            found = load(part.encode(), [])
        except ValueError as error:
            raise Failure(f"error parsing {source}: error converting YAML to JSON: {yaml_error(error)}") from None
        if found is not None:
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
