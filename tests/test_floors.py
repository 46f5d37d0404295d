"""The plan of the house: a file imports only from the floors below it, and heavy libraries stay where they belong."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from effnet_core.palette import INK, PAGE
from effnet_core.photos import MAX_BYTES
from pages.shared import adding, state, uploads

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "effnet_core"
FLOORS = [  # rooms of effnet_core, from the ground up; rooms of one floor may use each other in the order in which they stand
    ["errors", "cache", "files", "palette", "scaling", "architecture", "families", "cost", "lab.terms", "lab.pins", "lab.comparison",
     "lab.rounding", "lab.formula", "lab.exponents", "lab.memory", "graph", "labels", "transfers", "downloads", "machine",
     "contention", "speed.intensity",
     "lessons.convolution", "lessons.separable", "lessons.kernels", "lessons.parts", "lessons.design", "lessons.code_torch", "lessons.code_keras",
     "lessons.lots", "lessons.activations", "lessons.chance", "lessons.gating", "lessons.norm", "lessons.skips",
     "search.scores", "lab.paper", "lab.disagreements", "lab.tradeoffs", "lab.budget", "lab.recorded", "lab.against", "lessons.learnt", "lab.counters",
     "lab.lesson_sheets", "lab.sheets", "lessons.scales", "lessons.ways", "lessons.questions", "export.pieces", "export.tables", "export.code",
     "weights.layouts", "weights.recognition", "weights.registry",
     "data.filenames", "data.remarks", "data.class_folders",
     "search.grid", "search.settings", "speed.needs", "speed.ways", "speed.plan", "speed.reading",
     "work.history", "work.workers", "work.jobs"],
    ["blocks", "network", "lessons.running",
     "timing", "devices", "export.onnxfile", "speed.folded", "speed.fused", "speed.runtimes", "speed.prepared", "speed.trusted", "speed.placed", "speed.race", "speed.peak",
     "latency", "speed.sweep", "speed.roofline", "speed.output"],
    ["cards", "preprocess", "photos",
     "data.scenes", "data.catalogue", "data.folders", "data.archives", "data.sources", "data.datasets", "data.pictures", "data.augmentation",
     "weights.tensorfiles", "checkpoints", "weights.claims", "weights.proposals", "weights.foreign", "weights.supply",
     "inside.geometry", "inside.probing", "inside.inspection", "inside.excitation", "inside.digits", "inside.arithmetic", "inside.gradients", "inside.surgery", "inside.handles",
     "inside.ablation", "inside.cam", "inside.occlusion", "inside.channels", "inside.attribution",
     "lessons.normals", "lessons.applied", "lessons.curves", "lessons.spiral", "lessons.stack", "lessons.rectified", "lessons.shortcuts",
     "export.recordings", "lessons.racing", "lessons.folding", "lessons.kept", "models",
     "inside.survey_gates", "inside.survey_observations", "inside.survey_peaks", "inside.survey_patches", "inside.survey_files", "inside.survey_pictures", "inside.survey",
     "learning.distributed", "learning.evaluation", "learning.recipe", "learning.recipes", "learning.course", "learning.learner",
     "learning.batches", "learning.training", "learning.snapshots", "learning.observer", "learning.runs", "learning.plans", "learning.pacing",
     "learning.preparation", "learning.keeping", "learning.trainings",
     "search.studies", "search.stores", "search.searching", "search.trials"],
    ["figures"],
    ["cli"],
]
ORDER = [room for floor in FLOORS for room in floor]
WINGS = {room.split(".")[0] for room in ORDER if "." in room}  # folders whose rooms stand on several floors
HEAVY = {"torch", "plotly", "streamlit", "PIL", "numpy", "safetensors"}


def imports(path: Path) -> set[str]:
    """Modules that the file imports at its top level, relative ones as "effnet_core.room"."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = path.parents[node.level - 1].relative_to(ROOT).parts if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} if _is_folder(module) else {module}
    return found


def _is_folder(module: str) -> bool:
    return module == "effnet_core" or module.removeprefix("effnet_core.") in WINGS


def room_of(module: str) -> str:
    """"weights.registry" of "effnet_core.weights.registry", "figures" of "effnet_core.figures.curves"."""
    first, *rest = module.split(".")[1:]
    return f"{first}.{rest[0]}" if first in WINGS and rest else first


def place(room: str) -> Path:
    return CORE / (room.replace(".", "/") + ".py")


def rooms(path: Path) -> set[str]:
    return {room_of(name) for name in imports(path) if name.startswith("effnet_core.")}


def heavy(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)} & HEAVY


def test_every_room_has_a_floor():
    files = {room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in CORE.rglob("*.py")}
    assert files - {"__init__", "__main__", *(f"{wing}.__init__" for wing in WINGS)} == set(ORDER)


@pytest.mark.parametrize("room", [room for room in ORDER if place(room).exists()])
def test_a_room_imports_only_from_below(room):
    assert all(ORDER.index(other) < ORDER.index(room) for other in rooms(place(room)))


@pytest.mark.parametrize("wing", sorted(WINGS))
def test_a_wing_has_nothing_but_rooms(wing):
    assert not imports(CORE / wing / "__init__.py")  # otherwise its lowest room would need what its highest one needs


@pytest.mark.parametrize("room", FLOORS[0])
def test_the_ground_floor_needs_no_heavy_library(room):
    assert not heavy(place(room))


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_knows_nothing_of_streamlit(path):
    assert "streamlit" not in heavy(path) and not any(name.startswith("pages") for name in imports(path))


@pytest.mark.parametrize("path", sorted((CORE / "figures").glob("*.py")), ids=lambda path: path.stem)
def test_figures_need_no_torch(path):
    assert "torch" not in heavy(path)


@pytest.mark.parametrize("path", [ROOT / "app.py", *sorted(CORE.rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py"))],
                         ids=lambda path: str(path.relative_to(ROOT)))
def test_work_is_never_forked_or_spawned_by_multiprocessing(path):
    """Spawning would run the app's script again in the child; workers are `python -m effnet_core` instead."""
    assert "multiprocessing" not in path.read_text(encoding="utf-8")


def test_no_widget_is_bound_to_a_name_that_the_frame_carries():
    """Streamlit refuses to have the address of a bound widget written by anybody else."""
    bound = re.compile(r'bound\("(\w+)"\)|key="(\w+)"')
    named = {name for path in (ROOT / "pages").rglob("*.py") for found in bound.findall(path.read_text(encoding="utf-8")) for name in found}
    assert not named & {*state.CARRIED}


def test_the_server_is_configured_as_the_code_expects():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["browser"]["gatherUsageStats"] is False and config["client"]["showErrorDetails"] == "none"
    assert config["server"]["maxUploadSize"] == uploads.MOST_MB == adding.LARGEST_MB > MAX_BYTES >> 20
    assert config["theme"]["light"]["textColor"].lower() == INK["light"] and config["theme"]["dark"]["backgroundColor"].lower() == PAGE["dark"]
