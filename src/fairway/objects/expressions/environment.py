"""Environment: the library with Kubernetes' own functions.

Values that CEL has no type for (quantities, addresses, URLs, versions) are maps with one member that says what they
are.
Source: Kubernetes docs, "Common Expression Language in Kubernetes", "Kubernetes CEL libraries".
"""

import base64
from datetime import UTC, datetime
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

from fairway.objects.expressions import addresses, amounts, authorizer, formats, images, lists, texts, versions
from fairway.objects.expressions.moments import span

_EXTENSIONS = "extensions:\n" + "".join(f"- name: {name}\n" for name in ("sets", "two-var-comprehensions"))
_TYPES = {
    "dyn": cel.Type.DYN, "bool": cel.Type.BOOL, "string": cel.Type.STRING, "int": cel.Type.INT,
    "double": cel.Type.DOUBLE, "list": cel.Type.List(cel.Type.DYN), "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}  # fmt: skip


def _moment(found: Any) -> str:
    """As the library reads moments: it takes none from functions."""
    made = datetime.fromisoformat(found) if isinstance(found, str) else found
    return str((made if made.tzinfo else made.replace(tzinfo=UTC)).isoformat())


def _span(found: Any) -> str:
    seconds = span(found) if isinstance(found, str) else found.total_seconds()
    return f"{seconds:.9f}s"


def _bytes(found: Any) -> Any:
    return base64.b64decode(found) if isinstance(found, str) else found


def _inserted(before: dict[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    if key in before:
        raise ValueError(f"insert failed: key {key} already exists")
    return {**before, key: value}


def _merged(before: dict[Any, Any], more: dict[Any, Any]) -> dict[Any, Any]:
    for key, value in more.items():
        before = _inserted(before, key, value)
    return before


READERS: tuple[lists.Function, ...] = (
    ("@moment", False, ("dyn",), "string", _moment),
    ("@span", False, ("dyn",), "string", _span),
    ("@bytes", False, ("dyn",), "dyn", _bytes),
    ("@insert", False, ("dyn", "dyn", "dyn"), "dyn", _inserted),
    ("@insert", False, ("dyn", "dyn"), "dyn", _merged),
)
_LIBRARIES = (
    READERS, lists.FUNCTIONS, texts.FUNCTIONS, formats.FUNCTIONS, amounts.FUNCTIONS, addresses.FUNCTIONS,
    versions.FUNCTIONS, images.FUNCTIONS, authorizer.FUNCTIONS,
)  # fmt: skip


def environment() -> Any:
    """What parses expressions, and runs those that were checked."""
    standard = [ext_strings.ExtStrings(), ext_optional.ExtOptional()]
    # Ours come last: they add overloads to functions that are there, and the others would only declare them again.
    ours = cel.CelExtension("kubernetes", _functions())
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_EXTENSIONS), extensions=[*standard, ours])


def _functions() -> list[Any]:
    """Every function with the overloads that all libraries give it."""
    overloads: dict[str, list[Any]] = {}
    for library in _LIBRARIES:
        for name, is_member, takes, gives, run in library:
            key = f"fairway_{name}_{'_'.join(takes)}_{'member' if is_member else 'global'}"
            parameters = [_TYPES[one] for one in takes]
            made = cel.Overload(key, _TYPES[gives], parameters, is_member=is_member, impl=run)
            overloads.setdefault(name, []).append(made)
    return [cel.FunctionDecl(name, found) for name, found in overloads.items()]
