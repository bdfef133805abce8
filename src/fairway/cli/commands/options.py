"""Show the flags of every command that speaks to the API."""

from fairway.cli.global_flags import GLOBAL_FLAGS
from fairway.cli.help import flag_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

FLAGS = ()


def run(call: "Call") -> int:
    """Print them."""
    print("Flags of every command that speaks to the API:\n")
    print("\n".join(flag_lines(flag for flag in GLOBAL_FLAGS if not flag.is_hidden)))
    return 0
