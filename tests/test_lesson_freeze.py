"""What the lessons make PyTorch import while the app runs is out of the garbage collector's sight, as what it imported at first is."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = """
import gc, sys
from tests.apps import open_app

def seen():
    known = {id(each) for each in gc.get_objects()}
    return [name for name, module in list(sys.modules.items()) if name.startswith("torch") and id(module.__dict__) in known]

for lesson in %r:
    app = open_app("blocks", **lesson)
    assert not app.exception and "torch" in sys.modules
    assert len(seen()) < 10, (lesson, len(seen()), seen()[:5])
"""


def check(*lessons: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", CODE % (lessons,)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_after_the_first_run_of_a_lesson_s_code():
    check({"lesson": "The block, step by step"})


def test_after_the_first_gradients():
    check({"lesson": "Why skip connections", "depth_real": "true", "depth_case": "B0, trained"},
          {"lesson": "Why skip connections", "depth_real": "true", "depth_case": "B0, untrained"})
