"""What an update of a Pod's spec may change: images, the deadline, more tolerations, fewer scheduling gates."""

from collections.abc import Iterator
from typing import Any

from fairway.kinds.rules.pod_spec.scheduling import tolerations
from fairway.kinds.rules.values import INT32_MAX
from fairway.objects import Object
from fairway.objects.errors import NIL, Problem, forbidden_value, invalid_value, render_value, required

_CHANGEABLE = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )
)
_REQUIRED, _TERMS = "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
_FREE = ("activeDeadlineSeconds", "tolerations", "schedulingGates", "ephemeralContainers")


def update_problems(new: Object, old: Object) -> Iterator[Problem]:
    """Every change that is not allowed."""
    for name in ("containers", "initContainers"):
        if len(new.get(name) or ()) != len(old.get(name) or ()):
            yield forbidden_value(f"spec.{name}", "pod updates may not add or remove containers")
            return
        yield from image_problems(f"spec.{name}", new.get(name) or [], is_required=True)
    deadline = list(_deadline(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds")))
    yield from deadline
    if deadline and new.get("activeDeadlineSeconds") is not None:
        return
    yield from _tolerations(new.get("tolerations") or [], old.get("tolerations") or [])
    yield from _gates(new.get("schedulingGates") or [], old.get("schedulingGates") or [])
    yield from _ephemeral(new.get("ephemeralContainers") or [], old.get("ephemeralContainers") or [])
    if old.get("schedulingGates"):
        yield from _gated(new, old)
    differences = list(_differences("spec", _munged(new, old), old))
    if differences:
        changes = "\n".join(differences)
        yield forbidden_value("spec", f"pod updates may not change fields other than {_CHANGEABLE}\n{changes}")


def image_problems(path: str, found: list[Object], *, is_required: bool) -> Iterator[Problem]:
    """Images are named, without blanks around the name."""
    for index, container in enumerate(found):
        image = container.get("image") or ""
        if is_required and not image:
            yield required(f"{path}[{index}].image")
        if image != image.strip():
            yield invalid_value(f"{path}[{index}].image", image, "must not have leading or trailing whitespace")


def _deadline(now: int | None, was: int | None) -> Iterator[Problem]:
    path = "spec.activeDeadlineSeconds"
    if now is None:
        if was is not None:
            yield invalid_value(path, None, "must not update from a positive integer to nil value")
    elif not 0 <= now <= INT32_MAX:
        yield invalid_value(path, now, f"must be between 0 and {INT32_MAX}, inclusive")
    elif was is not None and was < now:
        yield invalid_value(path, now, "must be less than or equal to previous value")


def _tolerations(now: list[Object], was: list[Object]) -> Iterator[Problem]:
    def plain(toleration: Object) -> Object:
        return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}

    kept = [plain(toleration) for toleration in now]
    if any(plain(toleration) not in kept for toleration in was):
        yield forbidden_value(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )
    else:
        yield from tolerations("spec.tolerations", now)  # judged with the spec before, and once more here, as upstream


def _gates(now: list[Object], was: list[Object]) -> Iterator[Problem]:
    known = {gate.get("name") for gate in was}
    for index, gate in enumerate(now):
        if gate.get("name") not in known:
            yield forbidden_value(
                f"spec.schedulingGates[{index}].name",
                f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'",
            )


def _ephemeral(now: list[Object], was: list[Object]) -> Iterator[Problem]:
    """They may be added, and then stay as they are; only the subresource of that name gets as far as this."""
    known = {each.get("name"): each for each in now}
    for before in was:
        name = before["name"]
        if name not in known:
            text = f"existing ephemeral containers {render_value(name)} may not be removed\n"
            yield forbidden_value("spec.ephemeralContainers", text)
        elif known[name] != before:
            changes = "\n".join(_differences("", known[name], before))
            text = f"existing ephemeral containers {render_value(name)} may not be changed\n{changes}"
            yield forbidden_value("spec.ephemeralContainers", text)


def _munged(new: Object, old: Object) -> Object:
    """``new`` with all that may change set back."""
    munged = {**new}
    for name in _FREE:
        munged.pop(name, None)
        if name in old:
            munged[name] = old[name]
    for name in ("containers", "initContainers"):
        if new.get(name):
            munged[name] = [
                each | {"image": before.get("image")} for each, before in zip(new[name], old[name], strict=True)
            ]
    if (old.get("terminationGracePeriodSeconds") or 0) < 0 and new.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    if old.get("schedulingGates"):
        munged.pop("nodeSelector", None)
        if "nodeSelector" in old:
            munged["nodeSelector"] = old["nodeSelector"]
        if _on_nodes(new) != _on_nodes(old):
            _put_back_affinity(munged, old)
    return munged


def _on_nodes(spec: Object) -> Any:
    return (spec.get("affinity") or {}).get("nodeAffinity")


def _put_back_affinity(munged: Object, old: Object) -> None:
    """Set back what a gated pod says of nodes."""
    kept = {name: value for name, value in (munged.get("affinity") or {}).items() if name != "nodeAffinity"}
    if (before := _on_nodes(old)) is not None:
        kept["nodeAffinity"] = before
    munged.pop("affinity", None)
    if kept or old.get("affinity") is not None:
        munged["affinity"] = kept


def _gated(new: Object, old: Object) -> Iterator[Problem]:
    """A gated pod may be steered further, never back.  Source: KEP-3838."""
    wanted, had = new.get("nodeSelector") or {}, old.get("nodeSelector") or {}
    if not had.items() <= wanted.items():
        text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        yield invalid_value("spec.nodeSelector", wanted or NIL, text)
    before, after = ((_on_nodes(spec) or {}).get(_REQUIRED) for spec in (old, new))
    if before is None or before == after:
        return
    terms, had_terms = (after or {}).get(_TERMS) or [], before.get(_TERMS) or []
    path = f"spec.affinity.nodeAffinity.{_REQUIRED}.{_TERMS}"
    if had_terms and len(terms) != len(had_terms):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        yield invalid_value(path, terms or NIL, text)
        return
    for index, (now, was) in enumerate(zip(terms, had_terms, strict=False)):
        if not _only_adds(now, was):
            yield invalid_value(f"{path}[{index}]", now, "only additions are allowed (no mutations or deletions)")


def _only_adds(now: Object, was: Object) -> bool:
    """Whether all that a term demanded still leads what it demands; one without demands matched nothing."""
    fields = ("matchExpressions", "matchFields")
    if not any(was.get(field) for field in fields):
        return not any(now.get(field) for field in fields)
    return all((now.get(field) or [])[: len(was.get(field) or ())] == (was.get(field) or []) for field in fields)


def _differences(path: str, now: Any, was: Any) -> Iterator[str]:
    """Lines that tell what changed: the old value with ``-``, the new one with ``+``."""
    if now == was:
        return
    if isinstance(now, dict) and isinstance(was, dict):
        for name in sorted({*now, *was}):
            yield from _differences(f"{path}.{name}", now.get(name), was.get(name))
    elif isinstance(now, list) and isinstance(was, list) and len(now) == len(was):
        for index, (one, other) in enumerate(zip(now, was, strict=True)):
            yield from _differences(f"{path}[{index}]", one, other)
    else:
        if was is not None:
            yield f"- {path}: {render_value(was)}"
        if now is not None:
            yield f"+ {path}: {render_value(now)}"
