"""References: image names as people write them, made whole.  Pure.

Source: the reference grammar of github.com/distribution/reference and Docker's rules for short names.
"""

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "docker.io"
OFFICIAL_PREFIX = "library/"
NAME_MAX = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


class InvalidReference(ValueError):
    """The text is no image reference; the message says why in the words that every client shows."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A whole reference.  ``tag`` is empty when only a digest was given."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def familiar(self) -> str:
        """Registry and repository: ``docker.io/luksa/kubia``."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        text = self.familiar
        if self.tag:
            text += f":{self.tag}"
        if self.digest:
            text += f"@{self.digest}"
        return text


def _split_registry(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first.lower() != first):
        return DEFAULT_REGISTRY, name
    if first in ("index.docker.io", "registry-1.docker.io"):
        first = DEFAULT_REGISTRY
    return first, rest


def _check(registry: str, repository: str, tag: str, digest: str) -> None:
    if repository.lower() != repository and _PATH.fullmatch(repository.lower()):
        raise InvalidReference(f"invalid reference format: repository name ({repository}) must be lowercase")
    if not _DOMAIN.fullmatch(registry) or not _PATH.fullmatch(repository):
        raise InvalidReference("invalid reference format")
    if len(f"{registry}/{repository}") > NAME_MAX:
        raise InvalidReference(f"repository name must not be more than {NAME_MAX} characters")
    if tag and not _TAG.fullmatch(tag):
        raise InvalidReference("invalid reference format")
    if digest and not _DIGEST.fullmatch(digest):
        raise InvalidReference("invalid reference format")
    if digest.startswith("sha256:") and not _SHA256.fullmatch(digest):
        raise InvalidReference("invalid checksum digest length")
    if digest and not digest.startswith("sha256:"):
        raise InvalidReference("unsupported digest algorithm")


def parse_reference(text: str) -> Reference:
    """The whole of what ``text`` means: ``luksa/kubia`` is ``docker.io/luksa/kubia:latest``.

    Raises: ``InvalidReference``.
    """
    if _IDENTIFIER.fullmatch(text):
        raise InvalidReference(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
    name, at, digest = text.partition("@")
    if at and not digest:
        raise InvalidReference("invalid reference format")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, ""
    elif not tag:
        raise InvalidReference("invalid reference format")
    registry, repository = _split_registry(head)
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = OFFICIAL_PREFIX + repository
    _check(registry, repository, tag, digest)
    return Reference(registry, repository, tag if tag or digest else "latest", digest)
