"""Durations as Go prints them, which is how events and waiting messages carry them.  Pure."""


def go_duration(seconds: float) -> str:
    """A duration to the millisecond: ``10s``, ``1m20s``, ``1.5s``, ``250ms``, ``5m0s``."""
    milliseconds = round(seconds * 1000)
    if milliseconds == 0:
        return "0s"
    if milliseconds < 0:
        return "-" + go_duration(-seconds)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    shown = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{shown}"
    return f"{minutes}m{shown}" if minutes else shown
