"""Make a Service for the pods of a pod, Service, ReplicationController, Deployment or ReplicaSet.

fairway expose rc nginx --port=80 --target-port=8000
fairway expose deployment kubia --port=80 --target-port=8080 --type=NodePort
fairway expose service nginx --port=443 --target-port=8443 --name=nginx-https
"""

import sys

from fairway.cli.arguments import FILE_FLAGS, targets
from fairway.cli.failure import Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.generators.expose import Wish, expose
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import (
    DRY_RUN_FLAG,
    RECORD_FLAG,
    SAVE_CONFIG_FLAG,
    Writing,
    manager_flag,
    recorded,
    save_config,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME) [--port=PORT] [--target-port=NUMBER|NAME] [--name=NAME] [--type=TYPE]"
OVERRIDE_FLAGS = (
    Flag("override-type", default="merge", help="how --overrides is laid over: json, merge or strategic"),
    Flag("overrides", help="JSON that is laid over the object before it is sent"),
)
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    *OVERRIDE_FLAGS,
    DRY_RUN_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-expose"),
    Flag("cluster-ip", help="the address, or None for a headless Service"),
    Flag("external-ip", help="an address outside that the Service answers to as well"),
    Flag("labels", "l", help="the Service's labels, KEY=VALUE,... (default: those of the object)"),
    Flag("load-balancer-ip", help="the load balancer's address, with --type=LoadBalancer"),
    Flag("name", help="the Service's name (default: the object's)"),
    Flag("port", help="the Service's port, or several with commas (default: those that the object declares)"),
    Flag("protocol", help="TCP, UDP or SCTP (default: what the object declares, or TCP)"),
    Flag("selector", help="which pods, KEY=VALUE,... (default: those of the object)"),
    Flag("session-affinity", help="None or ClientIP"),
    Flag("target-port", help="the pods' port, a number or a name (default: the Service's port)"),
    Flag("type", help="ClusterIP (default), NodePort, LoadBalancer or ExternalName"),
)


def run(call: "Call") -> int:
    """Expose every object."""
    writing = Writing(call, is_typed=True)
    flags = call.flags
    wish = Wish(
        flags.name, flags.port, flags.protocol, flags.target_port, flags.labels, flags.selector, flags.type,
        flags.external_ip, flags.load_balancer_ip, flags.session_affinity, flags.cluster_ip,
    )  # fmt: skip
    failures = Gathered()
    for target in targets(call, has_picks=False, failures=failures, is_grouped=True):
        with failures:
            _expose(call, writing, target, wish)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _expose(call: "Call", writing: Writing, target: "Target", wish: Wish) -> None:
    session = call.session
    found = target.object if target.object is not None else target.fetch(session.api)
    made = expose(found, wish)
    if call.flags.overrides:
        from fairway.cli.writing.overrides import overridden

        made = overridden(made, call.flags.overrides, call.flags.override_type)
    recorded(call, made)
    if writing.is_client:
        if session.is_namespace_given:
            from fairway.cli.writing.generated import in_namespace

            made = in_namespace(made, session.namespace)
        writing.told(made, "exposed")
        return
    if call.flags.save_config:
        save_config(made, is_sorted=False)
    path = f"/api/v1/namespaces/{session.namespace}/services"
    writing.told(session.api.create(path, made, writing.query()), "exposed")
