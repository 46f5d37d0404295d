"""What the README promises is there."""

import re
from pathlib import Path

from effnet_core import compound, cost, published
from effnet_core.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_runs_exactly_the_test_command():
    command = next(line for line in README.splitlines() if line.endswith("python -m pytest"))
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_file_it_links_is_there():
    links = re.findall(r"\]\(([^)]+)\)", README) + re.findall(r"`(assets/[\w./-]+)`", README)
    assert len(links) >= 3 and all((ROOT / link).exists() for link in links)


def test_its_commands_exist():
    named = set(re.findall(r"python -m effnet_core (\w+)", README))
    assert named == set(COMMANDS)


def test_its_numbers_are_right():
    assert f"# {cost(published('b0')).params}, {cost(published('b0')).macs}" in README
    assert f"# {cost(compound(phi=1)).macs}" in README


def test_its_map_names_every_room():
    rooms = {path.stem for path in (ROOT / "effnet_core").glob("*.py")} - {"__init__", "__main__"}
    layout = README[README.index("## Layout"):]
    assert not {room for room in rooms if not re.search(rf"\b{room}\b", layout)}
