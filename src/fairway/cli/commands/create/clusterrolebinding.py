"""Create a ClusterRoleBinding.

fairway create clusterrolebinding readers --clusterrole=view --group=staff --dry-run=client -o yaml
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.policies import binding
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, required, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --clusterrole=NAME [--user=NAME] [--group=NAME] [--serviceaccount=NAMESPACE:NAME]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("clusterrole", help="the ClusterRole"),
    Flag("user", type="array", help="a user; may be repeated"),
    Flag("group", type="array", help="a group; may be repeated"),
    Flag("serviceaccount", type="array", help="a service account, NAMESPACE:NAME; may be repeated"),
)


def run(call: "Call") -> int:
    """Make it."""
    flags = call.flags
    required(call, "clusterrole")
    made = binding(
        name_of(call), "ClusterRoleBinding", role="", cluster_role=flags.clusterrole,
        users=flags.user, groups=flags.group, accounts=flags.serviceaccount,
    )  # fmt: skip
    return send(call, made, "failed to create clusterrolebinding")
