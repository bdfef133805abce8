"""ConfigMaps and Secrets from words and files' contents.

Shape: ``Source`` is a key and its bytes, in the order of the command line; the reading is done in ``data_sources``.
"""

import base64
import hashlib
from collections.abc import Iterable

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.cli.generators.go_json import compact
from fairway.objects import Object, names

Source = tuple[str, bytes]
DOCKER_SERVER = "https://index.docker.io/v1/"
_HASH_LETTERS = str.maketrans("013ae", "ghkmt")
"""Digits and vowels that may spell words are replaced: upstream's rule for hashes in names."""


def config_map(name: str, sources: Iterable[Source], *, has_hash: bool = False) -> Object:
    """A ConfigMap; what is no UTF-8 goes into ``binaryData``."""
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    for key, value in sources:
        if faults := list(names.config_key(key)):
            raise GeneratorError(f'"{key}" is not a valid key name for a ConfigMap: {",".join(faults)}')
        if key in data or key in binary:
            where = "Data" if key in data else "BinaryData"
            raise GeneratorError(
                f'cannot add key "{key}", another key by that name already exists in {where} for ConfigMap "{name}"'
            )
        try:
            data[key] = value.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(value).decode()
    hashed: Object = {"kind": "ConfigMap", "name": name, "data": data}
    if binary:
        hashed["binaryData"] = binary
    made = head("ConfigMap", "v1", metadata(f"{name}-{name_hash(hashed)}" if has_hash else name))
    if data:
        made["data"] = dict(sorted(data.items()))
    if binary:
        made["binaryData"] = dict(sorted(binary.items()))
    return made


def secret(name: str, type_: str, sources: Iterable[Source], *, has_hash: bool = False) -> Object:
    """A Secret of that type; an empty one is left to the server."""
    data: dict[str, str] = {}
    for key, value in sources:
        if faults := list(names.config_key(key)):
            raise GeneratorError(f'"{key}" is not valid key name for a Secret {";".join(faults)}')
        if key in data:
            raise GeneratorError(f"cannot add key {key}, another key by that name already exists")
        data[key] = base64.b64encode(value).decode()
    hashed = {"kind": "Secret", "type": type_, "name": name, "data": data}
    made = head("Secret", "v1", metadata(f"{name}-{name_hash(hashed)}" if has_hash else name))
    if data:
        made["data"] = dict(sorted(data.items()))
    if type_:
        made["type"] = type_
    return made


def docker_config(server: str, username: str, password: str, email: str) -> bytes:
    """The ``.dockerconfigjson`` that lets pods pull from one registry."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    entry = {"username": username, "password": password, "email": email, "auth": auth}
    entry = {name: value for name, value in entry.items() if value}
    return compact({"auths": {server: entry}}, is_sorted=False).encode()


def name_hash(hashed: Object) -> str:
    """The ten letters that ``--append-hash`` puts behind a name."""
    return hashlib.sha256(compact(hashed).encode()).hexdigest()[:10].translate(_HASH_LETTERS)
