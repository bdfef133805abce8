"""What the Node says of the program that runs containers."""

import pytest

from fairway.node.runtimes.crun.programs import version_in


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("crun version 1.8.1\ncommit: f8a0\nrundir: /run/user/0/crun\n", "1.8.1"),
        ("runc version 1.1.5+ds1\nspec: 1.0.2-dev\n", "1.1.5+ds1"),
        ("", "unknown"),
    ],
)
def test_the_version_is_read_from_the_first_line(told: str, version: str) -> None:
    assert version_in(told) == version
