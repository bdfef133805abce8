"""Build hook: the schema table ``src/fairway/objects/schemas.bin``, made from the package kubernetes-validate.

Shape: zlib over lines of JSON.  Line 0 is ``{"version", "names", "kinds"}``: the Kubernetes version, the name of each
definition, and "apiVersion kind" -> its place.  Line 1 + i is definition i: ``f`` fields (name -> type), ``r`` required
fields, ``m`` map type, ``g`` group/version/kinds, ``u`` unions, or ``t`` where it is no object with fields.
A type is a letter (``s`` string, ``b`` bool, ``i`` int32, ``l`` int64, ``n`` number, ``y`` bytes, ``t`` time, ``o`` any
object, ``q`` quantity, ``x`` integer or string, ``*`` anything), the place of a definition, or a record: ``a`` list of,
``o`` map of, ``d`` definition, with ``l`` list type, ``k`` list map keys, ``p`` patch strategy, ``m`` patch merge key,
``c`` map type.  No prose is kept.

Run by hooks of hatchling for wheels and editable installs, and by hand: ``python hatch_build.py``.
"""

import json
import re
import sys
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WANTED = (1, 36)
TABLE = Path("src/fairway/objects/schemas.bin")
SCALARS = {"string": "s", "boolean": "b", "integer": "l", "number": "n", "object": "o", "": "*"}
FORMATS = {"int32": "i", "int64": "l", "double": "n", "byte": "y", "date-time": "t"}
EXTENSIONS = {
    "x-kubernetes-list-type": "l",
    "x-kubernetes-list-map-keys": "k",
    "x-kubernetes-patch-strategy": "p",
    "x-kubernetes-patch-merge-key": "m",
    "x-kubernetes-map-type": "c",
}
SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
}


def _release(name: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"v(\d+)\.(\d+)\.\d+-local", name)
    return (int(found[1]), int(found[2])) if found else None


def source() -> Path:
    """The folder of the wanted Kubernetes version, or of the nearest one (the newer of two).

    The package is found, not imported: importing it would need all that it validates with.
    """
    package = find_spec("kubernetes_validate")
    if package is None or package.origin is None:
        raise SystemExit(
            "the schema table is made from kubernetes-validate: pip install 'kubernetes-validate>=1.37,<1.38'"
        )
    releases = {}
    for folder in (Path(package.origin).parent / "kubernetes-json-schema").iterdir():
        if release := _release(folder.name):
            releases[release] = folder
    best = min(releases, key=lambda r: (r[0] != WANTED[0], abs(r[1] - WANTED[1]), -r[1]))
    return releases[best]


def _plain_type(schema: dict[str, Any]) -> str:
    declared = schema.get("type", "")
    names = [declared] if isinstance(declared, str) else [name for name in declared if name != "null"]
    return names[0] if names else ""


def _field(schema: dict[str, Any], places: dict[str, int]) -> Any:
    """One field's type in the table's form."""
    more = {short: schema[key] for key, short in EXTENSIONS.items() if key in schema}
    plain = _plain_type(schema)
    if "$ref" in schema:
        place = places[schema["$ref"].rsplit("/", 1)[1]]
        return {"d": place, **more} if more else place
    if plain == "array":
        return {"a": _field(schema["items"], places), **more}
    if plain == "object" and "additionalProperties" in schema:
        return {"o": _field(schema["additionalProperties"], places), **more}
    return FORMATS.get(schema.get("format", ""), SCALARS[plain])


def _definition(name: str, schema: dict[str, Any], places: dict[str, int]) -> dict[str, Any]:
    """One definition in the table's form."""
    record: dict[str, Any] = {}
    if "properties" in schema:
        record["f"] = {field: _field(value, places) for field, value in schema["properties"].items()}
    else:
        record["t"] = SPECIAL.get(name) or _field(schema, places)
    if schema.get("required"):
        record["r"] = schema["required"]
    if "x-kubernetes-map-type" in schema:
        record["m"] = schema["x-kubernetes-map-type"]
    if "x-kubernetes-unions" in schema:
        record["u"] = schema["x-kubernetes-unions"]
    if kinds := schema.get("x-kubernetes-group-version-kind"):
        record["g"] = [[kind["group"], kind["version"], kind["kind"]] for kind in kinds]
    return record


def _kinds(records: list[dict[str, Any]]) -> dict[str, int]:
    """ "apiVersion kind" -> place, for definitions that are one kind (DeleteOptions is one of every group)."""
    found = {}
    for place, record in enumerate(records):
        if len(record.get("g", ())) == 1:
            group, version, kind = record["g"][0]
            found[f"{group}/{version} {kind}" if group else f"{version} {kind}"] = place
    return found


def table(definitions: dict[str, Any], version: str) -> bytes:
    """The whole table.  Pure: equal definitions give equal bytes."""
    names = sorted(definitions)
    places = {name: place for place, name in enumerate(names)}
    records = [_definition(name, definitions[name], places) for name in names]
    head = {"version": version, "names": names, "kinds": _kinds(records)}
    lines = [json.dumps(line, separators=(",", ":")) for line in (head, *records)]
    return zlib.compress("\n".join(lines).encode(), 9)


def write(root: Path) -> Path:
    """Write the table below ``root``, unless it is there already with the same content."""
    folder = source()
    text = (folder / "_definitions.json").read_text(encoding="utf-8")
    content = table(json.loads(text)["$defs"], folder.name.removeprefix("v").removesuffix("-local"))
    path = root / TABLE
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return path


class SchemaTableHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes the table before the wheel is packed or the source tree is linked."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling; ``version`` is ``standard`` or ``editable``."""
        write(Path(self.root))


if __name__ == "__main__":
    written = write(Path(__file__).parent)
    sys.stdout.write(f"{written}: {written.stat().st_size} bytes\n")
