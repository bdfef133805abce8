"""What is used: read from the kernel's texts, compared over time, and told as a kubelet tells it."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.cgroup_usage import cpu_ns_in, idle_bytes_in, usage_of
from fairway.node.cgroups import Hierarchy
from fairway.node.runtimes.interface import Usage
from fairway.node.usage import measuring
from fairway.node.usage.machine import counted
from fairway.node.usage.measuring import MACHINE, Counted, Key, Look, Measured, Measuring, compared
from fairway.node.usage.telling import exposition, shown, summary

WEB = Key("u1", "crun://1")
POD = {"metadata": {"name": "web", "namespace": "shop", "uid": "u1"}, "status": {"startTime": "2026-01-02T03:04:05Z"}}


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("1234\n", 1234), ("0\n", 0), ("usage_usec 5\nuser_usec 3\n", 5000), ("nr_periods 0\n", None), ("", None)],
)
def test_both_versions_of_control_groups_count_processor_time(text: str, nanoseconds: int | None) -> None:
    assert cpu_ns_in(text) == nanoseconds


def test_file_pages_not_used_lately_count_with_the_groups_below() -> None:
    assert idle_bytes_in("anon 5\ninactive_file 7\n") == 7
    assert idle_bytes_in("inactive_file 7\ntotal_cache 9\ntotal_inactive_file 8\n") == 8
    assert idle_bytes_in("") == 0


@pytest.mark.parametrize("version", [1, 2])
def test_what_has_only_begun_has_used_nothing_and_is_measured_all_the_same(tmp_path: Path, version: int) -> None:
    first = {"cpuacct.usage": "0\n", "memory.usage_in_bytes": "9\n", "memory.stat": "total_inactive_file 4\n"}
    second = {"cpu.stat": "usage_usec 0\n", "memory.current": "9\n", "memory.stat": "inactive_file 4\n"}
    (tmp_path / "pod").mkdir()
    for name, text in (first if version == 1 else second).items():
        (tmp_path / "pod" / name).write_text(text)
    found = [Hierarchy(tmp_path, version, frozenset())]
    assert usage_of(found, "/pod") == Usage(0, 9, 5)
    assert usage_of(found, "/gone") is None


def test_the_machine_is_busy_in_all_but_idle_and_waiting_time() -> None:
    stat = "cpu  10 20 30 1000 500 1 2 3 4 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nbtime 1700000000\n"
    memory = "MemTotal:       100 kB\nMemFree:         20 kB\nMemAvailable:    70 kB\n"
    found = counted(stat, memory, 100)
    assert found == Counted(Usage(660_000_000, 80 * 1024, 30 * 1024), 1700000000.0)


@given(st.integers(0, 10**15), st.integers(0, 10**12), st.floats(0.01, 100))
def test_a_rate_times_its_window_is_what_was_used(before: int, used: int, window_s: float) -> None:
    first = Look(1000.0, {WEB: Counted(Usage(before, 1, 1), 5.0)})
    then = Look(1000.0 + window_s, {WEB: Counted(Usage(before + used, 2, 1), 5.0)})
    found = compared(first, then)[WEB]
    assert found.nanocores * found.window_s == pytest.approx(used, abs=1 + found.window_s)
    assert found.usage.memory_bytes == 2


def test_what_is_new_is_compared_with_its_beginning_and_what_is_gone_is_forgotten() -> None:
    then = Look(1010.0, {WEB: Counted(Usage(4_000_000_000, 2, 1), 1008.0)})
    found = compared(Look(1000.0, {Key("u0", "x"): Counted(Usage(9, 9, 9), 1.0)}), then)
    assert found == {WEB: Measured(Usage(4_000_000_000, 2, 1), 2_000_000_000, 1010.0, 2.0, 1008.0)}


async def test_the_first_who_asks_has_two_looks_taken_and_the_next_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LOOKS_APART_S", 0.0)
    looks, now = [], [100.0]

    async def look() -> dict[Key, Counted]:
        looks.append(now[0])
        now[0] += 0.5
        return {MACHINE: Counted(Usage(len(looks) * 1000, 1, 1), 0.0)}

    measured = Measuring(look, lambda: now[0])
    first, second = await asyncio.gather(measured.measured(), measured.measured())
    assert (len(looks), first[MACHINE].nanocores, first[MACHINE].window_s) == (3, 2000, 0.5)
    assert (second[MACHINE].nanocores, second[MACHINE].window_s) == (2000, 1.0)
    now[0] += 14.5
    assert (await measured.measured())[MACHINE].window_s == pytest.approx(15.0)
    assert len(looks) == 4
    now[0] += 1000.0  # too long ago to say anything of now
    assert (await measured.measured())[MACHINE].window_s == pytest.approx(0.5)
    assert len(looks) == 6


def test_a_pod_is_the_sum_of_its_containers() -> None:
    one, two = (Measured(Usage(n * 10**9, n * 1000, n * 900), n * 1000, 1700000000.0, 0.5, 1.0) for n in (1, 2))
    names = {"a": "first", "b": "second", "c": "not measured"}
    pods = list(shown([(POD, names)], {Key("u1", "a"): one, Key("u1", "b"): two}))
    told = summary("n1", pods, one)
    pod = told["pods"][0]
    assert (told["node"]["nodeName"], told["node"]["cpu"]["usageNanoCores"]) == ("n1", 1000)
    assert pod["podRef"] == {"name": "web", "namespace": "shop", "uid": "u1"}
    assert [each["name"] for each in pod["containers"]] == ["first", "second"]
    assert pod["cpu"]["usageNanoCores"] == 3000
    assert pod["memory"] == {"time": "2023-11-14T22:13:20Z", "usageBytes": 3000, "workingSetBytes": 2700}
    lines = list(exposition(pods, one))
    labels = 'container="second",namespace="shop",pod="web"'
    assert f"container_cpu_usage_seconds_total{{{labels}}} 2 1700000000000" in lines
    assert "node_memory_working_set_bytes 900 1700000000000" in lines


def test_a_pod_of_which_nothing_was_measured_is_left_out() -> None:
    assert list(shown([(POD, {"a": "first"})], {})) == []
