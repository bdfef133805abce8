"""The ``fairway`` command."""

import sys


def main() -> int:
    """Run one command and give its exit code."""
    from fairway.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
