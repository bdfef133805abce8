"""JSONPath as definitions of kinds use it: ``.spec.replicas``, ``.status.conditions[?(@.type=="Ready")].status``.

Pure.  Shape: ``compiled(path)(value)`` gives the list of what is found.  Raises: ``ValueError`` for what is none.
Source: Kubernetes docs, "JSONPath Support"; the subset that printer columns and selectable fields may use.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Find = Callable[[Any], list[Any]]
Step = Callable[[Any], Iterator[Any]]
_TOKEN = re.compile(
    r"""\.\.(?P<deep>[A-Za-z_][\w-]*)|\.(?P<name>(?:[\w/-]|\\.)+)|\.?\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]"""
    r"""|\[(?P<index>-?\d+)\]|\[(?P<slice>-?\d*:-?\d*)\]|(?P<all>\[\*\]|\.\*)|\[\?\((?P<filter>.*?)\)\]"""
)
_FILTER = re.compile(r"""@(?P<path>[^=!<>\s]*)\s*(?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<value>.+?))?\s*""")
_SIMPLE = re.compile(r"(\.[A-Za-z_][\w-]*)+")


def is_simple(path: str) -> bool:
    """Whether a path only names fields, one below the other."""
    return _SIMPLE.fullmatch(path) is not None


@lru_cache(1024)
def compiled(path: str) -> Find:
    """What finds the values at ``path``.  Raises: ``ValueError``."""
    steps, at = [], 0
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f'"{path}" is no JSONPath: "{text[at:]}" is not understood')
        steps.append(_step(token))
        at = token.end()

    def find(value: Any) -> list[Any]:
        found = [value]
        for step in steps:
            found = [inner for one in found for inner in step(one)]
        return found

    return find


def _step(token: re.Match[str]) -> Step:
    if token["deep"]:
        return lambda value: _deep(value, token["deep"])
    if token["name"] or token["quoted"] is not None:
        return _member(re.sub(r"\\(.)", r"\1", token["name"] or token["quoted"]))
    if token["index"]:
        return _item(int(token["index"]))
    if token["slice"]:
        first, last = (int(part) if part else None for part in token["slice"].split(":"))
        return lambda value: iter(value[first:last] if isinstance(value, list) else ())
    if token["all"]:
        return lambda value: iter(
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        )
    return _filter(token["filter"])


def _member(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _item(place: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= place < len(value):
            yield value[place]

    return step


def _deep(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from _deep(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _deep(inner, name)


def _filter(text: str) -> Step:
    found = _FILTER.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'the filter "{text}" is not understood')
    inner = compiled(found["path"]) if found["path"] else lambda value: [value]
    operator, wanted = found["operator"], _literal(found["value"]) if found["value"] else None

    def step(value: Any) -> Iterator[Any]:
        for one in value if isinstance(value, list) else ():
            values = inner(one)
            if values and (operator is None or _holds(values[0], operator, wanted)):
                yield one

    return step


def _literal(text: str) -> Any:
    if text[:1] in "\"'":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _holds(left: Any, operator: str, right: Any) -> bool:
    try:
        return bool({
            "==": lambda: left == right, "!=": lambda: left != right, "<": lambda: left < right,
            ">": lambda: left > right, "<=": lambda: left <= right, ">=": lambda: left >= right,
        }[operator]())  # fmt: skip
    except TypeError:
        return False
