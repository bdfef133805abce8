"""Make a context the current one: fairway config use dev"""

from fairway.cli.commands.config.use_context import USAGE, run

__all__ = ["USAGE", "run"]
