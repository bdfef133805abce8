"""Add users, groups and service accounts to role bindings.

fairway set subject rolebinding/readers --user=jane --group=shop
fairway set subject clusterrolebinding/admins --serviceaccount=default:worker
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.setting import ONLY_FILES, SELECTOR_FLAG, SET_FLAGS
from fairway.cli.setting import run as run_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) [--user=USER] [--group=GROUP] [--serviceaccount=NAMESPACE:NAME]"
FLAGS = (
    *SET_FLAGS,
    SELECTOR_FLAG,
    Flag("group", type="array", help="a group; may be repeated"),
    Flag("serviceaccount", type="array", help="a service account, NAMESPACE:NAME; may be repeated"),
    Flag("user", type="array", help="a user; may be repeated"),
)
_RBAC = "rbac.authorization.k8s.io"


def run(call: "Call") -> int:
    """Add them."""
    flags = call.flags
    wanted = [{"kind": "User", "apiGroup": _RBAC, "name": name} for name in flags.user]
    wanted += [{"kind": "Group", "apiGroup": _RBAC, "name": name} for name in flags.group]

    def check() -> None:
        if not (flags.user or flags.group or flags.serviceaccount):
            raise Failure("you must specify at least one value of user, group or serviceaccount")
        for text in flags.serviceaccount:
            parts = text.split(":")
            if len(parts) != 2 or not all(parts):
                raise Failure("serviceaccount must be <namespace>:<name>")
            wanted.append({"kind": "ServiceAccount", "name": parts[1], "namespace": parts[0]})

    def change(found: "dict[str, Any]", target: "Target") -> None:
        if found["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            said = "setting subjects is only supported for RoleBinding/ClusterRoleBinding"
            where = f"{target.printed}\n" if flags.local else f"{target.resource.plural}/{target.name}"
            raise Failure(f"{where} {said}")
        subjects = found.get("subjects") or []
        found["subjects"] = [*subjects, *(each for each in wanted if each not in subjects)]

    failing = "failed to patch subjects to rolebinding: "
    return run_setting(
        call, call.words, change, "subjects updated", failing=failing, check=check, local_without_files=ONLY_FILES
    )
