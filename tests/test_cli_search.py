"""`search` from a terminal and as a worker: counting, training, joining, pausing, being killed, and a sentence for every impossible wish."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from effnet_core.cli import main
from effnet_core.errors import UserError
from effnet_core.search import settings, stores

ROOT = Path(__file__).resolve().parent.parent
BASE = ["--side", "16", "--depth", "0.5", "--width", "0.25", "--held-out", "20"]
FAST = ["--kind", "base", "--kind", "deeper", "--steps", "2", *BASE]
LONG = ["--kind", "base", "--steps", "100000", "--seeds", "1", *BASE]
HANG_S = 120


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    import torch

    before, handlers = torch.get_num_threads(), [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    yield tmp_path
    torch.set_num_threads(before)
    for number, handler in handlers:
        signal.signal(number, handler)


def worker(*arguments):
    return subprocess.Popen([sys.executable, "-m", "effnet_core", "search", *arguments, "--events"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            env={**os.environ})


def is_running(name):
    try:
        return bool(stores.standing(name).running)
    except UserError:  # not begun yet
        return False


def until(process, wanted):
    """The first event that `wanted` accepts."""
    for line in process.stdout:
        if wanted(event := json.loads(line)):
            return event
    raise AssertionError(f"ended with {process.wait()}")


def test_the_grid_is_counted_by_default(capsys):
    assert main(["search"]) == 0
    said = capsys.readouterr().out
    assert "693 combinations, 79 keep to the budget, and they are 46 distinct networks" in said
    assert "the paper's 1.2, 1.1, 1.15 costs 2.573 times the base; the same network: 1.25, 1.1, 1.15" in said
    assert main(["search", "--grid", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tried"], told["candidates"], len(told["networks"])) == (693, 79, 46)
    assert told["paper"]["members"] == [[1.2, 1.1, 1.15], [1.25, 1.1, 1.15]] and told["paper"] in told["networks"]


def test_the_grid_by_counted_macs(capsys):
    assert main(["search", "--rule", "counted", "--alpha", "1", "1.6", "--beta", "1", "1.4", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tried"], told["candidates"], told["paper"]) == (1053, 36, None) and told["grid"]["rule"] == "counted"
    assert main(["search", "--rule", "counted", "--base", "resnet50"]) == 0
    assert "keep to the budget" in capsys.readouterr().out


def test_counting_imports_neither_torch_nor_optuna():
    code = ("import sys, effnet_core.cli as cli; cli.main(['search', '--json'])\n"
            "assert not {'torch', 'optuna', 'numpy', 'plotly'} & set(sys.modules), set(sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def test_train_join_and_go_on_from_a_terminal(capsys):
    assert main(["search", "--study", "mine", *FAST]) == 0
    said = capsys.readouterr().out
    assert "4 of 4: " in said and "95 % interval" in said and "deeper (2, 1, 1)" in said
    assert main(["search", "--study", "mine", "--json"]) == 0  # joins what is complete: only says it
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], told["total"], told["paused"], told["freedom"]) == (4, 4, False, 2) and len(told["ranking"]) == 2
    assert main(["search", "--study", "mine", "--steps", "3"]) == 1
    assert "was begun with steps 2 and not 3" in capsys.readouterr().err


def test_candidates_by_number_and_by_grid(capsys, tmp_path):
    numbers = ["search", "--study", "a", "--candidate", "1.2,1.1,1.15", "--candidate", "1,1,1.4", "--seeds", "1", "--steps", "1", *BASE]
    assert main([*numbers, "--storage", f"sqlite:///{tmp_path / 'own.db'}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {(place["alpha"], place["beta"], place["gamma"]) for place in told["ranking"]} == {(1.2, 1.1, 1.15), (1.0, 1.0, 1.4)}
    assert "cannot be ranked" in told["verdict"] and told["spread"] is None and settings.names() == []
    bounds = ["--step", "0.25", "--alpha", "1", "1.25", "--beta", "1", "1", "--gamma", "1", "1.25", "--tolerance", "0.5"]
    assert main(["search", "--study", "b", "--from-grid", *bounds, "--seeds", "1", "--steps", "1", *BASE, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["setting"]["candidates"] == [[1.0, 1.0, 1.25], [1.25, 1.0, 1.25]]


@pytest.mark.parametrize(("arguments", "message"), [
    (["--step", "0.001"], "60,471,201 combinations"),
    (["--grid", "--study", "a"], "give one of them"),
    (["--seeds", "3"], "--seeds is for trainings"),
    (["--storage", "sqlite:///a.db"], "--storage is for trainings"),
    (["--study", "a", "--step", "0.1", "--rule", "counted"], "--step and --rule are for the grid"),
    (["--study", "a", "--sampler", "tpe", "--from-grid"], "proposes its own candidates"),
    (["--study", "a", "--sampler", "grid", "--trials", "3"], "--trials is for --sampler tpe"),
    (["--study", "../a"], "cannot name a search"),
    (["--study", "a", "--candidate", "1.2;1.1"], "three numbers with commas"),
    (["--study", "a", "--candidate", "1.2,1.1"], "three numbers"),
    (["--study", "a", "--seeds", "0"], "number of seeds is 0"),
    (["--study", "a", "--width", "nan"], "width of the thin base is nan"),
    (["--study", "a", "--threads", "0"], "number of threads is 0"),
    (["--study", "a", "--data", "imagenet"], "no data called"),
    (["--study", "a", "--storage", "a.db"], "is no storage"),
])
def test_impossible_wishes_get_a_sentence(arguments, message, capsys):
    assert main(["search", *arguments]) == 1
    said = capsys.readouterr()
    assert message in said.err and "Traceback" not in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_pauses_and_says_how_to_go_on():
    process = subprocess.Popen([sys.executable, "-m", "effnet_core", "search", "--study", "mine", *LONG], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # tests in the background ignore it, and children inherit that
    try:
        while not is_running("mine"):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=HANG_S)[0]
    finally:
        process.kill()
    assert process.returncode == 0 and "paused after 0 of 1 trials; the same command goes on" in said


def test_a_worker_says_what_it_does_and_pauses():
    process = worker("--study", "mine", *LONG)
    event = until(process, lambda event: event.get("step"))
    assert event["event"] == "progress" and event["candidate"] == "the base (1, 1, 1)" and event["seconds_left"] is None  # nothing is over yet
    process.stdin.write("pause\n")
    process.stdin.flush()
    result = until(process, lambda event: event["event"] == "result")
    assert process.wait(HANG_S) == 0 and (result["paused"], result["done"], result["total"]) == (True, 0, 1)
    assert stores.standing("mine").running == ()


def test_a_killed_worker_is_replaced(capsys):
    process = worker("--study", "mine", "--kind", "base", "--kind", "deeper", "--seeds", "1", "--steps", "8", *BASE)
    until(process, lambda event: event.get("outcome"))
    until(process, lambda event: event.get("step"))
    process.kill()
    process.wait(HANG_S)
    assert stores.standing("mine").done == 1
    assert main(["search", "--study", "mine", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["done"] == told["total"] == 2 and not told["paused"] and len(told["ranking"]) == 2


def test_two_workers_train_each_trial_once():
    wanted = ["--study", "shared", *FAST]
    pair = [worker(*wanted), worker(*wanted)]
    events = [[json.loads(line) for line in process.stdout] for process in pair]  # their input stays open: its end would mean pause
    assert [process.wait(HANG_S) for process in pair] == [0, 0]
    results = [said[-1] for said in events]
    assert all(result["event"] == "result" and result["done"] == result["total"] == 4 for result in results)
    assert results[0]["ranking"] == results[1]["ranking"]
    trained = [(tuple(event["outcome"]["coefficients"]), event["outcome"]["seed"]) for said in events for event in said if event.get("outcome")]
    assert len(trained) == len(set(trained)) == 4


def test_a_worker_that_is_refused_says_why():
    process = worker("--step", "0.001")
    event = until(process, lambda event: event["event"] == "error")
    assert "60,471,201 combinations" in event["message"] and process.wait(HANG_S) == 1
