"""Rotation of a container's log, with the monitor's part played by the test."""

import asyncio
import os
from pathlib import Path

import pytest

from fairway.node.runtimes.crun.log_rotation import REOPEN_LOG, LogRotation, rotate


async def test_a_log_that_the_monitor_opens_late_is_kept_within_its_limits(tmp_path: Path) -> None:
    log, control = tmp_path / "0.log", tmp_path / "ctl"
    os.mkfifo(control)
    listening = os.open(control, os.O_RDWR | os.O_NONBLOCK)
    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(listening, told.set)
    rotation = LogRotation(max_bytes=100, max_files=3, delay_s=0.01)
    try:
        rotation.watch(log, control)
        log.write_bytes(b"x" * 200)
        async with asyncio.timeout(30):
            await told.wait()
        assert os.read(listening, 64) == REOPEN_LOG
        assert not log.exists()
    finally:
        asyncio.get_running_loop().remove_reader(listening)
        rotation.close()
        os.close(listening)


def test_a_log_stays_where_it_is_when_no_monitor_listens(tmp_path: Path) -> None:
    log, control = tmp_path / "0.log", tmp_path / "ctl"
    os.mkfifo(control)
    log.write_bytes(b"x")
    with pytest.raises(OSError):
        rotate(log, control, 3)
    assert log.read_bytes() == b"x"
