"""`train` from a terminal and as a worker: killed, paused, stopped and resumed processes, and a sentence for every impossible wish."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from effnet_core import machine
from effnet_core.cli import main
from effnet_core.cli.events import Events
from effnet_core.learning import runs, trainings

ROOT = Path(__file__).resolve().parent.parent
SMALL = ["--side", "16", "--width", "0.25", "--depth", "0.3", "--batch", "4", "--held-out", "30", "--threads", "1"]
FAST = ["--steps", "4", *SMALL]
HANG_S = 300


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    before, handlers = torch.get_num_threads(), [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    yield tmp_path
    torch.set_num_threads(before)
    for number, handler in handlers:
        signal.signal(number, handler)


@pytest.fixture
def plan_of(monkeypatch):
    """The plan that arguments describe; nothing is trained."""

    def planned(*arguments: str):
        plans = []
        monkeypatch.setattr(trainings, "carry_out", lambda plan, *_, **__: plans.append(plan) or {"name": plan.name, "paused": True, "step": 0,
                                                                                                  "steps": 1})
        assert main(["train", "--threads", "1", *arguments]) == 0
        return plans[0]

    return planned


def test_train_and_evaluate_from_a_terminal(tmp_path, capsys):
    assert main(["train", *FAST, "--name", "first-try", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "first-try" and told["card"]["steps"] == 4 and told["card"]["finished"]
    assert main(["evaluate", "first-try", "scenes", "--images", "30", "--threads", "1", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["accuracy"] == told["accuracy"] and judged["confusion"] == told["card"]["evaluation"]["confusion"]
    assert main(["train", *FAST, "--out", str(tmp_path / "file.safetensors")]) == 0
    said = capsys.readouterr().out
    assert "loading torch" in said and "4 of 4 steps: " in said and "stored as" in said


def test_a_trial_trains_nothing(cache, capsys):
    assert main(["train", *FAST, "--trial", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["steps"] == 4 and told["images_per_second"] > 0 and told["memory_bytes"] < machine.memory_total()
    assert not list(cache.rglob("*.safetensors"))


def test_usual_settings_follow_from_the_data(plan_of):
    scenes, photos = plan_of(), plan_of("--data", "imagenette")
    assert (scenes.data, scenes.side, scenes.epochs, scenes.network["family"], scenes.recipe.learning_rate) == ("scenes", 48, None, "small", 8e-3)
    assert (photos.data, photos.network["name"], photos.side) == ("imagenette", "EfficientNet-B0", 96) and photos.epochs > 1
    assert photos.smaller_batch and not plan_of("--batch", "8").smaller_batch
    assert plan_of("--preset", "b0-imagenette").recipe.phases[-1].side == 128
    assert plan_of("--preset", "photos", "--side", "64").recipe.phases[-1].side == 64


def test_options_change_them(plan_of):
    plan = plan_of("--steps", "7", "--batch", "6", "--learning-rate", "0.5", "--seed", "3", "--held-out", "9", "--arithmetic", "bfloat16",
                   "--precision", "float32", "--network", "b1", "--test-side", "64")
    recipe = plan.recipe
    assert (recipe.steps, recipe.batch, recipe.learning_rate, recipe.seed, recipe.precision) == (7, 6, 0.5, 3, "bfloat16")
    assert (plan.judged, plan.precision, plan.network["name"], plan.test, plan.device) == (9, "float32", "EfficientNet-B1", 64, "cpu")
    assert plan_of("--phi", "1").network["name"] == "B0 scaled by φ = 1" and plan_of("--width", "0.5").network["width"] == 0.5
    assert (plan_of("--seconds", "5").seconds, plan_of("--data", "imagenette", "--epochs", "2.5").epochs) == (5, 2.5)


def test_fine_tuning_is_gentler_and_takes_its_shape_from_the_source(plan_of):
    scratch, tuned, frozen = plan_of(), plan_of("--from", "small-scenes"), plan_of("--from", "small-scenes", "--frozen")
    assert (tuned.network, tuned.side, tuned.test, tuned.source) == (None, None, None, "small-scenes")
    assert tuned.recipe.learning_rate < scratch.recipe.learning_rate == frozen.recipe.learning_rate
    assert plan_of("--from", "small-scenes", "--side", "32").side == 32
    assert plan_of("--from", "small-scenes", "--learning-rate", "0.004").recipe.learning_rate == 0.004


def test_fine_tuning_from_a_terminal(capsys):
    short = ["--steps", "2", "--batch", "4", "--held-out", "20", "--threads", "1"]
    assert main(["train", "--from", "small-scenes", "--frozen", *short, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)["card"]
    assert card["source"] == {"kind": "fine-tuned", "model": "small-scenes", "frozen": True} and card["architecture"]["side"] == 48


@pytest.mark.parametrize(("arguments", "message"), [
    (["--name", "../escape"], "cannot name a model"),
    (["--name", "small-scenes"], "comes with the app"),
    (["--name", "imagenet-b0"], "belongs to published weights"),
    (["--out", "weights.pt"], "ends in .safetensors"),
    (["--data", "imagenet"], "no data called"),
    (["--data", "./nowhere"], "nowhere"),
    (["--preset", "best"], "no recipe called 'best'"),
    (["--threads", "0"], "number of threads is 0"),
    (["--held-out", "0"], "number of held-out images is 0"),
    (["--width", "0"], "width factor is 0"),
    (["--width", "nan"], "width factor is nan"),
    (["--side", "0"], "side of the images is 0"),
    (["--side", "100000"], "side of the images is 100000"),
    (["--test-side", "3"], "judged at is 3"),
    (["--batch", "1"], "batch size is 1"),
    (["--batch", "-4"], "batch size is -4"),
    (["--batch", "60000"], "needs about"),
    (["--learning-rate", "nan"], "learning rate is nan"),
    (["--learning-rate", "-1"], "learning rate is -1"),
    (["--seed", "-1"], "seed is -1"),
    (["--device", "tpu"], "no device 'tpu'"),
    (["--device", "cuda:99"], "no device 'cuda:99'"),
    (["--frozen"], "name that model with --from"),
    (["--from", "nothing"], "no model called 'nothing'"),
    (["--from", "small-scenes", "--network", "b0"], "brings its own network; leave out --network"),
    (["--network", "b99"], "no published network 'b99'"),
    (["--network", "b0", "--phi", "1"], "Give --network or --phi"),
    (["--network", "b0", "--dropout", "0.3"], "Only the small network can be shaped by --dropout"),
    (["--phi", "nan"], "φ is nan"),
    (["--resume"], "no unfinished training called 'my-scenes'"),
])  # fmt: skip
def test_wrong_wishes_at_the_terminal_get_a_sentence(arguments, message, capsys):
    shape = ["--width", "0.25", "--depth", "0.3"] if not {"--from", "--network", "--phi", "--data"} & {*arguments} else []
    assert main(["train", "--steps", "4", "--side", "16", "--threads", "1", *shape, *arguments]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1 and said.rstrip().endswith(".")


@pytest.mark.parametrize("length", [["--steps", "0"], ["--steps", "-5"], ["--epochs", "0"], ["--epochs", "-1"], ["--epochs", "nan"],
                                    ["--seconds", "0"], ["--seconds", "nan"], ["--seconds", "inf"]])
def test_impossible_lengths_get_a_sentence(length, capsys):
    assert main(["train", *SMALL, *length]) == 1
    assert f"number of {length[0].strip('-')} is" in capsys.readouterr().err


def test_scenes_have_no_epochs(capsys):
    assert main(["train", *SMALL, "--epochs", "3"]) == 1
    assert "Scenes have no end" in capsys.readouterr().err


def test_help_reads_well(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    said = capsys.readouterr().out
    assert "torchrun --nproc-per-node 2" in said and "--resume" in said and "examples:" in said


class Worker:
    """`python -m effnet_core train … --events`, its events as they come."""

    def __init__(self, cache: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "effnet_core", "train", *SMALL, "--name", "worked", "--precision", "float32", *arguments, "--events"],
            cwd=ROOT, env={**os.environ, "EFFNET_CACHE": str(cache), "OMP_NUM_THREADS": "1"}, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.events: list[dict] = []

    def until(self, key: str) -> dict:
        """Listens until an event has `key`."""
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if key in self.events[-1]:
                return self.events[-1]
        raise AssertionError(f"no {key} in {self.events} {self.process.stderr.read()}")

    def say(self, word: str) -> None:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def end(self) -> dict:
        """The last event."""
        if self.process.stdin.closed:
            self.process.stdin = None
        said, complaint = self.process.communicate(timeout=HANG_S)
        self.events += [json.loads(line) for line in said.splitlines()]
        assert self.events, complaint
        return self.events[-1]


LONG = ["--steps", "1000000"]


def test_a_worker_stops_when_asked_and_leaves_a_checkpoint(cache):
    worker = Worker(cache, *LONG)
    worker.until("loss")
    worker.say("stop")
    last = worker.end()
    assert worker.process.returncode == 0 and last["event"] == "result" and last["stopped"]
    assert not last["card"]["finished"] and (cache / "models" / "worked.safetensors").exists() and not runs.unfinished()
    assert {event["event"] for event in worker.events[:-1]} == {"progress"}


@pytest.mark.parametrize("ask", [lambda worker: worker.process.stdin.close(), lambda worker: worker.process.send_signal(signal.SIGTERM)],
                         ids=["the end of its input", "a signal"])
def test_a_worker_without_anyone_to_work_for_pauses(cache, ask):
    worker = Worker(cache, *LONG)
    worker.until("loss")
    ask(worker)
    last = worker.end()
    assert worker.process.returncode == 0 and last["paused"] and last["steps"] == 1_000_000
    (standing,) = runs.unfinished()
    assert standing.resumable and standing.step == last["step"]


def test_a_killed_training_goes_on_as_if_nothing_had_been(cache, tmp_path):
    """Killed after an epoch, resumed, paused in between, resumed by another process: the weights of an uninterrupted run, to the bit."""
    length = ["--steps", "24"]
    torch.set_num_threads(1)
    assert main(["train", *SMALL, *length, "--precision", "float32", "--out", str(tmp_path / "whole.safetensors"), "--json"]) == 0
    worker = Worker(cache, *length)
    saved = worker.until("saved")
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()
    (standing,) = runs.unfinished()
    assert standing.resumable and saved["step"] <= standing.step < 24
    worker = Worker(cache, "--resume")
    assert worker.until("loss")["step"] > standing.step
    worker.say("pause")
    last = worker.end()
    if not last.get("paused"):  # it was done before it heard
        assert last["card"]["finished"]
    else:
        assert main(["train", "--name", "worked", "--resume", "--threads", "1", "--json"]) == 0
    ours, whole = load_file(cache / "models" / "worked.safetensors"), load_file(tmp_path / "whole.safetensors")
    assert ours.keys() == whole.keys() and all(torch.equal(ours[key], whole[key]) for key in ours)


def test_words_on_standard_input_are_heard():
    heard = {b"pause\n": "pause", b"stop\n": "stop", b"pause\nstop\n": "stop", b" stop \n\n": "stop", b"": "pause", b"hello\n": "pause"}
    for said, word in heard.items():
        source, sink = os.pipe()
        os.write(sink, said)
        os.close(sink)
        with Events(source) as events:
            events._listening.join(HANG_S)
            assert events.asked() == word and events.stopped()
        os.close(source)


def test_readers_that_are_gone_mean_pause():
    class Gone:
        def write(self, _):
            raise BrokenPipeError

    source, sink = os.pipe()
    with Events(source, Gone()) as events:
        assert events.asked() is False
        events.progress(step=1)
        assert events.asked() == "pause"
    os.close(sink)
