"""The training engine: every rule against a hand computation, and a short run that really learns."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from effnet_core import pacing, training
from effnet_core.cli import main
from effnet_core.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.evaluation import Evaluation, check_labels, evaluate
from effnet_core.families import SCENES, small
from effnet_core.network import build
from effnet_core.scaling import Scaling
from effnet_core.training import Recipe, Trainer, is_due, moving_average, parameter_groups, start_gently, train

TINY = Scaling(depth=0.3, width=0.25, side=16, dropout=0.1)
DATA = Scenes(side=16, seed=1)
SHORT = Recipe(steps=30, batch=32, evaluations=2, held_out_images=60)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny(seed=0):
    network = build(small(TINY), momentum=0.1, seed=seed)
    start_gently(network, seed)
    return network


@pytest.fixture(scope="module")
def run():
    """One run of 30 steps, with all that it said."""
    torch.set_num_threads(1)
    events, judged = [], []
    result = train(tiny(), DATA, SHORT, on_event=events.append,
                   on_evaluation=lambda network, step, evaluation: judged.append((step, evaluation.accuracy)))
    return result, events, judged


def test_thirty_steps_reduce_the_loss():
    trainer = Trainer(tiny(), DATA, SHORT)
    losses = [trainer.advance() for _ in range(30)]
    assert losses[0] == pytest.approx(math.log(10), abs=0.05)  # a gentle start knows nothing
    assert sum(losses[-10:]) / 10 < 0.9 * losses[0]


def test_events_tell_progress_and_accuracy(run):
    result, events, judged = run
    steps = [event for event in events if "loss" in event]
    assert {*steps[0]} == {"step", "steps", "loss", "lr", "images_per_second", "seconds_left"}
    assert steps[0]["step"] == 1 and steps[-1]["step"] == 30 and steps[-1]["seconds_left"] == 0
    accuracies = [(event["step"], event["accuracy"]) for event in events if "accuracy" in event]
    assert accuracies == judged and [step for step, _ in judged] == [15, 30]
    assert result.steps == 30 and not result.stopped and result.evaluation.accuracy == judged[-1][1]
    assert all(event["steps"] == 30 for event in events)
    json.dumps(events)


def test_the_result_is_the_average_in_eval_mode(run):
    result = run[0]
    assert not result.network.training
    assert evaluate(result.network, DATA.held_out, 60).confusion.equal(result.evaluation.confusion)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_randomness_alone(run):
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    again = train(tiny(), DATA, SHORT)
    assert torch.equal(torch.rand(3), expected)
    states = run[0].network.state_dict(), again.network.state_dict()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_another_seed_gives_other_weights(run):
    other = train(tiny(), DATA, replace(SHORT, seed=1))  # only dropout and stochastic depth differ
    assert not torch.equal(run[0].network.classifier.weight, other.network.classifier.weight)


def test_stopping_keeps_what_there_is():
    asked = iter([False, False, True])
    result = train(tiny(), DATA, SHORT, should_stop=lambda: next(asked))
    assert result.stopped and result.steps == 3 and result.evaluation.images == 60


def test_the_average_follows_its_formula():
    weights = [torch.tensor([float(value)]) for value in (1, 2, 5, -3)]
    average, expected = weights[0].clone(), 1.0
    update = moving_average(0.2)
    for updates, weight in enumerate(weights[1:], 1):
        update([average], [weight], updates)
        decay = min(0.2, (1 + updates) / (10 + updates))
        expected = decay * expected + (1 - decay) * weight.item()
    assert (1 + 1) / (10 + 1) < 0.2 < (1 + 2) / (10 + 2)  # the first update is still limited by the count, the second is not
    assert average.item() == pytest.approx(expected, rel=1e-6)


def test_the_trainer_averages_weights_and_batch_norm_statistics():
    trainer = Trainer(tiny(), DATA, SHORT)
    names = ("stem.conv.weight", "stem.norm.running_var", "stem.norm.num_batches_tracked")
    seen = []
    for _ in range(4):
        trainer.advance()
        seen.append({name: trainer.network.state_dict()[name].clone() for name in names})
    expected = {name: seen[0][name].double() for name in names}
    for updates, state in enumerate(seen[1:], 1):
        decay = min(SHORT.ema, (1 + updates) / (10 + updates))
        expected = {name: decay * expected[name] + (1 - decay) * state[name] for name in names}
    averaged = trainer.average.module.state_dict()
    for name in names[:2]:
        torch.testing.assert_close(averaged[name].double(), expected[name], rtol=1e-5, atol=1e-7)
    assert averaged[names[2]] == 4


def test_one_cycle_rises_to_the_peak_and_falls_to_nearly_nothing():
    recipe = Recipe(steps=20, learning_rate=0.01, warmup=0.3)
    trainer = Trainer(tiny(), DATA, recipe)
    rates = []
    for _ in range(20):
        rates.append(trainer.learning_rate)
        trainer.optimiser.step()
        if len(rates) < 20:
            trainer.schedule.step()
    assert rates[0] == pytest.approx(0.01 / 25) and rates[-1] == pytest.approx(0.01 / 25 / 1e4)
    assert max(rates) == rates[5] == pytest.approx(0.01)  # step 0.3 · 20 - 1
    assert rates[:6] == sorted(rates[:6]) and rates[5:] == sorted(rates[5:], reverse=True)


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.3), (2, 0.5), (2, 0), (3, 0.9), (10, 0.1)])
def test_very_short_runs_have_a_schedule(steps, warmup):
    recipe = replace(SHORT, steps=steps, warmup=warmup, batch=4, held_out_images=4)
    assert train(tiny(), DATA, recipe).steps == steps


def test_norms_and_biases_do_not_decay():
    network = tiny()
    decayed, spared = parameter_groups(network, 0.05)
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.05, 0.0)
    norms = {id(p) for module in network.modules() if isinstance(module, nn.BatchNorm2d) for p in module.parameters()}
    biases = {id(p) for name, p in network.named_parameters() if name.endswith("bias")}
    assert {id(p) for p in spared["params"]} == norms | biases
    assert len(decayed["params"]) + len(spared["params"]) == len(list(network.parameters()))


def test_a_gentle_start_makes_residual_branches_zero():
    network = build(small(SCENES), seed=0)
    start_gently(network, 0)
    x = torch.randn(2, 3, 48, 48)
    skips = [block for stage in network.stages for block in stage if block.skip]
    others = [block for stage in network.stages for block in stage if not block.skip]
    assert skips and all(not block.project.norm.weight.any() for block in skips)
    assert all(bool(block.project.norm.weight.all()) for block in others)
    y = network.eval().stages[:4](network.stem(x))
    block = network.stages[4][1]
    z = network.stages[4][0](y)
    assert block.skip and torch.equal(block(z), z)
    assert network(x).abs().max() < 0.5


def test_evaluations_are_even_and_the_last_is_at_the_end():
    for steps, evaluations in ((1500, 12), (7, 3), (3, 12)):
        recipe = Recipe(steps=steps, evaluations=evaluations)
        due = [step for step in range(1, steps + 1) if is_due(step, recipe)]
        assert len(due) == min(steps, evaluations) and due[-1] == steps


def test_a_loss_that_is_no_number_is_a_sentence():
    network = tiny()
    with torch.no_grad():
        network.classifier.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match="At step 1 the loss became nan .* a learning rate below 0.008 would be right"):
        train(network, DATA, SHORT)


def test_memory_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(pacing.machine, "memory_available", lambda: 10**8)
    pacing.check_memory(small(TINY), 16)
    with pytest.raises(UserError, match="with batches of 4096 needs about .* a smaller batch, width or side"):
        pacing.check_memory(small(SCENES), 4096)


def test_steps_that_fit_follow_from_the_measured_pace(monkeypatch):
    times = {Trainer.advance: 0.5, evaluate: 1.0}  # seconds per step, and for the 50 images of one evaluation batch
    tried = []

    def typical(action, tries):
        tried.append(action)
        return times[Trainer.advance] if len(tried) == 1 else times[evaluate]

    monkeypatch.setattr(pacing, "_typical", typical)
    network = tiny()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    planned = pacing.within(30, network, DATA, SHORT)  # two evaluations of 60 images at 1/50 s each are affordable
    assert (planned.steps, planned.held_out_images) == (int((30 - 2 * 60 * 1.0 / 50) / 0.5), 60)
    assert replace(planned, steps=SHORT.steps) == SHORT
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())
    with pytest.raises(UserError, match="number of seconds is 0"):
        pacing.within(0, network, DATA, SHORT)


def test_a_slow_machine_judges_on_fewer_images_rather_than_never_train(monkeypatch):
    monkeypatch.setattr(pacing, "_typical", lambda action, tries: 2.0 if action.__name__ == "advance" else 20.0)
    planned = pacing.within(120, tiny(), DATA, replace(SHORT, evaluations=1, held_out_images=500))
    assert (planned.held_out_images, planned.steps) == (60, 48)  # a fifth of 120 s at 0.4 s an image, the rest at 2 s a step
    assert pacing.within(120, tiny(), DATA, replace(SHORT, evaluations=12, held_out_images=500)).held_out_images == 50  # one batch at least


def test_a_trial_leaves_the_network_as_it_was():
    network = tiny()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert pacing.within(1000, network, DATA, SHORT).steps >= 1
    assert all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())


@pytest.mark.parametrize(("field", "value"), [
    ("steps", 0), ("steps", 2.5), ("batch", 1), ("learning_rate", 0), ("learning_rate", float("nan")), ("warmup", 1), ("ema", 1),
    ("weight_decay", -1), ("label_smoothing", 1), ("clip", 0), ("seed", -1), ("evaluations", 0), ("held_out_images", 0),
])  # fmt: skip
def test_impossible_recipes_get_a_sentence(field, value):
    with pytest.raises(UserError, match="it must be a"):
        Recipe(**{field: value})


def test_evaluation_counts_exactly():
    class Colours:
        """Stands for data: image i is all i/10, its label is i modulo 3."""

        labels, preprocess = ("a", "b", "c"), Scenes(side=16).preprocess

        def batch(self, index, size):
            numbers = torch.arange(index * size, (index + 1) * size)
            return (numbers / 100).view(-1, 1, 1, 1).expand(-1, 3, 16, 16), numbers % 3

    class Always(nn.Module):
        def forward(self, x):
            return torch.tensor([0.0, 1.0, 0.0]).expand(len(x), 3)

    module = Always().train()
    evaluation = evaluate(module, Colours(), 130)
    assert module.training and evaluation.images == 130
    assert evaluation.confusion.tolist() == [[0, 44, 0], [0, 43, 0], [0, 43, 0]]
    assert evaluation.accuracy == 43 / 130 and evaluation.per_class == [0, 1, 0]
    assert Evaluation(torch.tensor([[2, 0], [0, 0]])).per_class == [1, None]
    with pytest.raises(UserError, match="must be judged on what it was trained for"):
        check_labels(("a", "b", "c"), Scenes())


FAST = ["--steps", "4", "--side", "16", "--width", "0.25", "--depth", "0.3", "--batch", "4", "--held-out", "30", "--threads", "1"]


def test_train_and_evaluate_from_a_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    assert main(["train", *FAST, "--name", "first-try", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "first-try" and told["card"]["steps"] == 4 and told["card"]["finished"]
    assert main(["evaluate", "first-try", "scenes", "--images", "30", "--threads", "1", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["accuracy"] == told["accuracy"] and judged["confusion"] == told["card"]["evaluation"]["confusion"]
    assert main(["evaluate", "first-try", "scenes", "--images", "30", "--threads", "1"]) == 0
    table = capsys.readouterr().out
    assert "red striped disc" in table and "of 30 held-out images" in table
    assert main(["train", *FAST, "--out", str(tmp_path / "file.safetensors")]) == 0
    assert "stored as" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "message"), [
    (["--name", "../escape"], "cannot name a model"),
    (["--name", "small-scenes"], "comes with the app"),
    (["--out", "weights.pt"], "ends in .safetensors"),
    (["--data", "imagenet"], "no data called"),
    (["--threads", "0"], "number of threads is 0"),
    (["--held-out", "0"], "number of held-out images is 0"),
    (["--width", "0"], "width factor is 0"),
])  # fmt: skip
def test_wrong_wishes_at_the_terminal_get_a_sentence(arguments, message, capsys):
    assert main(["train", *FAST, *arguments]) == 1
    assert message in capsys.readouterr().err


def worker(tmp_path, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "effnet_core", "train", *FAST[2:], *arguments, "--name", "worked", "--events"],
        cwd=training.__file__.rpartition("effnet_core")[0], env={**os.environ, "EFFNET_CACHE": str(tmp_path)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_worker_stops_when_asked_and_leaves_a_checkpoint(tmp_path):
    process = worker(tmp_path, "--steps", "1000000")
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if "loss" in events[-1]:
            process.stdin.write("stop\n")
            process.stdin.flush()
            break
    events += [json.loads(line) for line in process.communicate(timeout=120)[0].splitlines()]
    assert process.returncode == 0 and events[-1]["event"] == "result" and events[-1]["stopped"]
    assert not events[-1]["card"]["finished"] and (tmp_path / "models" / "worked.safetensors").exists()
    assert {event["event"] for event in events[:-1]} == {"progress"}
