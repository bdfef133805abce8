"""YAML as Kubernetes reads and writes it: the values of JSON, nothing else.

Pure.  Imported only when somebody sends or wants YAML.
"""

from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """Refuses duplicate keys; dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    loader.flatten_mapping(node)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        name = _key_text(key)
        if name in found:
            raise ValueError(f'line {key_node.start_mark.line + 1}: key "{name}" already set in map')
        found[name] = loader.construct_object(value_node, deep=True)
    return found


def _key_text(key: Any) -> str:
    match key:
        case str():
            return key
        case bool():
            return "true" if key else "false"
        case int() | float():
            return str(key)
        case None:
            return "null"
    raise ValueError(f"unsupported map key {key!r}")


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load(raw: bytes) -> Any:
    """One document.  Raises: ``ValueError``."""
    try:
        return yaml.load(raw, Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from error


def dump(value: Any) -> bytes:
    """``value`` with members in the order they have."""
    text: bytes = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, encoding="utf-8")
    return text
