"""Have requests for certificates signed.

fairway certificate approve jane
"""

from fairway.cli.commands.certificate.deciding import FLAGS, USAGE, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

__all__ = ["FLAGS", "USAGE", "run"]


def run(call: "Call") -> int:
    """Approve every request."""
    return decide(call, "Approved", "approved")
