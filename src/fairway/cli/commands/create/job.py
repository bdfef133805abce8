"""Create a Job.

fairway create job once --image=busybox --dry-run=client -o yaml -- date
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.workloads import job
from fairway.cli.writing.generated import CREATE_FLAGS, command_of, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --image=IMAGE [-- COMMAND [ARGS...]]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("image", help="the container's image"),
    Flag("from", help="an existing CronJob, cronjob/NAME"),
)


def run(call: "Call") -> int:
    """Make it."""
    name, source = name_of(call), getattr(call.flags, "from")
    made = job(name, call.flags.image, source, command_of(call))
    if source:
        kind, _, of_name = source.partition("/")
        found = call.session.resources.find(kind)
        cron_job = call.session.api.get(found.path(call.session.namespace, of_name))
        if cron_job.get("kind") != "CronJob":
            from fairway.cli.failure import Failure

            raise Failure("from must be an existing cronjob")
        made["spec"] = cron_job["spec"]["jobTemplate"]["spec"]
    return send(call, made, "failed to create job")
