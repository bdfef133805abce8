"""Rules of a template of pods, as ReplicaSets, ReplicationControllers and Deployments carry it."""

from collections.abc import Iterator

from fairway.kinds.rules.pod_spec import annotations
from fairway.kinds.rules.pod_spec.validation import problems
from fairway.objects import Object
from fairway.objects.errors import NIL, Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.labels import Selector, validate_labels
from fairway.objects.meta import validate_annotations


def template_problems(path: str, template: Object | None, selector: Selector | None, owner: str) -> Iterator[Problem]:
    """Every broken rule; ``selector`` must select the template's pods, ``owner`` is the kind that its texts name."""
    if template is None:
        yield required(path)
        return
    yield from selected_by(selector, path, template)
    yield from plain_template_problems(path, template)
    yield from endless_problems(path, template, owner)


def selected_by(selector: Selector | None, path: str, template: Object) -> Iterator[Problem]:
    """The selector must select the template's pods; none of them is told apart by ``None``."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector and not selector.matches(labels):
        yield invalid_value(f"{path}.metadata.labels", labels or NIL, "`selector` does not match template `labels`")


def endless_problems(path: str, template: Object, owner: str) -> Iterator[Problem]:
    """Pods that are kept alive do not end by themselves."""
    spec = template.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        yield not_supported(f"{path}.spec.restartPolicy", spec.get("restartPolicy"), ("Always",))
    if spec.get("activeDeadlineSeconds") is not None:
        yield forbidden_value(
            f"{path}.spec.activeDeadlineSeconds", f"activeDeadlineSeconds in {owner} is not Supported"
        )


def plain_template_problems(path: str, template: Object) -> Iterator[Problem]:
    """What is asked of every template, whether its pods run for ever or end."""
    spec = template.get("spec") or {}
    yield from metadata_problems(path, template)
    yield from problems(f"{path}.spec", spec, is_pod=False)
    given = (template.get("metadata") or {}).get("annotations") or {}
    yield from annotations.beside_fields(f"{path}.spec", given, spec)
    if spec.get("ephemeralContainers"):
        yield forbidden_value(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


def metadata_problems(path: str, template: Object) -> Iterator[Problem]:
    """Labels and annotations of the pods to come."""
    metadata = template.get("metadata") or {}
    yield from validate_labels(metadata.get("labels"), f"{path}.labels")
    if given := metadata.get("annotations"):
        yield from validate_annotations(given, f"{path}.annotations")
        yield from annotations.problems(f"{path}.annotations", given, template.get("spec") or {})
