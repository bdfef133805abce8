"""Create a ClusterRole.

fairway create clusterrole reader --verb=get --resource=nodes --dry-run=client -o yaml
fairway create clusterrole prober --verb=get --non-resource-url=/healthz --dry-run=client -o yaml
"""

from fairway.cli.commands.create.role import RULE_FLAGS
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.generators.expose import parse_labels
from fairway.cli.generators.policies import cluster_role, url_rule
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send
from fairway.cli.writing.role_rules import rules_of, verbs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "NAME --verb=VERB --resource=TYPE[/SUBRESOURCE] | --non-resource-url=PATH"
FLAGS = (
    *CREATE_FLAGS,
    *RULE_FLAGS,
    Flag("non-resource-url", type="strings", help="paths of the API server that are no resources"),
    Flag("aggregation-rule", help="labels KEY=VALUE,... of the roles whose rules this one has"),
)


def run(call: "Call") -> int:
    """Make it."""
    flags, verbs = call.flags, verbs_of(call)
    name = name_of(call)
    if flags.aggregation_rule:
        if verbs or flags.resource or flags.resource_name or flags.non_resource_url:
            raise Failure(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames"
            )
        return send(call, cluster_role(name, (), parse_labels(flags.aggregation_rule)))
    if not verbs:
        raise Failure("at least one verb must be specified")
    if not flags.resource and not flags.non_resource_url:
        raise Failure("one of resource or nonResourceURL must be specified")
    rules: list[dict[str, Any]] = rules_of(call, verbs) if flags.resource else []
    if flags.non_resource_url:
        rules.append(url_rule(verbs, flags.non_resource_url))
    return send(call, cluster_role(name, rules, {}))
