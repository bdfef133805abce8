"""Leaving: which pods of a node go when it is drained, and what speaks against it.  Pure.

Shape: ``judged(pods, rules)`` gives a ``Judgement``: those that go, and by text those that are warned of or refused.
Source: what ``kubectl drain`` does and says, its filters in their order.
"""

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    Object = dict[str, Any]

_OF_DAEMON_SETS = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"
_WITH_DATA = "cannot delete Pods with local storage (use --delete-emptydir-data to override)"
_ALONE = "cannot delete Pods that declare no controller (use --force to override)"
_ENDED = ("Succeeded", "Failed")
_MIRROR = "kubernetes.io/config.mirror"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the command line allows.  ``daemon_sets`` are those that exist, as (namespace, name)."""

    daemon_sets: "frozenset[tuple[str, str]]" = frozenset()
    ignores_daemon_sets: bool = False
    deletes_data: bool = False
    is_forced: bool = False


@dataclass(slots=True)
class Judgement:
    """The pods of one node, judged."""

    going: "list[Object]" = field(default_factory=list)
    warned: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)

    @property
    def warnings(self) -> str:
        """All of them in one line; empty if there are none."""
        return "; ".join(f"{text}: {', '.join(names)}" for text, names in self.warned.items())

    @property
    def problems(self) -> list[str]:
        """A sentence for each reason to refuse, in kubectl's words: it says twice what cannot be done."""
        return [f"cannot delete {text}: {', '.join(names)}" for text, names in self.refused.items()]


def judged(pods: "Iterable[Object]", rules: Rules) -> Judgement:
    """What is to become of each pod."""
    found = Judgement()
    for pod in pods:
        metadata = pod["metadata"]
        named = f"{metadata['namespace']}/{metadata['name']}"
        goes, warning, problem = _verdict(pod, rules)
        if goes:
            found.going.append(pod)
        if warning:
            found.warned.setdefault(warning, []).append(named)
        if problem:
            found.refused.setdefault(problem, []).append(named)
    return found


def _verdict(pod: "Object", rules: Rules) -> tuple[bool, str, str]:
    """(whether it goes, a warning, a reason to refuse)."""
    metadata, has_ended = pod["metadata"], (pod.get("status") or {}).get("phase") in _ENDED
    owner = controller_of(metadata)
    warning = ""
    if owner is not None and owner["kind"] == "DaemonSet" and not has_ended:
        if (metadata["namespace"], owner["name"]) not in rules.daemon_sets:
            missing = f'daemonsets.apps "{owner["name"]}" not found'
            if not rules.is_forced:
                return False, "", missing
            warning = missing
        elif not rules.ignores_daemon_sets:
            return False, "", _OF_DAEMON_SETS
        else:
            return False, "ignoring DaemonSet-managed Pods", ""
    if _MIRROR in (metadata.get("annotations") or ()):
        return False, "", ""
    if has_ended:
        return True, "", ""
    if any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ()) and not rules.deletes_data:
        return False, "", _WITH_DATA
    if owner is None and not rules.is_forced:
        return False, "", _ALONE
    return True, "deleting Pods that declare no controller" if owner is None else warning, ""


def controller_of(metadata: "Mapping[str, Any]") -> "Object | None":
    """The reference to the one owner that manages the object."""
    return next((each for each in metadata.get("ownerReferences") or () if each.get("controller")), None)
