"""File path rules: paths below a volume, which may not lead out of it.

Source: Kubernetes API reference, "KeyToPath v1 core", "VolumeMount v1 core".
"""

from collections.abc import Iterator

from fairway.objects.errors import Problem, invalid_value

_MODE = "must be a number between 0 and 0777 (octal), both inclusive"


def without_backsteps(path: str, value: str) -> Iterator[Problem]:
    """No part of it is ``..``."""
    if ".." in value.split("/"):
        yield invalid_value(path, value, "must not contain '..'")


def descending(path: str, value: str) -> Iterator[Problem]:
    """A relative path that only descends."""
    if value.startswith("/"):
        yield invalid_value(path, value, "must be a relative path")
    yield from without_backsteps(path, value)


def unreserved(path: str, value: str) -> Iterator[Problem]:
    """A descending path whose first part leaves alone what atomic writers keep for themselves."""
    yield from descending(path, value)
    if value.startswith("..") and not value.startswith("../"):
        yield invalid_value(path, value, "must not start with '..'")


def file_mode(path: str, mode: int | None) -> Iterator[Problem]:
    """The permissions of a file."""
    if mode is not None and not 0 <= mode <= 0o777:
        yield invalid_value(path, mode, _MODE)
