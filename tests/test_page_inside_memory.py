"""What a session keeps of the page Inside after it was left: nothing large. Only the server's bounded memory may keep passes."""

import gc
import io
import tracemalloc
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from effnet_core import cards
from effnet_core.errors import UserError
from effnet_core.inside import survey_files
from effnet_core.inside.arithmetic import Lens
from effnet_core.inside.inspection import Excitation, Inspection, Opened
from effnet_core.inside.survey_gates import Statistics
from effnet_core.inside.survey_peaks import Peaks
from effnet_core.inside.survey_pictures import Drawn
from pages.shared import memory, seen
from pages.shared.inside import channel, exciting, places, surveying, takehome
from pages.shared.seen import Look

from .apps import open_app
from .test_page_inside import folders, models  # noqa: F401  fixtures
from .test_page_inside_classes import found, fresh, made  # noqa: F401  fixtures among them
from .test_page_inside_surgery import finish, nothing_under_way  # noqa: F401  a fixture among them
from .test_page_inside_takehome import downloads  # noqa: F401  fixture

LARGE = (Look, Inspection, Opened, Excitation, Lens, Statistics, Peaks, Drawn, exciting.Place)
UNIT = "stages.4.1"


def alive() -> list[object]:
    gc.unfreeze()  # a server that boots hides all there is
    gc.collect()
    return [each for each in gc.get_objects() if issubclass(type(each), LARGE)]


def holders(things: list[object]) -> list[str]:
    """The functions in whose closures they are, to say where to look."""
    cells = [cell for each in things for cell in gc.get_referrers(each) if type(cell).__name__ == "cell"]
    owners = [function for cell in cells for closure in gc.get_referrers(cell) for function in gc.get_referrers(closure)]
    return sorted({owner.__qualname__ for owner in owners if hasattr(owner, "__qualname__")})


@pytest.fixture()
def left(found, downloads):  # noqa: F811
    """What is alive, and was not before, when nothing is remembered for all visitors any more."""
    memory.shared().drop(lambda key: True)
    before = alive()

    def find() -> list[object]:
        memory.shared().drop(lambda key: True)
        return [each for each in alive() if not any(each is other for other in before)]

    return find


@pytest.mark.parametrize("surgery", ["", "off:4.1"])
def test_a_page_that_was_left_keeps_nothing_large(surgery, left, downloads):  # noqa: F811
    app = open_app("inside", layer=UNIT, surgery=surgery)
    for part in app.pills(key="part").options:
        app.pills(key="part").set_value(part).run()
        assert not app.exception
        if part == "Surgery":
            finish(app.button(key="worth_go").click().run())  # work under way may hold a pass
    assert downloads and len(memory.shared()._kept) > 5
    app.switch_page("pages/start.py").run()
    assert not app.exception
    things = left()
    assert not things, (Counter(type(each).__name__ for each in things), holders(things))
    assert app.session_state and len(downloads) == 6  # both are alive still


def test_files_are_made_of_the_look_that_stood_on_the_page(downloads, left):  # noqa: F811
    app = open_app("inside", part="Take home", layer=UNIT, photo="scene-3-5", surgery="set:4.1:3=0")
    app.switch_page("pages/start.py").run()
    assert not left()
    with np.load(io.BytesIO(downloads["small-scenes-3-5.npz"][0]()), allow_pickle=False) as file:
        assert file["gates/stages.4.1"][3] == 0 and file["set/stages.4.1"][3] == 0


@pytest.mark.parametrize("make", [takehome.gates_of, takehome.channels_of, lambda at: takehome.cells_of(at, "stem"),
                                  lambda at: takehome.npz_of(at, UNIT, True)])
def test_a_file_needs_no_more_than_was_claimed(make, monkeypatch, models):  # noqa: F811
    entry = next(entry for entry in cards.available() if entry.name == "small-scenes")
    at = seen.recalled(entry, "scene-0-1", "")
    dice = np.random.default_rng(0)  # more numbers than that model has: what does not grow with them should not count
    large = {unit: dice.standard_normal((len(maps), 64, 64), np.float32) for unit, maps in at.seen.outputs.items()}
    at, sizes, store = at._replace(seen=replace(at.seen, outputs=large)), [], memory.Memory(10**9, lambda: 10**9)
    claim = store.claimed
    monkeypatch.setattr(memory, "shared", lambda: store)
    at.opened(UNIT)
    monkeypatch.setattr(store, "claimed", lambda needed: sizes.append(needed) or claim(needed))
    tracemalloc.start()
    try:
        made = make(at)
        made = made.encode() if isinstance(made, str) else made  # as Streamlit sends it
        assert len(made) < tracemalloc.get_traced_memory()[1] <= sizes[0] and len(sizes) == 1
    finally:
        tracemalloc.stop()
    short = sizes[0] - store.bytes - 1  # even where all that is kept is let go
    monkeypatch.setattr(store, "_available", lambda: short)
    with pytest.raises(UserError, match="of memory"):
        make(at)


def test_surveys_are_read_one_at_a_time(found, monkeypatch):  # noqa: F811
    made("small-scenes", limit=20)
    path = next(survey_files.folder().glob("*"))
    survey_files.save(path.with_name(path.name.replace("all", "20")), found)
    asked, read = [], surveying.read
    monkeypatch.setattr(surveying, "read", lambda head: asked.append(head) or read(head))
    app = open_app("inside", part="Classes", layer=UNIT)
    assert not app.exception and len([*survey_files.folder().glob("*")]) == 2 and len(asked) == 1


def test_the_order_of_channels_is_remembered(found, monkeypatch):  # noqa: F811
    calls, real = [], channel.summarise
    monkeypatch.setattr(channel, "summarise", lambda values: calls.append(len(values)) or real(values))
    app = open_app("inside", part="What excites it", layer="head")
    calls.clear()
    app.button(key="more_exciting").click().run()
    assert not app.exception and not calls


def test_a_map_of_every_place_is_of_the_gates_not_of_how_they_were_written():
    entry = next(entry for entry in cards.available() if entry.name == "small-scenes")
    first, again, other = (seen.recalled(entry, "scene-0-1", text) for text in ("off:all", "set:4.1:3=0;off:all", "off:4.1"))
    assert places._key(first, 8) == places._key(again, 8) != places._key(other, 8)
