"""The description of a StorageClass."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, UNSET, Page, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    notes = found["metadata"].get("annotations") or {}
    page.line(0, "Name:", found["metadata"].get("name", ""))
    page.line(0, "IsDefaultClass:", "Yes" if any(notes.get(name) == "true" for name in _DEFAULT) else "No")
    page.line(0, "Annotations:", joined(notes))
    page.line(0, "Provisioner:", found.get("provisioner", ""))
    page.line(0, "Parameters:", joined(found.get("parameters")))
    grows = found.get("allowVolumeExpansion")
    page.line(0, "AllowVolumeExpansion:", UNSET if grows is None else str(grows))
    options = found.get("mountOptions") or ()
    page.line(0, "MountOptions:", *(() if options else (NONE,)))
    for option in options:
        page.line(1, option)
    for title, field in (("ReclaimPolicy:", "reclaimPolicy"), ("VolumeBindingMode:", "volumeBindingMode")):
        if found.get(field) is not None:
            page.line(0, title, found[field])
    if found.get("allowedTopologies") is not None:
        _topologies(page, found["allowedTopologies"])
    events.write(page, found, world)


def _topologies(page: Page, found: list[Object]) -> None:
    page.line(0, "AllowedTopologies:", "" if found else NONE)
    for place, term in enumerate(found):
        rules = [f"{each.get('key', '')} in{_values(each)}" for each in term.get("matchLabelExpressions") or ()]
        page.column(f"  Term {place}:", rules, "  ")


def _values(found: Object) -> str:
    return f" [{', '.join(found['values'])}]" if found.get("values") else ""
