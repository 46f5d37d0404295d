"""What our components are put together from; what a browser may send of a click in a chart, and what becomes of it."""

import re
from pathlib import Path

import pytest
import streamlit as st

from pages.shared import components
from pages.shared.components import picked_block

ASSETS = Path(__file__).resolve().parent.parent / "assets"
KNOWN = ("stages.1.0", "stages.4.1")


@pytest.mark.parametrize(
    "sent, layer",
    [
        ({"selection": {"points": [{"customdata": ["stages.4.1", 0.5]}]}}, "stages.4.1"),
        ({"selection": {"points": [{}, {"customdata": ["stages.9.9"]}, {"customdata": ["stages.1.0"]}]}}, "stages.1.0"),
        *((sent, None) for sent in (
            None, 3, [], {}, {"selection": None}, {"selection": {"points": 3}}, {"selection": {"points": "x"}}, {"selection": {"points": []}},
            *({"selection": {"points": [point]}} for point in (
                3, None, "x", {}, {"customdata": None}, {"customdata": []}, {"customdata": [3]}, {"customdata": [{}]}, {"customdata": [["x"]]},
                {"customdata": "stages.4.1"}, {"customdata": ["stages.9.9"]}, {"customdata": {"0": "stages.4.1"}})))),
    ],
)
def test_only_a_block_that_there_is_is_selected(sent, layer, monkeypatch):
    session = {"chart": sent}
    monkeypatch.setattr(st, "session_state", session)
    picked_block("chart", KNOWN)
    assert session.get("layer") == layer


@pytest.mark.parametrize("name", sorted({path.stem for path in ASSETS.glob("*.js") if "export default" in path.read_text(encoding="utf-8")}))
def test_no_script_of_a_component_declares_what_another_one_has(name):
    """They are put one behind the other, where a second declaration would be an error in the browser."""
    declared = [found for script in components.scripts(name) for found in
                re.findall(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", (ASSETS / f"{script}.js").read_text(encoding="utf-8"), re.M)]
    assert not {found for found in declared if declared.count(found) > 1}


def test_no_helper_is_written_in_two_scripts():
    """Whatever its name there; short arrows may stand twice."""
    bodies = [body for path in sorted(ASSETS.glob("*.js")) for pattern in (r"^function \w+(\([\s\S]*?\n\})$", r"^const \w+ = (\(.*=>.{60,})$")
              for body in re.findall(pattern, path.read_text(encoding="utf-8"), re.M)]
    assert len(bodies) > 400 and not {body for body in bodies if bodies.count(body) > 1}


def test_every_component_that_is_mounted_has_a_script():
    """A file that lost its content would be an error in the browser alone."""
    pages = (path.read_text(encoding="utf-8") for path in (ASSETS.parent / "pages").rglob("*.py"))
    mounted = {name for page in pages for name in re.findall(r'component\("(\w+)"\)', page)}
    assert len(mounted) > 20 and not [name for name in mounted if "export default" not in (ASSETS / f"{name}.js").read_text(encoding="utf-8")]
    assert not [path.name for path in ASSETS.iterdir() if path.suffix in (".js", ".css") and not path.stat().st_size]
