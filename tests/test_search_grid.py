"""The grid of α, β, γ: what keeps to the budget, what rounding makes of it, and the scores by which trainings are ranked."""

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, PAPER, compound
from effnet_core.figures import search as figures
from effnet_core.search import scores
from effnet_core.search.grid import MOST, Grid, search
from effnet_core.search.settings import Outcome, Setting, judging_error, ranking

WIDE = Grid(alpha=(1.0, 1.6), beta=(1.0, 1.4), rule="counted")


def members(network):
    return [member.coefficients for member in network.members]


def identity(network):
    return ([len(stage.blocks) for stage in network.stages], [layer.output.channels for layer in network.layers], network.scaling.side)


def test_the_papers_grid_collapses_as_counted_elsewhere():
    found = search(Grid())
    assert (found.tried, len(found.candidates), len(found.networks)) == (11 * 7 * 9, 79, 46)
    assert members(found.paper) == [PAPER, (1.25, 1.1, 1.15)]
    assert (f"{found.networks[0].ratio:.2f}", f"{found.networks[-1].ratio:.2f}") == ("2.02", "3.33")
    assert f"{found.paper.ratio:.2f}" == "2.57" and found.paper.macs == cost(compound(1.0)).macs and found.paper.blocks == 23


def test_counted_macs_leave_few_and_not_the_papers():
    found = search(WIDE)
    assert (found.tried, len(found.candidates), found.paper) == (1053, 36, None)
    assert all(1.9 <= network.ratio <= 2.1 for network in found.networks)


@pytest.mark.parametrize("base", BASES)
def test_macs_and_networks_are_those_of_the_scaled_base(base):
    found = search(Grid(base=base, step=0.1, tolerance=0.2))
    unscaled = cost(compound(0.0, base=base)).macs
    for network in found.networks:
        built = [compound(1.0, *member.coefficients, base=base) for member in network.members]
        assert {cost(one).macs for one in built} == {network.macs} and network.ratio == network.macs / unscaled
        assert all(identity(one) == identity(built[0]) for one in built)
        assert (sum(network.repeats), network.side) == (len(built[0].blocks), built[0].scaling.side)


def test_networks_are_distinct():
    found = search(Grid())
    assert len({str(identity(compound(1.0, *network.first.coefficients))) for network in found.networks}) == 46


@settings(max_examples=25, deadline=None)
@given(low=st.floats(1.0, 1.3), width=st.floats(0.0, 0.4), step=st.sampled_from([0.05, 0.1, 0.13]), target=st.floats(1.5, 3.0),
       tolerance=st.floats(0.0, 0.5), phi=st.sampled_from([0.5, 1.0, 2.5]), rule=st.sampled_from(["formula", "counted"]))
def test_what_is_found_keeps_to_the_budget_and_nothing_else_does(low, width, step, target, tolerance, phi, rule):
    wanted = Grid((low, low + width), (1.0, 1.2), (1.0, 1.3), step, target, tolerance, rule, phi)
    found, base = search(wanted), cost(compound(0.0)).macs
    kept = {candidate.coefficients for candidate in found.candidates}
    assert sum(len(network.members) for network in found.networks) == len(found.candidates) == len(kept)
    rng = random.Random(0)
    combinations = [(a, b, c) for a in wanted.axes[0] for b in wanted.axes[1] for c in wanted.axes[2]]
    assert len(combinations) == found.tried
    for a, b, c in rng.sample(combinations, min(12, len(combinations))):
        value = a * b * b * c * c if rule == "formula" else (cost(compound(phi, a, b, c)).macs / base) ** (1 / phi)
        assert ((a, b, c) in kept) == (abs(value - target) <= tolerance + 1e-9)


def test_a_larger_phi_rounds_less_away():
    assert len(search(Grid(phi=7.0)).networks) == len(search(Grid()).candidates) == 79


@pytest.mark.parametrize(("options", "message"), [
    ({"step": 0.001}, "501 × 301 × 401 = 60,471,201 combinations; at most 100,000"),
    ({"step": 0.0}, "The step is 0.0"),
    ({"alpha": (1.5, 1.0)}, "α goes from 1.5 to 1"),
    ({"beta": (0.1, 1.0)}, "A bound of β is 0.1"),
    ({"rule": "taste"}, "no rule 'taste'"),
    ({"target": 1.0}, "The target is 1.0"),
    ({"tolerance": -0.1}, "The tolerance is -0.1"),
    ({"phi": float("nan")}, "φ is nan"),
    ({"base": "b9"}, "no base network 'b9'"),
    ({"gamma": (1.0, 2.0), "phi": 7.0, "tolerance": 2.0, "target": 4.0, "step": 0.25}, "input side"),
])
def test_impossible_grids_are_refused_in_words(options, message):
    with pytest.raises(UserError, match=re.escape(message)):
        search(Grid(**options))


def test_the_finest_grid_is_just_within_the_limit():
    counts = [len(values) for values in Grid(step=0.01).axes]
    assert math.prod(counts) == 64_821 <= MOST


def test_nothing_may_keep_to_the_budget():
    assert search(Grid(tolerance=0.0, target=1.77)).networks == ()


# Scores and how sure they are


@pytest.mark.parametrize(("freedom", "value"), [(1, 12.7062), (2, 4.30265), (3, 3.18245), (4, 2.77645), (5, 2.57058), (10, 2.22814), (30, 2.04227), (120, 1.97993)])
def test_students_quantiles_are_those_of_the_tables(freedom, value):
    assert scores.quantile(0.975, freedom) == pytest.approx(value, rel=1e-5)
    assert scores.student(-value, freedom) == pytest.approx(0.025, rel=1e-4) and scores.student(0.0, freedom) == 0.5


def test_half_the_macs_are_worth_five_percent():
    assert scores.paper_score(0.8, 100.0, 100.0) == 0.8
    assert scores.paper_score(0.8, 50.0, 100.0) == pytest.approx(0.8 * 2**0.07) == pytest.approx(0.8398, abs=1e-4)


def test_far_apart_and_steady_is_sure_and_everything_else_is_not():
    clear = scores.rank({"a": [0.70, 0.71], "b": [0.50, 0.51], "c": [0.40, 0.41]})
    assert clear.is_sure and [place.key for place in clear.tied] == ["a"] and clear.places[1].behind > 0.99
    close = scores.rank({"a": [0.60, 0.66], "b": [0.58, 0.65], "c": [0.20, 0.24]})
    assert not close.is_sure and {place.key for place in close.tied} == {"a", "b"} and close.places[1].behind < 0.95
    alone = scores.rank({"a": [0.7], "b": [0.1]})
    assert alone.spread is None and not alone.is_sure and len(alone.tied) == 2 and alone.places[0].best is None
    assert not scores.rank({"a": [0.7, 0.8]}).is_sure


def test_the_figures_of_a_ranking_by_hand():
    ranked = scores.rank({"a": [0.5, 0.7], "b": [0.4, 0.5]})
    spread = math.sqrt((2 * 0.1**2 + 2 * 0.05**2) / 2)
    reach = 4.302652729749464 * spread / math.sqrt(2)
    first, second = ranked.places
    assert (ranked.freedom, ranked.spread) == (2, pytest.approx(spread))
    assert (first.low, first.high) == (pytest.approx(0.6 - reach), pytest.approx(0.6 + reach))
    assert second.behind == pytest.approx(scores.student(0.15 / spread, 2)) and first.best + second.best == 1
    assert first.best == pytest.approx(second.behind, abs=0.03)  # of two, to be the best is to be the better one


def test_equal_scores_are_not_told_apart_however_steady():
    ranked = scores.rank({"a": [0.5, 0.5], "b": [0.5, 0.5]}, finest=0.002)
    assert ranked.spread == 0.002 and ranked.places[1].behind == 0.5 and not ranked.is_sure
    assert scores.rank({"a": [0.5, 0.5], "b": [0.4, 0.4]}).is_sure and scores.better(0.0, 0.0, 3) == 0.5


def test_intervals_hold_what_they_promise():
    """Of many constructed searches, about 95 in 100 intervals hold the true mean, and a sure verdict is rarely wrong."""
    dice, inside, wrong, sure = random.Random(1), 0, 0, 0
    true = {"a": 0.60, "b": 0.57, "c": 0.55}
    for _ in range(200):
        ranked = scores.rank({key: [dice.gauss(mean, 0.01) for _ in range(3)] for key, mean in true.items()})
        inside += sum(place.low <= true[place.key] <= place.high for place in ranked.places)
        sure += ranked.is_sure
        wrong += ranked.is_sure and ranked.places[0].key != "a"
    assert 0.92 <= inside / 600 <= 0.98
    assert sure > 50 and wrong <= 0.05 * sure


def test_two_seeds_that_agree_by_chance_prove_little():
    setting = Setting(candidates=((1.0, 1.0, 1.0), (2.0, 1.0, 1.0)))
    base, deep = (cost(setting.network(candidate)).macs for candidate in setting.candidates)
    rows = [Outcome((1.0, 1.0, 1.0), seed, 0.45, base, 1, 28, 1.0, 500) for seed in (0, 1)] + [Outcome((2.0, 1.0, 1.0), 0, 0.48, deep, 1, 28, 1.0, 500)]
    ranked = ranking(setting, rows)
    assert ranked.spread == judging_error(setting, rows) == pytest.approx(2**0.07 * math.sqrt(0.46 * 0.54 / 500), rel=1e-3) and not ranked.is_sure
    apart = [row._replace(accuracy=row.accuracy + 0.2 * row.seed) for row in rows]
    assert ranking(setting, apart).spread > judging_error(setting, apart)


def test_a_ranking_needs_scores():
    with pytest.raises(UserError, match="no score of b"):
        scores.rank({"a": [0.5], "b": []})


# Figures


def test_the_surface_has_every_candidate_and_marks_the_papers():
    found = search(Grid())
    drawn = figures.surface(found, found.paper)
    assert len(drawn["points"]) == 79 and len(drawn["ties"]) == 79 - 46
    (paper,) = [point for point in drawn["points"] if point["paper"]]
    assert paper["at"] == [pytest.approx(0.1 / 0.3, abs=1e-4), pytest.approx(0.15 / 0.4, abs=1e-4), 0.4]
    assert "counted 2.573 × the base; the same network as 1.25, 1.1, 1.15" in paper["label"] and sum(point["chosen"] for point in drawn["points"]) == 2
    assert all(0 <= share <= 1 for piece in drawn["sheet"] for corner in piece for share in corner)
    assert {point["id"] for point in drawn["points"]} == {figures.name(network.first.coefficients) for network in found.networks}


def test_a_fine_surface_has_a_point_for_each_network():
    found = search(Grid(step=0.01))
    drawn = figures.surface(found)
    assert len(drawn["points"]) == len(found.networks) <= figures.DRAWN and drawn["ties"] == []


def test_a_grid_of_one_value_is_drawn():
    found = search(Grid(alpha=(1.2, 1.2), beta=(1.1, 1.1), gamma=(1.15, 1.15)))
    assert len(figures.surface(found)["points"]) == 1 and figures.surface(found)["sheet"] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_what_plotly_takes(theme):
    import plotly.graph_objects as go

    found = search(Grid())
    ranked = scores.rank({"a": [0.70, 0.71], "b": [0.50, 0.51]})
    for drawn in (figures.promises(found, found.paper, theme), figures.ranking(ranked, str, 0.1, theme), figures.ranking(scores.rank({"a": [0.1]}), str, 0.1, theme)):
        go.Figure(drawn.to_dict())
    points = figures.promises(found, None, theme).data[0]
    ratios = {figures.name(network.first.coefficients): network.ratio for network in found.networks}
    assert [ratios[name] for _, name in points.customdata] == list(points.y)


def test_a_huge_grid_is_drawn_by_an_even_choice_of_its_networks():
    found = search(Grid(alpha=(1, 2), beta=(1, 1.05), gamma=(1, 1.05), step=0.004, tolerance=1.0))
    assert len(found.candidates) > figures.DRAWN
    assert len(figures.promises(found).data[0].x) == len(figures.drawn(found)) == len(figures.surface(found)["points"]) <= figures.DRAWN + 1
    many = search(Grid(rule="counted", phi=7.0, step=0.02, tolerance=2.0, alpha=(1, 1.4), beta=(1, 1.3), gamma=(1, 1.3)))
    assert len(many.networks) > figures.DRAWN >= len(figures.drawn(many)) - 1 and many.networks[0] in figures.drawn(many)


def test_too_many_networks_to_count_are_refused():
    with pytest.raises(UserError, match="networks would have to be counted; at most 4,000"):
        search(Grid(rule="counted", phi=7.0, alpha=(1, 1.001), beta=(1, 1.3), gamma=(1, 1.15), step=0.001))
