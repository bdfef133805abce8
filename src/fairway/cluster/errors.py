"""ClusterError: what stopped a cluster command, and how to cure it."""


class ClusterError(Exception):
    """A failure for the operator's eyes: ``message`` says what happened, ``fix`` what to do next."""

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


class NoClusterError(ClusterError):
    """There is no cluster of that name in that folder."""


class BrokenOffError(ClusterError):
    """The operator pressed Ctrl-C where something has been begun already."""

    exit_code = 130
