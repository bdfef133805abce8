"""When a schedule is due, by which clocks, and what is wrong with one that cannot be read."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.kinds.rules.cron import parse


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def following(schedule: str, after: str, zone: str = "UTC") -> str | None:
    found = parse(schedule).next_s(at(after), ZoneInfo(zone))
    return None if found is None else datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("* * * * *", "2026-01-01T00:00:59", "2026-01-01T00:01:00"),
        ("*/15 * * * *", "2026-01-01T00:46:00", "2026-01-01T01:00:00"),
        ("5/20 * * * *", "2026-01-01T00:26:00", "2026-01-01T00:45:00"),
        ("0 9-17/4 * * mon-fri", "2026-01-02T17:00:00", "2026-01-05T09:00:00"),
        ("30 6 1,15 * *", "2026-01-01T06:30:00", "2026-01-15T06:30:00"),
        ("0 0 13 * fri", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("0 0 29 feb *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 30 2 *", "2026-01-01T00:00:00", None),
        ("0 0 ? * SUN", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("@hourly", "2026-01-01T00:30:00", "2026-01-01T01:00:00"),
        ("@daily", "2026-01-01T00:30:00", "2026-01-02T00:00:00"),
        ("@weekly", "2026-01-01T00:30:00", "2026-01-04T00:00:00"),
        ("@monthly", "2026-01-01T00:30:00", "2026-02-01T00:00:00"),
        ("@yearly", "2026-01-01T00:30:00", "2027-01-01T00:00:00"),
        ("@every 90s", "2026-01-01T00:00:00", "2026-01-01T00:01:30"),
        ("@every 1h30m", "2026-01-01T00:00:00", "2026-01-01T01:30:00"),
    ],
)
def test_the_next_time(schedule: str, after: str, due: str | None) -> None:
    assert following(schedule, after) == due


def test_the_clocks_of_a_zone_count() -> None:
    assert following("0 8 * * *", "2026-07-01T00:00:00", "Europe/Berlin") == "2026-07-01T06:00:00"
    # The night in which half past two does not come, and that in which it comes twice.
    assert following("30 2 * * *", "2026-03-28T12:00:00", "Europe/Berlin") == "2026-03-30T00:30:00"
    assert following("30 2 * * *", "2026-10-24T12:00:00", "Europe/Berlin") == "2026-10-25T00:30:00"


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        ("*" * 5000, "must be no more than 4096 characters"),
        ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/2/3 * * * *", "too many slashes: */2/3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("@often", "unrecognized descriptor: @often"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
    ],
)
def test_what_is_wrong(schedule: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(schedule)
    assert str(caught.value) == text


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1_700_000_000, 1_900_000_000),
    st.sampled_from(["* * * * *", "*/7 */3 * * *", "0 0 * * *", "15 3 1 * *"]),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_times_only_go_forward_and_none_is_left_out(start: int, schedule: str, zone: str) -> None:
    parsed, here = parse(schedule), ZoneInfo(zone)
    first = parsed.next_s(start, here)
    assert first is not None
    assert first > start
    second = parsed.next_s(first, here)
    assert second is not None
    assert second > first
    between = parsed.next_s((first + second) / 2, here)
    assert between == second
