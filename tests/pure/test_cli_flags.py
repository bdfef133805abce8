"""Flags of the command line: the syntax and the sentences of pflag."""

from typing import Any

import pytest

from fairway.cli.flags import Flag, FlagError, duration_s, parse

FLAGS = (
    Flag("output", "o"),
    Flag("all", "A", "bool"),
    Flag("watch", "w", "bool"),
    Flag("count", "c", "int", default=3),
    Flag("labels", "L", "strings"),
    Flag("env", "", "array"),
    Flag("timeout", "", "duration", default=30.0),
    Flag("dry-run", bare="unchanged", default="none"),
)

GIVEN: list[tuple[list[str], list[str], dict[str, Any]]] = [
    (["a", "-o", "json", "b"], ["a", "b"], {"output": "json"}),
    (["-ojson"], [], {"output": "json"}),
    (["-o=json"], [], {"output": "json"}),
    (["--output=a=b"], [], {"output": "a=b"}),
    (["--output", "-x"], [], {"output": "-x"}),
    (["-Awo", "x"], [], {"all": True, "watch": True, "output": "x"}),
    (["-A=false"], [], {"all": False}),
    (["--all=F"], [], {"all": False}),
    (["--all", "false"], ["false"], {"all": True}),
    (["-c", "0x10"], [], {"count": 16}),
    (["-c-1"], [], {"count": -1}),
    (["-La,b", "-L", "c"], [], {"labels": ["a", "b", "c"]}),
    (["--env=a,b", "--env=c"], [], {"env": ["a,b", "c"]}),
    (["--timeout=1m30s"], [], {"timeout": 90.0}),
    ([], [], {"count": 3, "timeout": 30.0, "dry_run": "none", "labels": [], "output": ""}),
    (["--dry-run", "client"], ["client"], {"dry_run": "unchanged"}),
    (["--dry-run=client"], [], {"dry_run": "client"}),
    (["-", "--", "-o", "--"], ["-", "-o", "--"], {"output": ""}),
]


@pytest.mark.parametrize(("words", "left", "values"), GIVEN, ids=[" ".join(words) for words, _, _ in GIVEN])
def test_flags_and_words_are_parted(words: list[str], left: list[str], values: dict[str, Any]) -> None:
    parsed = parse(FLAGS, words)
    assert parsed.words == left
    assert {name: getattr(parsed.values, name) for name in values} == values


WRONG = [
    (["--bogus"], "unknown flag: --bogus"),
    (["-Az"], "unknown shorthand flag: 'z' in -z"),
    (["-zA"], "unknown shorthand flag: 'z' in -zA"),
    (["-o"], "flag needs an argument: 'o' in -o"),
    (["--output"], "flag needs an argument: --output"),
    (["--=x"], "bad flag syntax: --=x"),
    (["---x"], "bad flag syntax: ---x"),
    (["-A=x"], 'invalid argument "x" for "-A, --all" flag: strconv.ParseBool: parsing "x": invalid syntax'),
    (["--count=x"], 'invalid argument "x" for "-c, --count" flag: strconv.ParseInt: parsing "x": invalid syntax'),
    (["--timeout=5"], 'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"'),
    (["--timeout=x"], 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'),
]


@pytest.mark.parametrize(("words", "text"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_what_is_wrong_is_told_as_pflag_does(words: list[str], text: str) -> None:
    with pytest.raises(FlagError) as failed:
        parse(FLAGS, words)
    assert str(failed.value) == text


def test_the_first_word_may_end_the_flags() -> None:
    parsed = parse(FLAGS, ["-A", "pod", "-o", "x"], is_interspersed=False)
    assert (parsed.words, parsed.values.all, parsed.values.output) == (["pod", "-o", "x"], True, "")


def test_what_was_given_is_known_and_where_the_dashes_stood() -> None:
    parsed = parse(FLAGS, ["a", "-A=false", "--", "b"])
    assert (parsed.values.is_given("all"), parsed.values.is_given("watch"), parsed.dash) == (True, False, 1)
    assert parse(FLAGS, ["a"]).dash == -1


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("1h2m3.5s", 3723.5), ("-2s", -2), ("+300ms", 0.3), ("1.5h", 5400), (".5s", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "-", "1", "s", "1x", "1..2s", "1 s", "."])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="time: "):
        duration_s(text)
