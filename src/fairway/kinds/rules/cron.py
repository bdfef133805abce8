"""Cron: when a schedule of five fields is due.

Shape: ``parse`` reads the text, ``Schedule.next_s`` gives the first time after another, in Unix seconds.
Source: crontab(5); Kubernetes docs, "CronJob", "Schedule syntax"; error texts as users of Kubernetes know them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

_MONTHS = {name: place for place, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}  # noqa: SIM905
_DAYS = {name: place for place, name in enumerate("sun mon tue wed thu fri sat".split())}  # noqa: SIM905
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_FIELDS: tuple[tuple[int, int, Mapping[str, int]], ...] = (
    (0, 59, {}), (0, 23, {}), (1, 31, {}), (1, 12, _MONTHS), (0, 6, _DAYS),
)  # fmt: skip
_UNITS_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_is_duration = re.compile(r"(?:[0-9]*\.?[0-9]+(?:ns|us|µs|ms|s|m|h))+").fullmatch
_parts = re.compile(r"([0-9]*\.?[0-9]+)(ns|us|µs|ms|s|m|h)").findall
_LENGTH_MAX = 4096
_LOOKAHEAD_DAYS = 366 * 5
"""A day that does not come in five years (30 February) never comes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours, days of the month, months and days of the week (0 is Sunday) that are meant.

    ``every_s`` is the time between two runs where nothing else was said.  Where both kinds of days are restricted, one
    of them is enough.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    is_any_day: bool = True
    is_any_weekday: bool = True
    every_s: float = 0.0

    def next_s(self, after_s: float, zone: tzinfo = UTC) -> float | None:
        """The first time after ``after_s`` by the clocks of ``zone``; ``None`` if there is none."""
        if self.every_s:
            return float(int(after_s) + int(self.every_s))
        start = datetime.fromtimestamp(after_s, zone).replace(tzinfo=None)
        day = start.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_LOOKAHEAD_DAYS):
            if self._is_due_on(day) and (found := self._next_on(day, after_s, zone)) is not None:
                return found
            day += timedelta(days=1)
        return None

    def _is_due_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return is_day and is_weekday if self.is_any_day or self.is_any_weekday else is_day or is_weekday

    def _next_on(self, day: datetime, after_s: float, zone: tzinfo) -> float | None:
        for hour in sorted(self.hours):
            if (day + timedelta(hours=hour + 3)).replace(tzinfo=zone).timestamp() <= after_s:
                continue  # no clock is set by more than that
            for minute in sorted(self.minutes):
                wall = day.replace(hour=hour, minute=minute)
                due_s = wall.replace(tzinfo=zone).timestamp()
                exists = datetime.fromtimestamp(due_s, zone).replace(tzinfo=None) == wall
                if exists and due_s > after_s:
                    return due_s
        return None


@lru_cache(1024)
def parse(text: str) -> Schedule:
    """The schedule that ``text`` says.  Raises: ``ValueError`` that says what is wrong with it."""
    if len(text) > _LENGTH_MAX:
        raise ValueError(f"must be no more than {_LENGTH_MAX} characters")
    if text.startswith("@every "):
        return Schedule(every_s=max(1.0, float(int(_seconds(text.removeprefix("@every "))))))
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise ValueError(f"unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = (
        _field(field, *limits) for field, limits in zip(fields, _FIELDS, strict=True)
    )  # fmt: skip
    return Schedule(minutes, hours, days, months, weekdays, _is_any(fields[2]), _is_any(fields[4]))


def _seconds(text: str) -> float:
    if not _is_duration(text):
        raise ValueError(f'failed to parse duration @every {text}: time: invalid duration "{text}"')
    return sum(float(number) * _UNITS_S[unit] for number, unit in _parts(text))


def _is_any(field: str) -> bool:
    return any(
        part.partition("/")[0] in ("*", "?") and part.partition("/")[2] in ("", "1") for part in field.split(",")
    )


def _field(field: str, lowest: int, highest: int, names: Mapping[str, int]) -> frozenset[int]:
    parts = [part for part in field.split(",") if part]
    return frozenset(number for part in parts for number in _range(part, lowest, highest, names))


def _range(text: str, lowest: int, highest: int, names: Mapping[str, int]) -> range:
    limits, *steps = text.split("/")
    ends = limits.split("-")
    if ends[0] in ("*", "?"):
        first, last = lowest, highest
    else:
        first = last = _number(ends[0], names)
        if len(ends) == 2:
            last = _number(ends[1], names)
        elif len(ends) > 2:
            raise ValueError(f"too many hyphens: {text}")
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    step = _number(steps[0], {}) if steps else 1
    if steps and len(ends) == 1:
        last = highest
    if first < lowest:
        raise ValueError(f"beginning of range ({first}) below minimum ({lowest}): {text}")
    if last > highest:
        raise ValueError(f"end of range ({last}) above maximum ({highest}): {text}")
    if first > last:
        raise ValueError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(first, last + 1, step)


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)
