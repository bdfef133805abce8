"""Refuse requests for certificates.

fairway certificate deny jane
"""

from fairway.cli.commands.certificate.deciding import FLAGS, USAGE, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

__all__ = ["FLAGS", "USAGE", "run"]


def run(call: "Call") -> int:
    """Deny every request."""
    return decide(call, "Denied", "denied")
