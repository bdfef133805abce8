"""CreateOptions, UpdateOptions, PatchOptions: the query of a write, checked.

Pure.  Source: Kubernetes API concepts, "Dry-run", "Field validation".
"""

from collections.abc import Iterator, Mapping

from fairway.objects.errors import Problem, forbidden_value, invalid, not_supported, required
from fairway.objects.meta import validate_field_manager

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def check(options: Mapping[str, str], kind: str, *, is_apply: bool = False) -> None:
    """Raises: ``StatusError`` 422 in the name of ``kind``."""
    if (options or is_apply) and (problems := [*_problems(options), *_of_patch(options, kind, is_apply=is_apply)]):
        raise invalid("meta.k8s.io", kind, "", problems)


def _problems(options: Mapping[str, str]) -> Iterator[Problem]:
    if (dry_run := options.get("dryRun", "All")) != "All":
        yield not_supported("dryRun", [dry_run], ("All",))
    if manager := options.get("fieldManager"):
        yield from validate_field_manager(manager)
    if (validation := options.get("fieldValidation", "")) not in _VALIDATIONS:
        yield not_supported("fieldValidation", validation, _VALIDATIONS)


def _of_patch(options: Mapping[str, str], kind: str, *, is_apply: bool) -> Iterator[Problem]:
    """An apply must say as whom; ``force`` is for applies only."""
    if is_apply and not options.get("fieldManager"):
        yield required("fieldManager", "is required for apply patch")
    if kind == "PatchOptions" and not is_apply and "force" in options:
        yield forbidden_value("force", "may not be specified for non-apply patch")
