"""The plan of the house: a file imports only from the floors below it, and heavy libraries stay where they belong."""

import ast
import tomllib
from pathlib import Path

import pytest

from effnet_core.palette import INK, PAGE
from effnet_core.photos import MAX_BYTES
from pages.shared import adding, uploads

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "effnet_core"
FLOORS = [  # rooms of effnet_core, from the ground up; rooms of one line may use each other in the order in which they stand
    ["errors", "cache", "files", "palette", "scaling", "architecture", "families", "cost", "graph", "layouts", "recognition", "labels", "transfers",
     "downloads", "registry", "filenames", "remarks", "class_folders", "machine", "contention", "history", "workers", "jobs"],
    ["blocks", "network"],
    ["cards", "preprocess", "photos", "scenes", "catalogue", "folders", "archives", "sources", "distributed", "datasets", "pictures", "augmentation",
     "tensorfiles", "checkpoints", "proposals", "foreign", "weights", "evaluation", "recipe", "recipes", "course", "learner", "batches", "training",
     "snapshots", "observer", "runs", "plans", "pacing", "probing", "inspection", "timing", "latency", "models", "preparation", "keeping", "trainings"],
    ["figures"],
    ["cli"],
]
ORDER = [room for floor in FLOORS for room in floor]
HEAVY = {"torch", "plotly", "streamlit", "PIL", "numpy", "safetensors"}


def imports(path: Path) -> set[str]:
    """Modules that the file imports at its top level, relative ones as "effnet_core.room"."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = path.parent if node.level == 1 else path.parent.parent
            inside = [*base.relative_to(ROOT).parts, *([node.module] if node.module else [])]
            found |= {".".join(inside)} if node.module else {".".join([*inside, alias.name]) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


def rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("effnet_core.")}


def heavy(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)} & HEAVY


def test_every_room_has_a_floor():
    present = {path.stem for path in CORE.glob("*.py")} | {path.name for path in CORE.iterdir() if (path / "__init__.py").exists()}
    assert present - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("room", [room for room in ORDER if (CORE / f"{room}.py").exists()])
def test_a_room_imports_only_from_below(room):
    assert all(ORDER.index(other) < ORDER.index(room) for other in rooms(CORE / f"{room}.py"))


@pytest.mark.parametrize("room", FLOORS[0])
def test_the_ground_floor_needs_no_heavy_library(room):
    assert not heavy(CORE / f"{room}.py")


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


def test_the_server_is_configured_as_the_code_expects():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["browser"]["gatherUsageStats"] is False and config["client"]["showErrorDetails"] == "none"
    assert config["server"]["maxUploadSize"] == uploads.MOST_MB == adding.LARGEST_MB > MAX_BYTES >> 20
    assert config["theme"]["light"]["textColor"].lower() == INK["light"] and config["theme"]["dark"]["backgroundColor"].lower() == PAGE["dark"]
