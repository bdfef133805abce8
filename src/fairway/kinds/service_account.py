"""ServiceAccount (core/v1): the identity of the processes in a pod.

Source: Kubernetes docs, "Service Accounts".
"""

from collections.abc import Iterator

from fairway.kinds.kind import Column, Kind, Subresource
from fairway.kinds.rules.cells import AGE
from fairway.kinds.rules.values import drop_null
from fairway.objects import Object

_ENFORCE = "kubernetes.io/enforce-mountable-secrets"


def defaults(new: Object) -> None:
    """Nothing is filled in; nulls go."""
    drop_null(new, "secrets", "imagePullSecrets", "automountServiceAccountToken")


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Annotations that will not last."""
    if _ENFORCE in (new["metadata"].get("annotations") or ()):
        yield (
            f"metadata.annotations[{_ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to"
            " mounted secrets"
        )


SERVICE_ACCOUNT = Kind(
    group="", version="v1", name="ServiceAccount", plural="serviceaccounts",
    short_names=("sa",),
    subresources=(
        Subresource("token", verbs=("create",), kind="TokenRequest", group="authentication.k8s.io", version="v1"),
    ),
    columns=(Column("Secrets", lambda found, _: len(found.get("secrets") or ())), AGE),
    defaults=defaults,
    warnings=warnings,
    delete_returns_object=True,
)  # fmt: skip
