"""Two processes that train together against one: batch norm exactly, training to rounding; and what happens when one of them fails."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from effnet_core.errors import UserError
from effnet_core.learning import distributed, training
from effnet_core.learning.distributed import ALONE, SharedBatchNorm, World
from tests.ranks import CHANNELS, DATA, RECIPE, normalised, plain, rows

ROOT = Path(__file__).resolve().parent.parent


def started(*command: str, rank: int | None = None, port: int = 0, **options) -> subprocess.Popen:
    """With torchrun's variables where a `rank` is given."""
    place = {} if rank is None else {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
                                     "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", **place}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pair(folder: Path, task: str) -> list[tuple[int, str]]:
    """Exit status and standard error of both."""
    port = free_port()
    both = [started("-m", "tests.ranks", str(folder / "found"), task, rank=rank, port=port) for rank in (0, 1)]
    return [(process.wait(), said) for process, said in [(process, process.communicate(timeout=300)[1]) for process in both]]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    said = pair(folder, "find")
    assert (folder / "found.0").exists(), said
    return [torch.load(folder / f"found.{rank}", weights_only=True) | {"said": said[rank]} for rank in (0, 1)]


@pytest.fixture(scope="module")
def alone():
    """The same training by one process."""
    torch.set_num_threads(1)
    losses: list[dict] = []
    return training.train(plain(), DATA, RECIPE, on_event=losses.append)


def close(ours: torch.Tensor, theirs: torch.Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def test_shared_batch_norm_is_batch_norm_of_the_joined_batch(found):
    expected = normalised(nn.BatchNorm2d(CHANNELS), rows(0, 1))
    for rank in (0, 1):
        ours = found[rank]["norm"]
        close(ours["y"], expected["y"][rank::2])
        close(ours["x"], expected["x"][rank::2])
        close(ours["mean"], expected["mean"])
        close(ours["var"], expected["var"])
        assert ours["count"] == expected["count"] == 2
    for name in ("weight", "bias"):  # which DDP adds up
        close(found[0]["norm"][name] + found[1]["norm"][name], expected[name], 1e-4)


def test_two_processes_learn_what_one_learns(found, alone):
    expected = alone.network.state_dict()
    for key, value in found[0]["trained"].items():
        assert torch.equal(value, found[1]["trained"][key]), key
        close(value, expected[key], 1e-6)
    assert any(not torch.equal(value, plain().state_dict()[key]) for key, value in expected.items())


def test_both_know_the_accuracy_and_only_the_first_speaks(found, alone):
    assert found[0]["accuracy"] == found[1]["accuracy"] == found[0]["judged alone"] == alone.evaluation.accuracy
    assert [event["step"] for event in found[0]["events"] if "accuracy" in event] == [3, 6] and not found[1]["events"]


def test_a_resumed_run_is_the_same_to_the_bit(found):
    for rank in (0, 1):
        assert all(torch.equal(value, found[0]["trained"][key]) for key, value in found[rank]["resumed"].items())


def test_a_frozen_body_stays_as_it_was(found):
    assert found[0]["frozen"] and found[1]["frozen"]
    assert torch.equal(found[0]["learnt"], found[1]["learnt"]) and not torch.equal(found[0]["learnt"], plain().classifier.weight)


def test_own_statistics_are_the_first_ones_when_judged(found):
    ours, theirs = (found[rank]["own statistics"] for rank in (0, 1))
    assert all(torch.equal(value, theirs[key]) for key, value in ours.items())


def test_an_uneven_batch_is_refused(found):
    assert found[0]["uneven"] == found[1]["uneven"] == "A batch of 9 images cannot be shared evenly by 2 processes; a multiple of 2 can."


def test_a_pause_reaches_all(found):
    assert found[0]["paused"] == found[1]["paused"] == 2


def test_the_first_that_fails_speaks_and_none_waits_for_it(found):
    (first, quiet), (second, sentence) = (found[rank]["said"] for rank in (0, 1))
    assert (first, second) == (1, 1)
    assert "sentence: The second process cannot go on." in sentence and "sentence" not in quiet and "Traceback" not in quiet


def test_a_lost_process_is_a_sentence(tmp_path):
    (first, sentence), (second, _) = pair(tmp_path, "die")
    assert (first, second) == (1, 9)
    assert "sentence: Another of the 2 processes that train together was lost" in sentence and "Traceback" not in sentence


FAST = ["--steps", "4", "--side", "16", "--width", "0.25", "--depth", "0.3", "--batch", "4", "--held-out", "30", "--threads", "1"]


def test_torchrun_trains_one_model_and_one_process_tells_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    process = started("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "effnet_core", "train", *FAST, "--name",
                      "together", "--events", stdin=subprocess.PIPE)  # which stays open: its end would mean pause
    lines = [json.loads(line) for line in process.stdout]
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert [line["event"] for line in lines].count("result") == 1 and lines[-1]["event"] == "result"
    assert lines[-1]["card"]["processes"] == 2 and lines[-1]["card"]["finished"]
    assert [line["step"] for line in lines if "loss" in line][-1] == 4


@pytest.mark.parametrize("size", ["1", None])
def test_one_process_is_a_world_of_its_own(monkeypatch, size):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    if size:
        monkeypatch.setenv("WORLD_SIZE", size)
    with distributed.joined("cpu") as world:
        assert world == ALONE and world.agree("pause", 3.0) == ("pause", 3.0)
        network = nn.Linear(1, 1)
        assert world.share(network) is network and world.device("cuda:0") == "cuda:0"


def test_each_process_has_a_gpu_of_its_own():
    assert World(rank=5, size=8, local=1).device("cuda:0") == "cuda:1"
    assert World(rank=5, size=8, local=1).device("cpu") == "cpu"


def test_more_processes_than_gpus_are_refused(monkeypatch):
    for name, value in (("WORLD_SIZE", "2"), ("LOCAL_WORLD_SIZE", "2"), ("RANK", "0"), ("LOCAL_RANK", "0")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="2 processes cannot share 1 GPUs"), distributed.joined("cuda:0"):
        raise AssertionError


def test_processes_that_cannot_meet_are_told_how(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match="cannot reach each other .* torchrun"), distributed.joined("cpu"):
        raise AssertionError


def test_assistants_refuse_in_silence(monkeypatch):
    for rank, local, speaks in (("0", "0", True), ("1", "1", False), ("2", "0", True), ("3", "1", False)):  # two on each of two machines
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("LOCAL_RANK", local)
        with pytest.raises(UserError if speaks else SystemExit), distributed.one_voice():
            raise UserError("Said once on every machine.")


def test_shared_statistics_survive_values_far_from_zero(monkeypatch):
    monkeypatch.setattr(distributed.dist, "all_reduce", lambda values: None)  # a world of one
    x = 100 + 0.01 * torch.randn(8, CHANNELS, 4, 4, generator=torch.Generator().manual_seed(0))
    ours, theirs = SharedBatchNorm(CHANNELS, eps=1e-5), nn.BatchNorm2d(CHANNELS, eps=1e-5)
    close(ours(x), theirs(x), 1e-2)
    assert ours(x).isfinite().all()


def test_shared_statistics_change_only_how_statistics_are_made():
    network = plain()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    distributed.share_statistics(network)
    kinds = {type(module) for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    assert kinds == {SharedBatchNorm} and all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())
    x = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    assert torch.equal(network.eval()(x), plain().eval()(x))  # without a word to other processes


def test_all_must_agree_on_a_batch():
    with pytest.raises(UserError, match="cannot be shared evenly by 3"):
        training.Trainer(plain(), DATA, replace(RECIPE, batch=8), world=World(0, 3))
