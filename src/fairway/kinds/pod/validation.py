"""Every rule of a Pod on create and update, and its warnings."""

from collections.abc import Iterator

from fairway.kinds.pod.status import status_problems
from fairway.kinds.pod.update import image_problems, update_problems
from fairway.kinds.rules.pod_spec import annotations, hints, problems
from fairway.kinds.rules.pod_spec.warnings import pod_name
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value

_ANNOTATIONS = "metadata.annotations"


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; what did not change is not judged again."""
    given = new["metadata"].get("annotations") or {}
    if old is None:
        yield from annotations.problems(_ANNOTATIONS, given, new["spec"])
        yield from _spec(new)
        yield from _only_on_create(new["spec"])
        yield from annotations.beside_fields("spec", given, new["spec"])
        return
    had = old["metadata"].get("annotations") or {}
    if given != had:
        yield from annotations.changes(_ANNOTATIONS, given, had)
        yield from annotations.problems(_ANNOTATIONS, given, new["spec"])
    if new["spec"] is not old["spec"] and new["spec"] != old["spec"]:
        yield from _spec(new)
        yield from update_problems(new["spec"], old["spec"])
    if new.get("status") is not old.get("status"):
        yield from status_problems(new, old)


def _spec(pod: Object) -> Iterator[Problem]:
    spec = pod["spec"]
    yield from problems("spec", spec, is_pod=True, pod_name=pod["metadata"].get("name") or "")
    if not spec.get("serviceAccountName"):
        yield from _tokens(spec)
    for name in ("containers", "initContainers"):
        yield from image_problems(f"spec.{name}", spec.get(name) or [], is_required=False)


def _tokens(spec: Object) -> Iterator[Problem]:
    for index, volume in enumerate(spec.get("volumes") or ()):
        for place, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                yield forbidden_value(
                    f"spec.volumes[{index}].projected.sources[{place}].serviceAccountToken",
                    "must not be specified when serviceAccountName is not set",
                )


def _only_on_create(spec: Object) -> Iterator[Problem]:
    if spec.get("ephemeralContainers"):
        yield forbidden_value("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield forbidden_value("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """What is doubtful in the spec; only when it was written."""
    if old is None:
        yield from pod_name(new["metadata"].get("name", ""), "the Pod's hostname")
    if old is None or new["spec"] != old["spec"]:
        yield from hints("", new["metadata"], new["spec"])
