"""The ``fairway`` command."""

import os
import sys


def main() -> int:
    """Run one command and give its exit code."""
    from fairway.cli.main import run

    code = run(sys.argv[1:])
    if not {"asyncio", "threading"} & sys.modules.keys():
        # Nothing is left to be put away: taking the interpreter apart would only take time.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
