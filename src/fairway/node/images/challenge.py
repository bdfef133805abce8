"""Challenges: what a registry demands of who comes without credentials.  Pure.

Sources: RFC 9110 section 11.6.1 (WWW-Authenticate), RFC 6750, the distribution project's token specification.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_PARAMETER = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*,?\s*')
_SCHEME = re.compile(r"\s*([A-Za-z0-9_-]+)(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One scheme and its parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> list[Challenge]:
    """Every challenge in a WWW-Authenticate header; what cannot be read ends the list."""
    found: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while pair := _PARAMETER.match(header, position):
            quoted = pair.group(2)
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else pair.group(3)
            parameters[pair.group(1).lower()] = value
            position = pair.end()
        found.append(Challenge(match.group(1).lower(), parameters))
    return found


def token_url(challenge: Challenge, repository: str) -> str:
    """Where the token for pulling a repository is fetched; empty when the challenge names no https or http realm."""
    realm = challenge.parameters.get("realm", "")
    if not realm.startswith(("https://", "http://")):
        return ""
    query = {"scope": challenge.parameters.get("scope") or f"repository:{repository}:pull"}
    if service := challenge.parameters.get("service"):
        query["service"] = service
    return realm + ("&" if "?" in realm else "?") + urlencode(sorted(query.items()))
