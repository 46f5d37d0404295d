"""`python -m tests.bench.visitors`: thirty visitors move φ about once a second each; how long until their page has its answer.

The same app twice, with the garbage collector frozen after the heavy imports, as the app does it, and without. Visitors are plain WebSocket
clients of this process, on this machine's own cores.
"""

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ..serving import server
from .report import show

VISITORS = 30
MOVES = 12
THINK_S = 1.0
UNFROZEN = "import gc, sys; gc.freeze = lambda: None; from streamlit.web.cli import main; sys.argv[0] = 'streamlit'; main()"


class Visitor:
    """One browser tab, reduced to its socket: it knows the widget id of the φ slider and waits for the end of each run."""

    def __init__(self, socket, page: str) -> None:
        self.socket, self.page, self.slider, self.hash = socket, page, "", ""

    async def run(self, **widget: float) -> float:
        """Asks for one run of the script and returns the milliseconds until it has ended."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        message.rerun_script.page_name = "" if self.hash else self.page
        message.rerun_script.page_script_hash = self.hash
        for _, value in widget.items():
            state = message.rerun_script.widget_states.widgets.add()
            state.id = self.slider
            state.double_array_value.data.append(value)
        start = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(await self.socket.recv())
            self._learn(answer)
            if answer.WhichOneof("type") == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return 1000 * (time.perf_counter() - start)

    def _learn(self, answer: ForwardMsg) -> None:
        kind = answer.WhichOneof("type")
        if kind == "new_session":
            self.hash = answer.new_session.page_script_hash
        elif kind == "delta" and answer.delta.new_element.slider.id.endswith("-phi"):
            self.slider = answer.delta.new_element.slider.id


async def visit(address: str, page: str, moves: int) -> list[float]:
    times = []
    async with websockets.connect(f"{address.replace('http', 'ws')}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as socket:
        visitor = Visitor(socket, page)
        await visitor.run()
        for _ in range(moves):
            await asyncio.sleep(random.expovariate(1 / THINK_S))
            times.append(await visitor.run(phi=round(random.uniform(0, 7), 1)))
    return times


async def crowd(address: str) -> list[float]:
    await visit(address, "", 0)
    await visit(address, "inside", 0)  # torch is imported now, as it soon is in a class
    visits = await asyncio.gather(*(visit(address, "scaling", MOVES) for _ in range(VISITORS)))
    return [moment for times in visits for moment in times]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with server(Path(folder)) as address:
            frozen = asyncio.run(crowd(address))
        with server(Path(folder), start=[sys.executable, "-c", UNFROZEN]) as address:
            thawed = asyncio.run(crowd(address))
    show(f"{VISITORS} visitors on the Scaling page, about one slider move a second each", {"collector frozen at boot": frozen, "not frozen": thawed})


if __name__ == "__main__":
    main()
