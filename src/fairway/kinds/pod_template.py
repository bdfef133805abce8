"""PodTemplate (core/v1): a description of pods that nothing makes pods of by itself.

Source: Kubernetes API reference, "PodTemplate v1 core".
"""

from collections.abc import Callable, Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules.cells import labels
from fairway.kinds.rules.pod_spec import fill_template, hints, plain_template_problems
from fairway.kinds.rules.values import child
from fairway.objects import Object
from fairway.objects.errors import Problem


def defaults(new: Object) -> None:
    """Those of any pod."""
    fill_template(child(new, "template"))


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The generation counts changes of the template."""
    if old is None:
        new["metadata"]["generation"] = 1
    elif new.get("template") != old.get("template"):
        new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Those of any template of pods; these may also be made to end."""
    yield from plain_template_problems("template", new["template"])


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Those of the template, once per change of it."""
    template = new.get("template") or {}
    if old is None or template != old.get("template"):
        yield from hints("template", template.get("metadata") or {}, template.get("spec") or {})


def _containers(name: str) -> Callable[[Object, float], str]:
    def cell(found: Object, _now: float) -> str:
        spec = (found.get("template") or {}).get("spec") or {}
        return ",".join(each.get(name) or "" for each in spec.get("containers") or ())

    return cell


POD_TEMPLATE = Kind(
    group="", version="v1", name="PodTemplate", plural="podtemplates",
    columns=(
        Column("Containers", _containers("name")),
        Column("Images", _containers("image")),
        Column(
            "Pod Labels", lambda found, _: labels(((found.get("template") or {}).get("metadata") or {}).get("labels"))
        ),
    ),
    defaults=defaults,
    prepare=prepare,
    validate=validate,
    warnings=warnings,
    delete_returns_object=True,
)  # fmt: skip
