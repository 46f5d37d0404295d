"""Work in threads, one piece at a time: joined, left, stopped, failed."""

import threading

import pytest

from effnet_core.errors import UserError
from pages.shared.inside import turns as room
from pages.shared.inside.turns import Stopped, Turns

PATIENCE_S = 60.0  # nothing here takes that long; it turns a hang into a failure


class Work:
    """Goes on when it is told to; `order` is shared by several and says which one worked when."""

    def __init__(self, name="", order=None):
        self.name, self.order = name, [] if order is None else order
        self.began, self.go, self.times = threading.Event(), threading.Event(), 0

    def __call__(self, go_on):
        self.times += 1
        self.order.append(self.name)
        self.began.set()
        assert self.go.wait(PATIENCE_S)
        if not go_on(3):
            raise Stopped
        return f"result {self.name}"


def over(turn):
    """Waits until a piece has ended."""
    clock = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if not turn.active:
            return turn.state
        clock.wait(0.01)
    raise AssertionError("It never ended.")


def test_one_piece_at_a_time_in_the_order_in_which_they_came():
    queue, order = Turns(), []
    works = [Work(name, order) for name in "abc"]
    made = [queue.begin(work.name, f"owner {work.name}", 10, work) for work in works]
    assert works[0].began.wait(PATIENCE_S) and [queue.before(turn) for turn in made] == [0, 1, 2]
    assert [turn.state for turn in made] == ["running", "waiting", "waiting"] and order == ["a"]
    for work in works:
        work.go.set()
    assert [over(turn) for turn in made] == ["done"] * 3 and order == ["a", "b", "c"]
    assert [turn.result for turn in made] == ["result a", "result b", "result c"]
    assert queue.find("b") is made[1] and made[1].done == 3 and queue.find("d") is None


def test_whoever_asks_for_the_same_joins_and_one_who_leaves_stops_nobody_else():
    queue, work = Turns(), Work("a")
    first, second = queue.begin("a", "one", 10, work), queue.begin("a", "two", 10, work)
    assert first is second and work.began.wait(PATIENCE_S)
    first.leave("one")
    work.go.set()
    assert over(first) == "done" and work.times == 1


def test_what_its_last_visitor_left_stops_even_if_somebody_asks_again():
    queue, work, again = Turns(), Work("a"), Work("again")
    turn = queue.begin("a", "one", 10, work)
    assert work.began.wait(PATIENCE_S)
    turn.leave("nobody")
    assert turn.go_on(2) and queue.find("a") is turn
    turn.leave("one")
    turn.watch("one")
    assert not turn.go_on(2) and queue.find("a") is None
    fresh = queue.begin("a", "one", 10, again)
    assert fresh is not turn and queue.find("a") is fresh and fresh.state == "waiting"
    for each in (work, again):
        each.go.set()
    assert (over(turn), over(fresh)) == ("stopped", "done") and queue.find("a") is fresh


def test_it_stops_where_nobody_looks_any_more(monkeypatch):
    queue, work = Turns(), Work("a")
    turn = queue.begin("a", "one", 10, work)
    assert work.began.wait(PATIENCE_S)
    monkeypatch.setattr(room, "ABSENCE_S", 0.0)
    work.go.set()
    assert over(turn) == "stopped" and turn.result is None
    monkeypatch.undo()
    again = Work("again")
    again.go.set()
    assert over(queue.begin("a", "one", 10, again)) == "done" and queue.find("a").result == "result again"


def test_one_that_waits_can_be_left_too_and_a_visitor_has_one_at_a_time():
    queue, first, second, third = Turns(), Work("a"), Work("b"), Work("c")
    running, waiting = queue.begin("a", "one", 10, first), queue.begin("b", "two", 10, second)
    instead = queue.begin("c", "two", 10, third)  # what they asked for before is left
    assert over(waiting) == "stopped" and not second.began.is_set()
    for work in (first, third):
        work.go.set()
    assert over(running) == over(instead) == "done"


def test_a_refusal_becomes_its_sentence():
    def refuse(_):
        raise UserError("Too little memory.")

    turn = Turns().begin("a", "one", 10, refuse)
    assert over(turn) == "failed" and turn.error == "Too little memory."


def test_so_many_wait_and_no_more(monkeypatch):
    monkeypatch.setattr(room, "LONGEST", 2)
    queue, work = Turns(), Work("a")
    made = [queue.begin(name, name, 10, work) for name in "ab"]
    with pytest.raises(UserError, match="2 others wait"):
        queue.begin("c", "c", 10, work)
    work.go.set()
    assert [over(turn) for turn in made] == ["done", "done"]


def test_few_results_are_kept(monkeypatch):
    monkeypatch.setattr(room, "KEPT", 2)
    queue = Turns()
    for name in "abc":
        assert over(queue.begin(name, "one", 1, lambda go_on: "x")) == "done"
    assert queue.find("a") is None and queue.find("b") and queue.find("c")


def test_time_left_is_that_of_the_speed_so_far(monkeypatch):
    turn = room.Turn(10)
    assert turn.left_s is None
    turn.started = 100.0
    monkeypatch.setattr(room.time, "monotonic", lambda: 106.0)
    turn.watch("one")
    assert turn.left_s is None and turn.go_on(4) and turn.left_s == pytest.approx(9.0)
