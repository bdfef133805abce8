"""Generated: the run of ``create KIND NAME``: an object from words, printed, or sent and told.

Shape: a command adds ``CREATE_FLAGS`` and calls ``send(call, object)``.
"""

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, SAVE_CONFIG_FLAG, VALIDATE_FLAG, Writing, manager_flag, save_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

CREATE_FLAGS = (*OUTPUT_FLAGS, DRY_RUN_FLAG, VALIDATE_FLAG, SAVE_CONFIG_FLAG, manager_flag("kubectl-create"))


def name_of(call: "Call", *, is_required: bool = True) -> str:
    """The one word, an object's name; what follows ``--`` is no such word.  Raises: ``Failure``."""
    words = call.words if call.dash < 0 else call.words[: call.dash]
    if len(words) != 1:
        raise UsageFailure(f"exactly one NAME is required, got {len(words)}")
    if is_required and not words[0]:
        raise Failure("name must be specified")
    return words[0]


def required(call: "Call", *names: str) -> None:
    """Refuse a command line without these flags.  Raises: ``Failure``."""
    missing = [name for name in names if not call.flags.is_given(name)]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        raise Failure(f"required flag(s) {listed} not set")


def command_of(call: "Call") -> "list[str]":
    """What follows ``--``, or else the name."""
    return call.words[call.dash :] if call.dash >= 0 else call.words[1:]


def send(call: "Call", made: "dict[str, Any]", failing: str = "", *, kind_word: str = "") -> int:
    """Print or create ``made``.  ``failing`` stands before what a refusal says, as with kubectl."""
    from fairway.client.blocking import ApiError

    session, writing = call.session, Writing(call, is_typed=True)
    is_cluster_wide = made["kind"] in _CLUSTER_WIDE
    if session.is_namespace_given and not is_cluster_wide:
        made = in_namespace(made, session.namespace)
    if call.flags.save_config:
        save_config(made, is_sorted=False)
    if writing.is_client:
        writing.told(made, "created")
        return 0
    group, _, version = made["apiVersion"].rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    plural = kind_word or f"{made['kind'].lower()}s"
    inside = "" if is_cluster_wide else f"/namespaces/{session.namespace}"
    try:
        created = session.api.create(f"{root}{inside}/{plural}", made, writing.query())
    except ApiError as error:
        raise (Failure(f"{failing}: {error}") if failing else _whole(error, plural, group)) from None
    writing.told(created, "created")
    return 0


def in_namespace(made: "dict[str, Any]", namespace: str) -> "dict[str, Any]":
    """The object with its namespace, where types declare it: behind the name."""
    meta = dict(made["metadata"])
    name = {"name": meta.pop("name")} if "name" in meta else {}
    return {**made, "metadata": {**name, "namespace": namespace, **meta}}


_CLUSTER_WIDE = ("Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass")


def _whole(error: "Any", plural: str, group: str) -> Exception:
    """What a server that has no such kind says lacks which one it is: kubectl adds it."""
    return unknown_resource(error, f"post {plural}.{group}" if group else f"post {plural}")


def unknown_resource(error: "Any", asked: str) -> Exception:
    """The refusal of a path that the server has not, with what was asked."""
    from fairway.client.blocking import ApiError

    if error.code == 404 and error.message == "the server could not find the requested resource":
        return ApiError({**error.status, "message": f"{error.message} ({asked})"})
    return error  # type: ignore[no-any-return]
