"""Environment: the language with its extensions, and Kubernetes' own functions.

Values that CEL has no type for (amounts, addresses, URLs, versions) are maps with one member that says what they are.
Source: Kubernetes docs, "Common Expression Language in Kubernetes", "Kubernetes CEL libraries".
"""

from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_bindings, ext_encoders, ext_optional, ext_strings

from fairway.objects.expressions import addresses, amounts, authorizer, formats, lists, texts, versions

_EXTENSIONS = "extensions:\n" + "".join(f"- name: {name}\n" for name in ("sets", "math", "two-var-comprehensions"))
_TYPES = {
    "dyn": cel.Type.DYN, "bool": cel.Type.BOOL, "string": cel.Type.STRING, "int": cel.Type.INT,
    "double": cel.Type.DOUBLE, "list": cel.Type.List(cel.Type.DYN), "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
}  # fmt: skip
_LIBRARIES = (lists, texts, formats, amounts, addresses, versions, authorizer)


def environment(variables: tuple[tuple[str, str], ...]) -> Any:
    """An environment in which ``variables`` (name, type) are known."""
    standard = [ext_strings.ExtStrings(), ext_optional.ExtOptional(), ext_bindings.ExtBindings()]
    # Ours come last: they add overloads to functions that are there, and the others would only declare them again.
    ours = cel.CelExtension("kubernetes", _functions())
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml(_EXTENSIONS),
        variables={name: _type(type_) for name, type_ in variables},
        extensions=[*standard, ext_encoders.ExtEncoders(), ours],
    )


def _type(text: str) -> Any:
    """A type by name, or by its signature: ``list<int>``, ``google.protobuf.Timestamp``."""
    return _TYPES.get(text) or cel.Type(text)


def _functions() -> list[Any]:
    """Every function with the overloads that all libraries give it."""
    overloads: dict[str, list[Any]] = {}
    for library in _LIBRARIES:
        for name, is_member, takes, gives, run in library.FUNCTIONS:
            key = f"fairway_{name}_{'_'.join(takes)}_{'member' if is_member else 'global'}"
            parameters = [_TYPES[one] for one in takes]
            made = cel.Overload(key, _TYPES[gives], parameters, is_member=is_member, impl=run)
            overloads.setdefault(name, []).append(made)
    return [cel.FunctionDecl(name, found) for name, found in overloads.items()]
