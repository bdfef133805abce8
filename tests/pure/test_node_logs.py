"""Logs in the CRI format: which lines are shown and how."""

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.logs.cri import LineReader, LogOptions, OptionProblem, log_options
from fairway.node.logs.reader import tail_offset

LOG = b"""\
2026-01-02T03:04:05.000000001+00:00 stdout F one
2026-01-02T03:04:06.000000002+00:00 stderr F two
2026-01-02T03:04:07.000000003+00:00 stdout P three-
2026-01-02T03:04:07.000000004+00:00 stdout F and-a-half
2026-01-02T03:04:08.000000005+00:00 stdout F four
"""


def shown(options: LogOptions, log: bytes = LOG) -> bytes:
    return LineReader(options).read(log)


def test_a_log_is_shown_without_the_heads_of_its_lines() -> None:
    assert shown(LogOptions()) == b"one\ntwo\nthree-and-a-half\nfour\n"


def test_times_are_shown_once_a_line_and_in_utc() -> None:
    lines = shown(LogOptions(timestamps=True)).splitlines()
    assert lines[2] == b"2026-01-02T03:04:07.000000003Z three-and-a-half"


def test_lines_before_a_time_are_left_out() -> None:
    assert shown(log_options({"sinceTime": "2026-01-02T03:04:07Z"}, 0)) == b"three-and-a-half\nfour\n"
    assert shown(log_options({"sinceSeconds": "1"}, 1767323049.0)) == b"four\n"


def test_one_stream_may_be_chosen() -> None:
    assert shown(log_options({"stream": "Stderr"}, 0)) == b"two\n"


def test_a_limit_of_bytes_is_kept() -> None:
    reader = LineReader(LogOptions(limit_bytes=6))
    assert reader.read(LOG) == b"one\ntw"
    assert reader.is_full


@pytest.mark.parametrize(
    "query", [{"tailLines": "-1"}, {"tailLines": "x"}, {"sinceTime": "yesterday"}, {"stream": "x"}, {"limitBytes": "0"}]
)
def test_options_out_of_shape_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(OptionProblem):
        log_options(query, 0)


@given(st.lists(st.integers(0, len(LOG)), max_size=10))
def test_a_log_may_come_in_any_pieces(cuts: list[int]) -> None:
    places = sorted({0, len(LOG), *cuts})
    reader = LineReader(LogOptions(timestamps=True))
    pieces = [reader.read(LOG[start:end]) for start, end in itertools.pairwise(places)]
    assert b"".join(pieces) == shown(LogOptions(timestamps=True))


@pytest.mark.parametrize(("lines", "text"), [(0, b""), (1, b"four\n"), (2, b"three-and-a-half\nfour\n")])
def test_the_tail_counts_whole_lines_of_output(lines: int, text: bytes) -> None:
    assert shown(LogOptions(), LOG[tail_offset(io.BytesIO(LOG), lines) :]) == text


@given(st.lists(st.integers(0, 40_000), max_size=12), st.integers(0, 15))
def test_the_tail_is_what_a_reader_of_everything_would_keep(lengths: list[int], lines: int) -> None:
    head = b"2026-01-02T03:04:05.0Z stdout F "
    log = b"".join(head + b"x" * length + b"\n" for length in lengths)
    whole = log.splitlines(keepends=True)
    assert log[tail_offset(io.BytesIO(log), lines) :] == b"".join(whole[-lines:] if lines else [])
