"""CreateOptions, UpdateOptions, PatchOptions: the query of a write, checked.

Pure.  Source: Kubernetes API concepts, "Dry-run", "Field validation".
"""

from collections.abc import Iterator, Mapping

from fairway.objects.errors import Problem, invalid, not_supported
from fairway.objects.meta import validate_field_manager

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def check(options: Mapping[str, str], kind: str) -> None:
    """Raises: ``StatusError`` 422 in the name of ``kind``."""
    if options and (problems := list(_problems(options))):
        raise invalid("meta.k8s.io", kind, "", problems)


def _problems(options: Mapping[str, str]) -> Iterator[Problem]:
    if (dry_run := options.get("dryRun", "All")) != "All":
        yield not_supported("dryRun", [dry_run], ("All",))
    if manager := options.get("fieldManager"):
        yield from validate_field_manager(manager)
    if (validation := options.get("fieldValidation", "")) not in _VALIDATIONS:
        yield not_supported("fieldValidation", validation, _VALIDATIONS)
