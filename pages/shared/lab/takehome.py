"""Take this network home: its table, its code, its weights in an ONNX file."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.export import code, tables
from effnet_core.export.tables import slug
from effnet_core.palette import bytes_text, si
from effnet_core.work.jobs import Job

from .. import exporting, html, shelf, texts, work

UNTRAINED = ""  # instead of a model's name
PHASES = {"loading torch": ("Loading PyTorch", 0.1), "building": ("Building the network", 0.5), "assembling": ("Assembling the graph", 0.7),
          "writing": ("Writing the file", 0.9)}


def show(network: Architecture, total: Cost) -> None:
    name = slug(network.name)
    left, right = st.columns([6, 5], gap="large")
    with left:
        st.markdown(texts.text("takehome", "code", params=f"{total.params:,}", macs=f"{total.macs:,}"))
        with st.container(height=470, border=False, key="take_listing"):
            st.code(code.source(network), language="python", wrap_lines=True)
        st.download_button("Python file", lambda: code.source(network), f"{name.replace('-', '_').replace('.', '_')}.py", "text/x-python",
                           on_click="ignore", icon=":material/code:", key="take_code")
    with right:
        st.markdown(texts.text("takehome", "table", layers=f"{len(network.layers):,}"))
        with st.container(horizontal=True):
            st.download_button("CSV", lambda: tables.as_csv(network), f"{name}.csv", "text/csv", on_click="ignore", icon=":material/table:",
                               key="take_csv")
            st.download_button("JSON", lambda: tables.as_json(network), f"{name}.json", "application/json", on_click="ignore",
                               icon=":material/data_object:", key="take_json")
        st.markdown(texts.text("takehome", "onnx", bytes=bytes_text(4 * total.params)))
        onnx(network)
    with st.expander("From a terminal"):
        st.markdown(texts.text("takehome", "terminal"))


def onnx(network: Architecture) -> None:
    """The choice of weights, and below it, at a place that does not move, how far the file is."""
    job = exporting.mine()
    busy = job is not None and job.active
    wish = choice(network)
    with st.container(key="take_onnx_place"):
        st.button("Make the ONNX file", key="take_onnx", icon=":material/deployed_code:", on_click=exporting.start, args=(wish,),
                  disabled=busy, help="A worker builds the network with PyTorch and writes the file; it takes some seconds.")
        if busy:
            work.watch(exporting.queue(), job, lambda: work.bar(exporting.queue(), job, step))
        else:
            outcome(job)


def choice(network: Architecture) -> exporting.Wish:
    trained = {entry.name: entry for entry in shelf.entries() if not entry.problem and shelf.is_trained(entry.card)}
    chosen = st.selectbox("With the weights of", [UNTRAINED, *trained], key="take_weights", persist_state="session",
                          format_func=lambda name: name or f"{network.name}: random, since it is untrained")
    if chosen in trained:
        return exporting.Wish(shelf.network(trained[chosen]).architecture, chosen)
    return exporting.Wish(network)


def step(job: Job) -> work.Step:
    phase = (job.latest("progress") or {}).get("phase", "loading torch")
    words, fraction = PHASES[phase]
    return work.Step(fraction, words)


def outcome(job: Job | None) -> None:
    """What became of the last one; a refusal comes first."""
    if refused := exporting.refusal():
        st.warning(html.plain(refused), icon=":material/info:")
    if job is None:
        return
    if job.state in ("failed", "stopped"):
        st.warning(f"**{html.plain(job.title)}** was not written. {html.plain(job.error or 'It was stopped before it was complete.')}",
                   icon=":material/info:")
    elif (path := exporting.written(job)) is not None:
        seen = job.result
        st.download_button(f"{path.name}, {bytes_text(seen['bytes'])}", path.read_bytes, path.name, "application/octet-stream",
                           on_click="ignore", icon=":material/download:", type="primary", key="take_file")
        st.caption(texts.text("takehome", "written" if seen["trained"] else "written_untrained", title=html.plain(job.title),
                              nodes=f"{seen['nodes']:,}", numbers=si(seen["numbers"])))
    else:
        st.caption(texts.text("takehome", "gone"))
