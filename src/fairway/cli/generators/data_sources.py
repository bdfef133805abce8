"""Where the data of a ConfigMap or Secret comes from: literals, files, folders and files of variables.

Raises: ``GeneratorError`` with upstream's text.
"""

import os
import stat
from collections.abc import Iterator, Sequence

from fairway.cli.generators import GeneratorError
from fairway.cli.generators.data import Source
from fairway.cli.generators.variable_names import faults


def sources(literals: Sequence[str], files: Sequence[str], variables: Sequence[str]) -> Iterator[Source]:
    """Every key and value, in upstream's order: literals, files, then files of variables."""
    if variables and (literals or files):
        raise GeneratorError("from-env-file cannot be combined with from-file or from-literal")
    for word in literals:
        yield _literal(word)
    for word in files:
        yield from _files(word)
    for path in variables:
        yield from _variables(path)


def _literal(word: str) -> Source:
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise GeneratorError(f"invalid literal source {word}, expected key=value")
    return key, value.encode()


def _split(word: str) -> tuple[str, str]:
    """``KEY=PATH``, or a path whose last part is the key."""
    match word.count("="):
        case 0:
            return os.path.basename(word.rstrip("/")) or "/", word
        case 1 if word.startswith("="):
            raise GeneratorError(f"key name for file path {word[1:]} missing")
        case 1 if word.endswith("="):
            raise GeneratorError(f"file path for key name {word[:-1]} missing")
        case 1:
            key, _, path = word.partition("=")
            return key, path
    raise GeneratorError("key names or file paths cannot contain '='")


def _files(word: str) -> Iterator[Source]:
    key, path = _split(word)
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise GeneratorError(f"error reading {path}: {_reason(error)}") from error
    if not stat.S_ISDIR(mode):
        yield key, read(path)
        return
    if "=" in word:
        raise GeneratorError("cannot give a key name for a directory path")
    for name in sorted(os.listdir(path)):
        inside = os.path.join(path, name)
        if stat.S_ISREG(os.lstat(inside).st_mode):
            yield name, read(inside)


def _variables(path: str) -> Iterator[Source]:
    for number, line in enumerate(read(path).splitlines(), 1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise GeneratorError(f"env file {path} contains invalid utf8 bytes at line {number}: {line!r}") from error
        if number == 1:
            text = text.removeprefix("\ufeff")
        text = text.lstrip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if said := list(faults(key)):
            raise GeneratorError(f'"{key}" is not a valid key name: {";".join(said)}')
        yield key, (value if equals else os.environ.get(key, "")).encode()


def read(path: str) -> bytes:
    """The contents of a file, with upstream's words where there are none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise GeneratorError(f"open {path}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    """Go's words are C's in lower case."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]
