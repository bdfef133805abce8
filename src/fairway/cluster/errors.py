"""ClusterError: what stopped a cluster command, and how to cure it."""


class ClusterError(Exception):
    """A failure for the operator's eyes: ``message`` says what happened, ``fix`` what to do next."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix
