"""Create objects: from manifests, or of a few kinds from words.

fairway create -f svc.yaml                         what the file says
fairway create -f folder -R                        and a folder of files
fairway create deployment web --image=luksa/kubia  from words
fairway create service clusterip web --tcp=80:8080 --dry-run=client -o yaml > svc.yaml
"""

import sys

from fairway.cli.arguments import FILE_FLAGS
from fairway.cli.failure import Failure, Gathered, UsageFailure, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import (
    DRY_RUN_FLAG,
    RECORD_FLAG,
    SAVE_CONFIG_FLAG,
    VALIDATE_FLAG,
    Writing,
    manager_flag,
    recorded,
    save_config,
    with_source,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "-f FILE"
COMMANDS = {
    "clusterrole": "a ClusterRole",
    "clusterrolebinding": "a ClusterRoleBinding",
    "configmap": "a ConfigMap from literals and files",
    "cronjob": "a CronJob",
    "deployment": "a Deployment",
    "ingress": "an Ingress",
    "job": "a Job",
    "namespace": "a namespace",
    "poddisruptionbudget": "a PodDisruptionBudget",
    "priorityclass": "a PriorityClass",
    "quota": "a ResourceQuota",
    "role": "a Role",
    "rolebinding": "a RoleBinding",
    "secret": "a Secret",
    "service": "a Service",
    "serviceaccount": "a service account",
    "token": "a token of a service account",
}
ALIASES = {
    "cm": "configmap", "cj": "cronjob", "deploy": "deployment", "dep": "deployment", "ing": "ingress",
    "ns": "namespace", "pdb": "poddisruptionbudget", "pc": "priorityclass", "resourcequota": "quota",
    "svc": "service", "sa": "serviceaccount",
}  # fmt: skip
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-create"),
    Flag("edit", type="bool", help="edit the manifests before they are sent"),
    Flag("raw", help="a path of the API server, to which the file is sent as it is"),
    Flag("selector", "l", help="of the manifests only those with these labels"),
)


def run(call: "Call") -> int:
    """Create what the manifests say."""
    flags = call.flags
    if call.words:
        raise UsageFailure(f"Unexpected args: [{' '.join(call.words)}]")
    if flags.raw:
        from fairway.cli.writing.raw import check_raw, send_raw

        check_raw(call)
        return send_raw(call, "POST")
    if not (flags.filename or flags.kustomize):
        raise Failure("must specify one of -f and -k")
    writing = Writing(call)
    from fairway.cli.writing.manifests import manifests

    failures = Gathered()
    count = 0
    for target in manifests(call, failures, validation=writing.validation):
        count += 1
        with failures:
            if flags.edit:
                _create_edited(call, writing, target)
            else:
                create(call, writing, target)
    sys.stdout.flush()
    raise_all(failures)
    if not count:
        raise Failure("no objects passed to create")
    return 0


def _create_edited(call: "Call", writing: "Writing", target: "Target") -> None:
    """Create what an editor makes of one object."""
    from fairway.cli.editing.session import session

    def save(after: "dict[str, Any]") -> None:
        target.object = after
        create(call, writing, target)

    session(target.object or {}, save, f'{target.resource.name} "{target.name}"')


def create(call: "Call", writing: "Writing", target: "Target") -> None:
    """Create one object.  Raises: ``ApiError``, ``Failure``."""
    from fairway.client.blocking import ApiError

    found: dict[str, Any] = target.object or {}
    if call.flags.save_config:
        save_config(found)
    recorded(call, found)
    if not writing.is_client:
        found["metadata"].pop("resourceVersion", None)
        try:
            found = call.session.api.create(
                target.resource.path(target.namespace), found, writing.query()
            )  # fmt: skip
        except ApiError as error:
            raise with_source(error, "creating", target.source) from None
    writing.told(found, "created")
