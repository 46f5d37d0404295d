"""How often a page looks at what goes on, and that it leaves room for whatever else it is asked."""

import pytest
import streamlit as st

from pages.shared import looks


@pytest.mark.parametrize("took, pause", [(0.0, 1.0), (0.25, 1.0), (0.26, 2.0), (0.5, 2.0), (0.51, 4.0), (5.0, 32.0)])
def test_a_look_takes_at_most_a_quarter_of_the_time(took, pause):
    assert looks.spaced(1.0, took) == pause
    assert looks.ROOM * took <= pause < max(2 * looks.ROOM * took, 1.01)


@pytest.fixture
def page(monkeypatch):
    """Runs of a page whose look takes the seconds that are given: how far apart looks are asked for, and whether the page was run anew."""
    now, session, again = [0.0], {}, []

    def fragment(look, run_every=None):
        page.every, page.look = run_every, look
        return look

    def page(seconds, every=1.0):
        page.seconds = seconds
        looks.again("name", lambda: now.__setitem__(0, now[0] + page.seconds), every)
        return page

    page.anew = again
    monkeypatch.setattr(looks.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(st, "fragment", fragment)
    monkeypatch.setattr(st, "rerun", lambda: again.append(page.every))
    return page


def test_looks_that_come_upon_each_other_are_spaced(page):
    page(3.0)  # the page's own run, which imports
    assert page.every == 1.0 and not page.anew
    page.seconds = 0.1
    page.look()
    assert not page.anew
    page.seconds = 0.6
    page.look()
    assert page.anew == [1.0]
    page(0.6)
    assert page.every == 4.0
    page.look()
    assert page.anew == [1.0]  # there is room now
    page.seconds = 0.1
    page.look()
    page(0.1)
    assert page.every == 1.0  # the load is over


def test_what_is_looked_at_once_stays_so(page):
    page(9.0, None)
    page.look()
    assert page.every is None and not page.anew
