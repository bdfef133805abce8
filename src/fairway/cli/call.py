"""Call: one command as it was typed, with what it needs to run.

Shape: ``call.words`` (positional words), ``call.flags`` (values of the command's and the global flags as attributes),
``call.session`` (made when first asked for), ``call.command`` (``rollout status``), ``call.dash`` (how many words stood
before ``--``; -1 without it).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.flags import Parsed, Values
    from fairway.cli.session import Session


class Call:
    """What a command's ``run`` gets."""

    __slots__ = ("_session", "command", "dash", "flags", "words")

    def __init__(self, command: str, parsed: "Parsed") -> None:
        self.command = command
        self.words: list[str] = parsed.words
        self.flags: Values = parsed.values
        self.dash = parsed.dash
        self._session: Session | None = None

    @property
    def session(self) -> "Session":
        """The cluster that is spoken to."""
        if self._session is None:
            from fairway.cli.session import Session

            self._session = Session(self.flags)
        return self._session
