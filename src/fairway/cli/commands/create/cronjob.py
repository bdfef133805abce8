"""Create a CronJob.

fairway create cronjob nightly --image=busybox --schedule='0 3 * * *' --dry-run=client -o yaml -- date
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.workloads import cron_job
from fairway.cli.writing.generated import CREATE_FLAGS, command_of, name_of, required, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --image=IMAGE --schedule='0/5 * * * *' [-- COMMAND [ARGS...]]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("image", help="the container's image"),
    Flag("schedule", help="when, as in a crontab"),
    Flag("restart", help="the pods' restart policy: OnFailure (default), Never"),
)


def run(call: "Call") -> int:
    """Make it."""
    flags = call.flags
    required(call, "image", "schedule")
    made = cron_job(name_of(call), flags.image, flags.schedule, flags.restart, command_of(call))
    return send(call, made, "failed to create cronjob")
