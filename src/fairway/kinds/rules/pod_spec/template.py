"""Rules of a template of pods, as ReplicaSets, ReplicationControllers and Deployments carry it."""

from collections.abc import Iterator

from fairway.kinds.rules.pod_spec.validation import problems
from fairway.kinds.rules.values import each
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.labels import Selector, validate_labels


def template_problems(path: str, template: Object | None, selector: Selector, owner: str) -> Iterator[Problem]:
    """Every broken rule; ``selector`` must select the template's pods, ``owner`` is the kind that its texts name."""
    if template is None:
        yield required(path)
        return
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector and not selector.matches(labels):
        yield invalid_value(f"{path}.metadata.labels", labels or None, "`selector` does not match template `labels`")
    yield from plain_template_problems(path, template)
    spec = template.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        yield not_supported(f"{path}.spec.restartPolicy", spec.get("restartPolicy"), ("Always",))
    if spec.get("activeDeadlineSeconds") is not None:
        yield forbidden_value(
            f"{path}.spec.activeDeadlineSeconds", f"activeDeadlineSeconds in {owner} is not Supported"
        )


def plain_template_problems(path: str, template: Object) -> Iterator[Problem]:
    """What is asked of every template, whether its pods run for ever or end."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    yield from validate_labels(metadata.get("labels") or {}, f"{path}.labels")
    for key in metadata.get("annotations") or ():
        yield from each(f"{path}.annotations", key, names.qualified_name(key.lower()))
    yield from problems(f"{path}.spec", spec, is_pod=False)
    if spec.get("ephemeralContainers"):
        yield forbidden_value(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")
