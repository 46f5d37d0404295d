"""What the app imports, and when: no page pays for a library before it needs it."""

import subprocess
import sys

from .serving import ROOT

FRAME = """
import sys
from pages.shared import shell
early = {"torch", "numpy", "pandas", "pyarrow", "requests", "optuna", "sqlalchemy"} & set(sys.modules)
assert not early, early
"""  # what runs before anything stands
PAGES = """
import sys
from streamlit.testing.v1 import AppTest
from tests.apps import open_app
from pages.shared import catalogue
parts = {"start": "", "scaling": "ask", "tradeoffs": "trade", "search": "", "latency": "clock_part", "learn": "learn"}
places = [(page, {key: part} if key else {}) for page, key in parts.items() for part in catalogue.parts(page).values() or [""]]
places += [("blocks", {"lesson": lesson}) for lesson in ("Convolution", "Separable convolution")]
places += [("tradeoffs", {"trade": "Chooser", "budget_kind": "Time"})]
for page, query in places:
    app = open_app(page, **query)
    assert not app.exception, (page, query)
    assert not {"torch", "optuna", "sqlalchemy"} & set(sys.modules), (page, query)
app = AppTest.from_file("app.py", default_timeout=120)
app.session_state["data_kind"] = "imagenette"
app.run()
app.switch_page("pages/pretrain.py").run()
assert not app.exception and any(button.key == "fetch_imagenette" for button in app.button)
from pages.shared.lessons import activations, chance, squeeze
assert not {"torch", "optuna", "sqlalchemy"} & set(sys.modules), "pretrain, and lessons that have not computed yet"
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_frame_of_a_page_needs_no_heavy_library():
    run(FRAME)


def test_pages_that_compute_nothing_with_torch_never_import_it():
    run(PAGES)
