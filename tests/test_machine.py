"""The figures of the machine, against control groups written by hand and against the operating system."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

from effnet_core import machine

GIB = 1 << 30


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Lays out a control group tree and says which groups this process is in."""
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GIB, available=32 * GIB))
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)

    def lay_out(membership: str, files: dict[str, str] | None = None) -> None:
        (tmp_path / "cgroup").mkdir()
        (tmp_path / "membership").write_text(membership)
        for name, text in (files or {}).items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return lay_out


def test_without_limits_the_machine_itself_counts(groups):
    groups("0::/\n", {"cpu.max": "max 100000\n", "memory.max": "max\n", "memory.current": "5\n"})
    assert (machine.cores(), machine.memory_available(), machine.memory_total()) == (16, 32 * GIB, 64 * GIB)


def test_without_control_groups_the_machine_itself_counts(groups, tmp_path):
    groups("0::/\n")
    (tmp_path / "membership").unlink()
    assert (machine.cores(), machine.memory_available()) == (16, 32 * GIB)


@pytest.mark.parametrize(("quota", "expected"), [("200000 100000", 2), ("350000 100000", 3), ("50000 100000", 1), ("9900000 100000", 16)])
def test_a_quota_of_version_2_bounds_the_cores_and_leaves_one(groups, quota, expected):
    groups("0::/\n", {"cpu.max": quota})
    assert machine.cores() == expected


def test_a_quota_of_version_1(groups):
    groups("4:memory:/a\n3:cpu,cpuacct:/a/b\n", {
        "cpu/a/b/cpu.cfs_quota_us": "400000\n", "cpu/a/b/cpu.cfs_period_us": "100000\n",
        "cpu/a/cpu.cfs_quota_us": "-1\n", "cpu/a/cpu.cfs_period_us": "100000\n",
    })
    assert machine.cores() == 4


def test_a_limit_on_an_outer_group_counts(groups):
    groups("0::/outer/inner\n", {"outer/cpu.max": "300000 100000", "outer/inner/cpu.max": "800000 100000"})
    assert machine.cores() == 3


def test_a_path_of_the_host_that_a_container_does_not_see_leaves_the_outermost_group(groups):
    groups("0::/docker/0123\n", {"cpu.max": "300000 100000"})
    assert machine.cores() == 3


def test_memory_of_version_2_is_what_is_left_with_cached_files_given_back(groups):
    groups("0::/\n", {"memory.max": f"{4 * GIB}\n", "memory.current": f"{3 * GIB}\n", "memory.stat": f"anon 1\ninactive_file {GIB}\n"})
    assert (machine.memory_available(), machine.memory_total()) == (2 * GIB, 4 * GIB)


def test_memory_of_version_1(groups):
    groups("4:memory:/a\n", {"memory/a/memory.limit_in_bytes": str(2 * GIB), "memory/a/memory.usage_in_bytes": str(GIB // 2)})
    assert (machine.memory_available(), machine.memory_total()) == (3 * GIB // 2, 2 * GIB)


def test_memory_never_falls_below_nothing(groups):
    groups("0::/\n", {"memory.max": str(GIB), "memory.current": str(2 * GIB)})
    assert machine.memory_available() == 0


def test_memory_of_the_machine_counts_where_a_group_allows_more(groups):
    groups("0::/\n", {"memory.max": str(2**63 - 1), "memory.current": "1"})
    assert (machine.memory_available(), machine.memory_total()) == (32 * GIB, 64 * GIB)


@pytest.mark.parametrize(("cpuinfo", "name"), [
    ("processor\t: 0\nmodel name\t: Some  CPU   @ 3.00GHz\n\nprocessor\t: 1\nmodel name\t: Some  CPU   @ 3.00GHz\n", "Some CPU @ 3.00GHz"),
    ("processor\t: 0\nHardware\t: BCM2711\n", "BCM2711"),
    ("", "an architecture"),
])
def test_the_processor_has_a_name_for_people(tmp_path, monkeypatch, cpuinfo, name):
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    system = SimpleNamespace(system=lambda: "Linux", processor=lambda: "", machine=lambda: "an architecture")
    monkeypatch.setattr(machine, "platform", system)
    assert machine.processor.__wrapped__() == name


def test_here_the_figures_agree_with_the_operating_system():
    assert 1 <= machine.cores() <= os.cpu_count()
    assert 0 < machine.memory_available() <= machine.memory_total() <= psutil.virtual_memory().total


def test_idle_and_waiting_do_not_count_as_busy(monkeypatch):
    times = SimpleNamespace(user=3.0, nice=1.0, system=2.0, idle=50.0, iowait=7.0, steal=0.5)
    monkeypatch.setattr(machine.psutil, "cpu_times", lambda: times)
    assert machine.busy_seconds() == 6.5


def test_describe_survives_json_and_needs_no_torch():
    code = "import json, sys; from effnet_core import machine; print(json.dumps(machine.describe())); sys.exit('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == machine.describe()
    assert set(machine.describe()) == {"processor", "cores", "memory", "system", "python"}
