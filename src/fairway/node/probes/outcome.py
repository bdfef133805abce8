"""Outcome: what one try of a probe or a lifecycle handler came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether it went well, and the text for the event if not (or the warning of a redirect)."""

    is_success: bool
    text: str = ""


WELL = Outcome(True)
