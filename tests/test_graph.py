"""The drawn network: nothing missing, nothing counted twice, shapes that fit, and DOT that Graphviz accepts."""

import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import NAMES, compound, from_spec, published, to_spec
from effnet_core.graph import LEVELS, METRICS, NODE_LIMIT, edges, graph, nodes, per_layer, shape_text, together
from effnet_core.palette import contrast, si, unit_colour

B0 = published("b0")
ALL = tuple(f"stages.{i}" for i in range(7))
HUGE = compound(7, 2, 2, 1.5)
MS = {layer.id: 0.25 + index / 7 for index, layer in enumerate(B0.layers)}


def attributes(dot):
    """Node or edge line of the source → its attributes."""
    lines = [re.match(r"\s*(.+?) \[(.*)\]$", line, re.DOTALL) for line in re.split(r"\n(?=\t|})", dot.source)]
    found = [(m[1].replace('"', ""), dict(re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)")', m[2])), m[2]) for m in lines if m]
    return [(name, {**dict(re.findall(r"(\w+)=([\w.#]+)", text)), **quoted}) for name, quoted, text in found
            if name not in ("graph", "node", "edge")]


def drawn_nodes(dot):
    return {name: a for name, a in attributes(dot) if "->" not in name}


@pytest.mark.parametrize("level, opened, count", [
    ("stage", (), 12),  # image, stem, 7 stages, head, classifier, classes
    ("block", (), 17),  # 7 first blocks and 5 nodes of what follows them instead of 7 stages
    ("block", ALL, 21),  # 16 blocks
    ("block", ("stages.5",), 19),
    ("layer", (), 38),  # 1 × 3 and 6 × 4 layers, 5 folded nodes, and the pooling
    ("layer", ALL, 78),  # 1 × 3 and 15 × 4 layers, 9 sums, 6 others
    ("layer", ("stages.1",), 42),  # expand, depthwise, SE, project and a sum for one folded node
])
def test_b0_has_exactly_these_nodes(level, opened, count):
    assert len(nodes(B0, level, opened)) == count
    assert len(drawn_nodes(graph(B0, level, opened=opened))) == count


def test_a_folded_node_says_what_it_stands_for():
    node = next(n for n in nodes(B0) if n.key == "stages.5.1-3")
    assert (node.kind, node.name, node.operator, node.marks) == ("repeats", "5.1–5.3", "3 × MBConv6 5×5", ("SE 48", "skip"))
    assert node.count == 3 and node.units == ("stages.5.1", "stages.5.2", "stages.5.3") and len(node.layers) == 12
    label = drawn_nodes(graph(B0))["stages.5.1-3"]["label"]
    each = cost(B0).units["stages.5.1"].macs
    assert label.splitlines() == ["5.1–5.3 · 3 × MBConv6 5×5 · SE 48 · skip", f"3 × {si(each)} = {si(3 * each)} MACs (18.0 %)"]


def test_a_stage_says_what_its_blocks_do_not_share():
    node = next(n for n in nodes(B0, "stage") if n.key == "stages.2")
    assert (node.name, node.operator, node.marks, node.count) == ("stage 2", "2 × MBConv6 5×5", ("stride 2", "SE 6, 10", "1 skip"), 2)
    assert "=" not in drawn_nodes(graph(B0, "stage"))["stages.2"]["label"]  # unequal blocks have no common figure


def test_networks_without_squeeze_and_excitation_show_none():
    lite = published("lite0")
    assert not any("SE" in mark for level in LEVELS for node in nodes(lite, level, ALL) for mark in node.marks)
    assert not any(node.kind == "se" for node in nodes(lite, "layer", ALL))


@given(st.sampled_from([*NAMES]), st.sampled_from(LEVELS), st.frozensets(st.integers(0, 6)))
def test_every_layer_is_drawn_once_in_order_and_every_shape_fits(name, level, places):
    network = published(name)
    opened = {stage.id for stage in network.stages if stage.index in places}
    drawn = nodes(network, level, opened)
    assert [layer for node in drawn for layer in node.layers] == [layer.id for layer in network.layers]
    assert [unit for unit in dict.fromkeys(u for node in drawn for u in node.units)] == [unit for unit, _ in network.units()]
    assert len({node.key for node in drawn}) == len(drawn) <= NODE_LIMIT
    by_id = {layer.id: layer for layer in network.layers}
    chain = [node for node in drawn if not node.reads]
    for a, b in zip(chain, chain[1:]):
        assert a.output == b.input
    for node in drawn:
        if node.layers and node.kind != "linear":
            assert (node.input, node.output) == (by_id[node.layers[0]].input, by_id[node.layers[-1]].output)


def test_a_projected_shortcut_stands_beside_the_chain():
    drawn = {node.key: node for node in nodes(published("resnet50"), "layer", ["stages.1"])}
    assert drawn["stages.1.0.shortcut"].reads == "stages.0.1-2" and drawn["stages.1.0.add"].skip_from == "stages.1.0.shortcut"
    assert drawn["stages.1.1.add"].skip_from == "stages.1.0.add" and "stages.1.1.shortcut" not in drawn
    links = [(a, b, shape) for a, b, shape, skip in edges([*drawn.values()]) if skip and "stages.1.0" in b]
    assert links == [("stages.0.1-2", "stages.1.0.shortcut", "256 × 56 × 56"), ("stages.1.0.shortcut", "stages.1.0.add", "512 × 28 × 28")]
    block = {node.key: node for node in nodes(published("resnet50"))}
    assert "shortcut" in block["stages.1.0"].marks and "skip" in block["stages.1.1-3"].marks
    assert (block["maxpool"].name, block["maxpool"].operator, block["maxpool"].output) == ("max pool", "3×3", (64, 56, 56))


def test_the_receptive_field_is_that_of_the_last_layer_and_no_sum():
    table = cost(B0)
    values = per_layer(table, "field")
    assert values["stages.0.0.depthwise"] == table.rows["stages.0.0.depthwise"].receptive_field / 224
    assert together(values, ["stem", "stages.0.0.depthwise"], "field") == values["stages.0.0.depthwise"] and together(values, [], "field") == 0
    label = drawn_nodes(graph(B0, "stage", "field"))["stages.6"]["label"]
    assert label.splitlines()[1] == f"{851 / 224:.2f} × the image side"


def test_pooling_is_shown_where_it_happens():
    pool, classifier = nodes(B0, "layer")[-3:-1]
    assert shape_text(pool.input) == "1280 × 7 × 7" and shape_text(pool.output) == "1280" == shape_text(classifier.input)
    assert shape_text(nodes(B0, "block")[-2].input) == "1280 × 7 × 7"


@pytest.mark.parametrize("level", LEVELS)
def test_edges_follow_the_nodes_and_carry_their_shapes(level):
    drawn = nodes(B0, level, ALL)
    chain = [edge for edge in edges(drawn) if not edge[3]]
    assert [(a, b) for a, b, *_ in chain] == [(a.key, b.key) for a, b in zip(drawn, drawn[1:])]
    written = {name: a["label"].strip() for name, a in attributes(graph(B0, level, opened=ALL)) if "->" in name and "label" in a}
    assert written == {f"{a} -> {b}": shape for a, b, shape, _ in chain}


def test_skip_connections_go_around_the_opened_blocks():
    drawn = nodes(B0, "layer", ALL)
    outputs = {node.key: node.output for node in drawn}
    skips = {b: a for a, b, _, skip in edges(drawn) if skip}
    assert [*skips] == [f"{block.id}.add" for block in B0.blocks if block.skip] and len(skips) == 9
    assert all(outputs[a] == outputs[b] for b, a in skips.items())
    assert skips["stages.5.1.add"] == "stages.5.0.project" and skips["stages.5.2.add"] == "stages.5.1.add"
    dashed = [name for name, a in attributes(graph(B0, "layer", opened=ALL)) if a.get("style") == "dashed"]
    assert dashed == [f"{a} -> {b}" for b, a in skips.items()]


def test_folded_blocks_with_a_skip_show_a_loop():
    dashed = [name for name, a in attributes(graph(B0)) if a.get("style") == "dashed"]
    assert dashed == [f"{n.key} -> {n.key}" for n in nodes(B0) if "skip" in n.marks] and len(dashed) == 5


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("level", LEVELS)
def test_the_nodes_sum_to_the_whole(metric, level):
    values, whole = per_layer(cost(B0), metric, MS), cost(B0)
    total = sum(values[layer] for node in nodes(B0, level) for layer in node.layers)
    assert total == pytest.approx(sum(MS.values())) if metric == "time" else total == getattr(whole, metric)


def test_time_needs_every_layer():
    with pytest.raises(UserError, match="1 of 66 are missing, the first is 'head'"):
        graph(B0, color_by="time", times={k: v for k, v in MS.items() if k != "head"})
    with pytest.raises(UserError, match="66 of 66 are missing, the first is 'stem'"):
        graph(B0, color_by="time")
    label = drawn_nodes(graph(B0, color_by="time", times=MS))["stages.5.1-3"]["label"]
    ms = sum(MS[layer.id] for block in B0.stages[5].blocks[1:] for layer in block.layers)
    assert label.splitlines()[1] == f"{si(ms / 1e3, 's')} ({100 * ms / sum(MS.values()):.1f} %)"


@pytest.mark.parametrize("arguments, sentence", [
    ({"level": "tensor"}, "There is no level 'tensor'; there are stage, block, layer."),
    ({"color_by": "joy"}, "There is no figure 'joy' to colour by; there are params, macs, activations, time, field."),
    ({"theme": "sepia"}, "There is no theme 'sepia'; there are light and dark."),
    ({"opened": ["stages.7"]}, "There is no stage 'stages.7' to open; there are stages.0 … stages.6."),
    ({"selected": "stages.9.0"}, "EfficientNet-B0 has no layer 'stages.9.0'"),
])
def test_what_cannot_be_drawn_is_said(arguments, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        graph(B0, **arguments)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("metric", METRICS)
def test_labels_are_readable_and_borders_are_the_stages(theme, metric):
    for node, style in zip(nodes(B0, "layer", ALL), drawn_nodes(graph(B0, "layer", metric, opened=ALL, times=MS, theme=theme)).values()):
        if node.layers:
            assert contrast(style["fillcolor"], style["fontcolor"]) >= 4.5
            assert style["color"] == unit_colour(node.units[0], theme)


def test_tooltips_carry_ids_and_exact_integers():
    drawn, table = drawn_nodes(graph(B0, "layer", version="9")), cost(B0)
    for row in table.layers:
        shown = [a for a in drawn.values() if a["id"] == row.id]
        for style in shown:
            assert style["tooltip"].splitlines()[0] == row.id
            assert f"{row.params:,} parameters\n{row.macs:,} MACs\n{row.activations:,} activations" in style["tooltip"]
    assert {a["id"] for a in drawn.values()} >= {"stem", "stages.2.0.se", "head", "classifier"}


def test_a_version_renames_every_node():
    plain, first, second = (set(drawn_nodes(graph(B0, version=v))) for v in ("", "1", "2"))
    assert first == {f"{name}__v1" for name in plain} and not first & second
    ends = {end for name, _ in attributes(graph(B0, version="1")) if "->" in name for end in name.split(" -> ")}
    assert ends == first


@pytest.mark.parametrize("level, selected, marked", [
    ("block", "stages.5.2", ["stages.5.1-3"]), ("block", "stages.2.0.se", ["stages.2.0"]), ("stage", "stages.2.1", ["stages.2"]),
    ("layer", "stages.2.0.se", ["stages.2.0.se"]), ("layer", "head", ["head"]), ("block", None, []),
    ("layer", "stages.0.0", ["stages.0.0.depthwise", "stages.0.0.se", "stages.0.0.project"]),
])
def test_the_selected_one_is_marked(level, selected, marked):
    drawn = drawn_nodes(graph(B0, level, selected=selected))
    assert [name for name, a in drawn.items() if a["label"].startswith("▶")] == marked
    assert [name for name, a in drawn.items() if a.get("penwidth") == "3.5"] == marked


@pytest.mark.parametrize("level", LEVELS)
def test_an_absurdly_large_network_stays_a_small_picture(level):
    drawn = nodes(HUGE, level, ALL)
    assert len(HUGE.blocks) == 2048 and len(drawn) <= NODE_LIMIT
    assert sum(len(node.layers) for node in drawn) == len(HUGE.layers)
    said = [node for node in drawn if node.note]
    assert bool(said) == (level != "stage") and all(node.note == "kept folded: at most 400 nodes" for node in said)
    assert len(graph(HUGE, level, opened=ALL).source) < 250_000
    assert len(nodes(HUGE, level)) <= 60 and len(graph(HUGE, level).source) < 30_000


@pytest.fixture(scope="module")
def render():
    """DOT sources → the SVG of each, from one run of Graphviz."""
    program = shutil.which("dot")
    if program is None:
        pytest.skip("Graphviz's program dot is not installed")

    def run(sources):
        done = subprocess.run([program, "-Tsvg"], input="".join(sources).encode(), capture_output=True, check=True)
        assert not done.stderr, done.stderr
        return done.stdout.decode().split("<?xml")[1:]

    return run


@pytest.mark.parametrize("level", LEVELS)
def test_graphviz_accepts_every_published_network(render, level):
    networks = [published(name) for name in NAMES]
    pictures = render([graph(network, level, version="3").source for network in networks])
    assert [svg.count('class="node"') for svg in pictures] == [len(nodes(network, level)) for network in networks]
    assert [svg.count('class="edge"') for svg in pictures] == [
        len(edges(nodes(network, level))) for network in networks]


def test_graphviz_accepts_opened_and_huge_networks(render):
    pictures = render([graph(B0, "layer", opened=ALL, selected="head").source, graph(HUGE, "block").source])
    assert pictures[0].count('class="node"') == 78 and pictures[0].count('class="cluster"') == 16
    assert pictures[1].count('class="node"') == len(nodes(HUGE))


def test_names_cannot_break_out_of_their_quotes(render):
    name = '<b>"]; evil [label=\\N \\'
    network = from_spec({**to_spec(B0), "name": name})
    (svg,) = render([graph(network, version='"; evil2 [').source])
    assert svg.count('class="node"') == 17 and "evil2" in svg
    assert "&lt;b&gt;&quot;]; evil [label=\\N \\" in svg  # the title of the whole picture


def test_b0_fits_a_screen(render):
    (svg,) = render([graph(B0).source])
    assert float(re.search(r'height="([\d.]+)pt"', svg)[1]) < 900


def test_the_ground_floor_stays_light():
    code = "import sys, effnet_core.graph; print(sorted({'torch', 'plotly', 'numpy', 'streamlit'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
