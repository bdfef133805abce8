"""Credentials: users and passwords for registries, from a file in Docker's ``config.json`` form."""

import base64
import json
from pathlib import Path


def credentials_from(path: Path, registry: str) -> tuple[str, str] | None:
    """User and password of a registry; ``None`` when the file is missing or does not name it."""
    try:
        auths = json.loads(path.read_bytes()).get("auths", {})
    except (OSError, ValueError, AttributeError):
        return None
    keys = [registry, f"https://{registry}", f"http://{registry}"]
    if registry == "docker.io":
        keys += ["https://index.docker.io/v1/", "index.docker.io"]
    for key in keys:
        entry = auths.get(key)
        if not isinstance(entry, dict):
            continue
        if "auth" in entry:
            user, colon, password = base64.b64decode(entry["auth"]).decode().partition(":")
            if colon:
                return user, password
        if entry.get("username"):
            return entry["username"], entry.get("password", "")
    return None
