"""Make roles and bindings what manifests say: what is missing is added, and nothing is taken away unless asked.

fairway auth reconcile -f rules.yaml
fairway auth reconcile -f rules.yaml --remove-extra-permissions --remove-extra-subjects
"""

import sys

from fairway.cli.arguments import FILE_FLAGS, objects_of_files
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, SERVER, Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.commands.auth.differences import Difference

USAGE = "-f FILE"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    Flag("remove-extra-permissions", type="bool", help="take rules away that the manifests do not have"),
    Flag("remove-extra-subjects", type="bool", help="take subjects away that the manifests do not have"),
)
_PLURALS = {
    "Role": "roles", "RoleBinding": "rolebindings", "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
}  # fmt: skip


def run(call: "Call") -> int:
    """Reconcile each; objects of other kinds are passed over."""
    if call.words:
        raise Failure("no arguments are allowed")
    if not (call.flags.filename or call.flags.kustomize):
        raise Failure("must specify one of -f and -k")
    writing = Writing(call)
    if writing.strategy == SERVER:
        raise Failure("--dry-run=server for command reconcile is not supported yet")
    failures = Gathered()
    for found, _, _ in objects_of_files(call):
        group, _, version = str(found.get("apiVersion", "")).rpartition("/")
        if group == "rbac.authorization.k8s.io" and found.get("kind") in _PLURALS:
            with failures:
                _reconcile(call, writing, found, version)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _reconcile(call: "Call", writing: Writing, wanted: "dict[str, Any]", version: str) -> None:
    from fairway.cli.commands.auth import differences

    kind = wanted["kind"]
    if version != "v1":
        raise Failure(f"only rbac.authorization.k8s.io/v1 is supported: not *{version}.{kind}")
    wanted = differences.completed(_placed(call, wanted))
    namespace = wanted["metadata"].get("namespace", "")
    place = f"/namespaces/{namespace}" if namespace else ""
    path = f"/apis/rbac.authorization.k8s.io/v1{place}/{_PLURALS[kind]}"
    flags = call.flags
    removes = flags.remove_extra_subjects if "roleRef" in wanted else flags.remove_extra_permissions
    found = differences.difference(wanted, _live(call, f"{path}/{wanted['metadata']['name']}"), removes=removes)
    if not writing.is_client and not found.is_protected:
        _carry_out(call, path, namespace, found)
    writing.told(found.object, "reconciled")
    sys.stdout.flush()
    sys.stderr.write(differences.told(found, removes=removes))


def _placed(call: "Call", wanted: "dict[str, Any]") -> "dict[str, Any]":
    """The object in its namespace.  Raises: ``Failure`` if that is another than the one that is given."""
    meta = {key: value for key, value in wanted["metadata"].items() if key != "namespace"}
    if not wanted["kind"].startswith("Cluster"):
        asked, given = wanted["metadata"].get("namespace"), call.session.namespace
        if asked and call.session.is_namespace_given and asked != given:
            raise Failure(
                f'the namespace from the provided object "{asked}" does not match the namespace "{given}". You must '
                f"pass '--namespace={asked}' to perform this operation."
            )
        meta["namespace"] = asked or given
    return {**wanted, "metadata": meta}


def _live(call: "Call", path: str) -> "dict[str, Any] | None":
    from fairway.client.blocking import ApiError

    try:
        found: dict[str, Any] = call.session.api.get(path)
    except ApiError as error:
        if error.is_not_found:
            return None
        raise
    return found


def _carry_out(call: "Call", path: str, namespace: str, found: "Difference") -> None:
    from fairway.cli.commands.auth.differences import CREATE, RECREATE, UPDATE

    api, wanted = call.session.api, found.object
    own = f"{path}/{wanted['metadata']['name']}"
    if found.operation == UPDATE:
        found.object = api.replace(own, wanted)
    elif found.operation == RECREATE:
        api.delete(own)
        found.object = api.create(path, wanted)
    elif found.operation == CREATE:
        if namespace:
            _ensure_namespace(call, namespace)
        found.object = api.create(path, wanted)


def _ensure_namespace(call: "Call", namespace: str) -> None:
    """Make it; whoever may not is taken at his word that it is there."""
    from fairway.client.blocking import ApiError

    try:
        call.session.api.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    except ApiError as error:
        if error.reason not in ("AlreadyExists", "Forbidden"):
            raise
