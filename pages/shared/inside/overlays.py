"""The class activation map before and after gates were set, over the picture."""

import numpy as np
import streamlit as st

from effnet_core.figures.overlay import overlay
from effnet_core.inside.geometry import grids, spread_out

from .. import shell, texts
from ..html import plain
from ..seen import Look
from .maps import number

SIDE = 224  # pixels


def before_and_after(at: Look, label: int) -> None:
    """Of class `label`, on one colour scale."""
    side = at.model.preprocess.crop
    grid = grids(at.network, at.model.network.padding, side)[at.network.last_unit]
    weights = at.model.network.classifier.weight[label].detach().numpy()
    found = [np.tensordot(weights, seen.outputs[at.network.last_unit], 1) for seen in (at.untouched, at.seen)]
    reach = max(float(abs(each).max()) for each in found)
    st.markdown(f"**Where it sees “{plain(at.model.labels[label])}”**" + (f" ({at.stamp})" if at.stamp else ""))
    view = at.picture.view(at.model.preprocess)
    for column, name, values, seen in zip(st.columns(2, gap="small"), ("before", "after"), found, (at.untouched, at.seen)):
        picture = overlay(spread_out(values, grid, SIDE), view, reach, shell.theme())
        column.image(picture, width="stretch", caption=f"{name}: logit {number(float(seen.logits[label]))}", alt=f"Class activation map {name}")
    st.caption(texts.text("inside_surgery", "cam", reach=number(reach)))
