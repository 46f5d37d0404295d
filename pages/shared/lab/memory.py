"""Memory: what a network takes in training and in inference, what scaling does to each part, and what fits on a card."""

from functools import cache

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import memory as drawn
from effnet_core.figures.memory import GIB, Row
from effnet_core.lab import memory
from effnet_core.lab.formula import released
from effnet_core.lab.memory import Budget, Footprint
from effnet_core.palette import bytes_text

from .. import html, shell, state, texts
from ..html import Tile

CARDS = (8, 16, 24, 80)  # GB
SHOWN = ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7")
BATCHES = (1, 256)


def show(network: Architecture, total: Cost) -> None:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    batch = left.slider("Images at once (batch size)", *BATCHES, 32, **state.bound("images"))
    optimiser = right.selectbox("Optimiser", list(memory.OPTIMISERS), index=list(memory.OPTIMISERS).index("Adam"),
                                help=texts.text("memory", "optimiser"), **state.bound("optimiser"))
    walked = memory.footprint(network)
    train, infer = memory.training(total, walked, batch, optimiser), memory.inference(total, walked, batch)
    html.tiles(_tiles(train, infer, walked, batch), key="memory")
    html.shares(drawn.pieces({"training": train, "inference": infer}, shell.theme()))
    st.markdown(texts.text("memory", "what", at=walked.at, batch=f"{batch}"))
    name = network.name.removeprefix("EfficientNet-")
    rows = [_row(key.upper(), *pair, batch, optimiser) for key, pair in _walked().items()]
    figure = drawn.over_networks(rows, _row(name, total, walked, batch, optimiser), CARDS, shell.theme())
    st.plotly_chart(figure, theme=None, key="memory_chart", config={"displayModeBar": False},
                    alt="Memory in training and in inference, of B0 to B7 and of this network")
    _fits(network, total, walked, optimiser)
    _scaling(network)
    with st.expander("What is counted, exactly"):
        st.markdown(texts.text("memory", "counted"))


@cache
def _walked() -> dict[str, tuple[Cost, Footprint]]:
    return {name: (released()[name][1], memory.footprint(released()[name][0])) for name in SHOWN}


def _row(name: str, table: Cost, walked: Footprint, batch: int, optimiser: str) -> Row:
    train = memory.training(table, walked, batch, optimiser)
    return Row(name, table.macs, train.total, memory.inference(table, walked, batch).total, train.total - train.activations, train.weights)


def _tiles(train: Budget, infer: Budget, walked: Footprint, batch: int) -> list[Tile]:
    return [
        _tile("Training, everything", train.total, "Between the forward and the backward pass: the sum of the parts below."),
        _tile("of it, activations", train.activations, f"What the backward pass will need of {batch} images."),
        _tile("Inference, everything", infer.total, f"Weights, and the tensors alive at the fullest moment, in {walked.at}."),
        _tile("of it, activations", infer.activations, "Nothing is kept for later, so this is the fullest moment and not a sum."),
        Tile("Weights", bytes_text(train.weights), f"half in fp16: {bytes_text(train.weights // 2)}",
             explain="4 bytes for each parameter; 2 in half precision."),
        Tile("Training ÷ inference", f"{train.total / infer.total:.1f} ×", f"for {batch} image{'s' if batch > 1 else ''}"),
    ]


def _tile(label: str, count: int, explain: str) -> Tile:
    return Tile(label, bytes_text(count), f"{count:,} bytes", explain=explain)


def _batches(table: Cost, walked: Footprint, optimiser: str, way: str) -> list[str]:
    def budget(batch: int) -> Budget:
        return memory.training(table, walked, batch, optimiser) if way == "training" else memory.inference(table, walked, batch, way)

    one, two = budget(1), budget(2)
    found = [memory.largest_batch(one, two, card * GIB) for card in CARDS]
    return [f"{batch:,}" if batch else "none" for batch in found]


def _fits(network: Architecture, total: Cost, walked: Footprint, optimiser: str) -> None:
    head = ("", *(f"{card} GB" for card in CARDS))
    ways = {f"Training, fp32, {optimiser}": "training", "Inference, fp32": "fp32", "Inference, fp16": "fp16"}
    html.table(head, [(title, *_batches(total, walked, optimiser, way)) for title, way in ways.items()],
               caption=f"The largest batch of {network.name} that fits on a card of that size, by this count: an upper bound")
    with st.expander("The largest training batch of B0 to B7"):
        html.table(head, [(name.upper(), *_batches(*pair, optimiser, "training")) for name, pair in _walked().items()])


def _scaling(network: Architecture) -> None:
    rows = [(f"2 × {way.dimension}", *(f"×{ratio:.2f}" for ratio in way[1:])) for way in memory.doublings(network.family)]
    html.table(("", "weights", "kept for training, per image", "fullest moment of inference", "MACs"), rows,
               caption="What scaling does to each: the base network with one dimension doubled, counted")
    st.markdown(texts.text("memory", "scaling"))
