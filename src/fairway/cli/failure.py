"""Failures of a command: what stands on standard error, and the exit code.

Shape: a command raises ``Failure("text")`` and ``cli.main`` prints ``error: text``; ``UsageFailure`` adds the line that
leads to the command's help.  Answers of the API server that are failures are ``client.blocking.ApiError``; ``told``
words any of them.  Several at once are ``Gathered``, and told as ``Failures``.
Source: the texts of kubectl, which scripts match on.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

PROGRAM = "fairway"


class Failure(Exception):
    """``text`` is printed after ``error: ``; with ``is_bare`` as it is.  ``exit_code`` is the program's."""

    def __init__(self, text: str, *, exit_code: int = 1, is_bare: bool = False) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.is_bare = is_bare


class UsageFailure(Failure):
    """Wrong use: the text, and where the help is.  ``cli.main`` knows the command's name."""


class Silent(Failure):
    """All has been said: only the exit code remains."""

    def __init__(self, exit_code: int = 1) -> None:
        super().__init__("", exit_code=exit_code)


class Failures(Exception):
    """Several failures, each told on a line of its own; within another, all on one."""

    exit_code = 1

    def __init__(self, each: "Iterable[Exception]") -> None:
        self.each = list(each)
        said = list(dict.fromkeys(map(str, self.leaves())))
        super().__init__(f"[{', '.join(said)}]" if len(said) > 1 else "".join(said))

    def leaves(self) -> "Iterator[Exception]":
        """Every failure that is not several itself."""
        for each in self.each:
            yield from each.leaves() if isinstance(each, Failures) else (each,)


class Gathered(list[Exception]):
    """What went wrong so far; what fails in ``with failures: ...`` is put in, and the command goes on behind that."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _type: object, error: "BaseException | None", _trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self.append(error)
        return True


def raise_all(failures: "Sequence[Exception]") -> None:
    """Raise what went wrong, if anything did: the one failure itself, or all together."""
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise Failures(failures)


def told(error: Exception) -> str:
    """The failure as it is printed, without a newline at its end."""
    from fairway.client.blocking.errors import ApiError, Unreachable

    if isinstance(error, Failures):
        alone = error.each[0] if len(error.each) == 1 else error
        return "\n".join(map(_in_a_list, alone.each)) if isinstance(alone, Failures) else told(alone)
    if isinstance(error, ApiError):
        return told_of_status(error.status)
    if isinstance(error, Unreachable) or (isinstance(error, Failure) and error.is_bare):
        return str(error)
    text = str(error)
    return text if text.startswith("error: ") else f"error: {text}"


def _in_a_list(error: Exception) -> str:
    """One of several: a refusal of the server in one line, whatever it is."""
    from fairway.client.blocking.errors import ApiError

    if isinstance(error, ApiError):
        return _told_in_a_line(error.status)
    return str(error)


def told_of_status(status: "dict[str, Any]") -> str:
    """A Status of the API server in kubectl's words.  Pure."""
    reason, message = status.get("reason") or "", status.get("message") or ""
    return _told_invalid(status, message) if reason == "Invalid" else _told_in_a_line(status)


def _told_in_a_line(status: "dict[str, Any]") -> str:
    reason, message = status.get("reason") or "", status.get("message") or ""
    if reason == "Unauthorized":
        return f"error: You must be logged in to the server ({message})"
    return f"Error from server ({reason}): {message}" if reason else f"Error from server: {message}"


def _told_invalid(status: "dict[str, Any]", message: str) -> str:
    details, text = status.get("details"), "The request is invalid"
    if details is None:
        return f"{text}: {message}" if message else text
    causes = list(
        dict.fromkeys(f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in details.get("causes") or ())
    )
    if details.get("kind") or details.get("name"):
        text = f'The {details.get("kind", "")} "{details.get("name", "")}" is invalid'
    elif message and not causes:
        text += f": {message}"
    if len(causes) == 1:
        return f"{text}: {causes[0]}"
    return text + ": \n" + "\n".join(f"* {cause}" for cause in causes) if causes else text
