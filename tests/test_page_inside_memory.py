"""What a session keeps of the page Inside after it was left: nothing large. Only the server's bounded memory may keep passes."""

import gc
from collections import Counter

import pytest

from effnet_core.inside.arithmetic import Lens
from effnet_core.inside.inspection import Excitation, Inspection, Opened
from effnet_core.inside.survey_gates import Statistics
from effnet_core.inside.survey_peaks import Peaks
from pages.shared import memory
from pages.shared.seen import Look

from .apps import open_app
from .test_page_inside import folders, models  # noqa: F401  fixtures
from .test_page_inside_classes import fresh, found  # noqa: F401  fixtures

LARGE = (Look, Inspection, Opened, Excitation, Lens, Statistics, Peaks)
PARTS = ("One block", "Maps", "One cell", "Where it looks", "Occlusion", "Surgery", "Two photos", "Classes", "What excites it", "Take home")
UNIT = "stages.4.1"


def alive() -> list[object]:
    gc.unfreeze()
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, LARGE)]


def holders(things):
    """The functions in whose closures, defaults or arguments they are, to say where to look."""
    cells = [cell for each in things for cell in gc.get_referrers(each) if type(cell).__name__ == "cell"]
    owners = [function for cell in cells for closure in gc.get_referrers(cell) for function in gc.get_referrers(closure)]
    return sorted({owner.__qualname__ for owner in owners if hasattr(owner, "__qualname__")})


@pytest.mark.parametrize("surgery", ["", "off:4.1"])
@pytest.mark.parametrize("part", PARTS)
def test_a_page_that_was_left_keeps_nothing_large(part, surgery, found):  # noqa: F811
    before = alive()
    app = open_app("inside", part=part, layer=UNIT, surgery=surgery)
    assert not app.exception
    app.switch_page("pages/start.py").run()
    assert not app.exception
    memory.shared().drop(lambda key: True)
    left = [each for each in alive() if not any(each is other for other in before)]
    assert not left, (Counter(type(each).__name__ for each in left), holders(left))


