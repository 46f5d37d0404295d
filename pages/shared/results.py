"""Measurements of this session, by the network that was measured, and those that others made on this server."""

import csv
import io
import json
import subprocess
import threading
import time
from datetime import datetime, timezone
from typing import NamedTuple

import streamlit as st

from effnet_core import machine
from effnet_core.architecture import Architecture
from effnet_core.families import to_spec
from effnet_core.speed.ways import WAYS
from effnet_core.work import jobs, workers

from . import work
from .answers import Answers

SECONDS = 2.0  # of measuring; the layers take half as long again
DEVICES_LIMIT_S = 120.0


def _key(spec: dict) -> str:
    return json.dumps({name: value for name, value in spec.items() if name != "name"}, sort_keys=True)


def key_of(network: Architecture) -> str:
    """Networks with equal descriptions are one network, whatever they are called."""
    return _key(to_spec(network))


def unusual(how: dict) -> list[str]:
    """The way and the precision of a request or a record in words, where they are not the plain ones."""
    way, precision = how.get("way", "plain"), how.get("precision", "fp32")
    return [*([] if way == "plain" else [WAYS[way].name]), *([] if precision == "fp32" else [precision])]


class Request(NamedTuple):
    """What is to be measured, and how."""

    network: Architecture
    device: str
    batch: int
    threads: int
    way: str = "plain"  # of `speed.ways.WAYS`
    precision: str = "fp32"

    @property
    def title(self) -> str:
        return ", ".join([self.network.name, f"batch {self.batch}", *unusual(self._asdict())])

    def args(self) -> list[str]:
        """For `python -m effnet_core`."""
        return ["latency", *self.settings(), "--way", self.way, "--precision", self.precision, "--seconds", str(SECONDS),
                "--limit", str(work.MEASURING_LIMIT_S)]

    def settings(self) -> list[str]:
        """The arguments that every command has that measures a network."""
        return ["--spec", json.dumps(to_spec(self.network)), "--device", self.device, "--batch", str(self.batch), "--threads", str(self.threads)]

    def answered_by(self, record: dict) -> bool:
        """Whether `record`, as `Latency.to_dict` gives it, measured just this."""
        how = (record["device"], record["batch"], record["threads"], record.get("way", "plain"), record.get("precision", "fp32"))
        return self[1:] == how and _key(record["network"]) == key_of(self.network)


kept = Answers("latency", "_measurements", lambda record: {"key": _key(record["network"])})
ask, asked, offered, take, mine, clear = kept.ask, kept.asked, kept.offered, kept.take, kept.mine, kept.clear
made = kept.made


def measurements() -> list[dict]:
    """All measurements of this session, oldest first, as `Latency.to_dict` gives them, with what `Answers.rows` adds and `"key"`, as `key_of`
    gives it."""
    return kept.rows()


def layer_times(network: Architecture) -> dict[str, float] | None:
    """Milliseconds per layer id of the latest measurement of `network` that has them."""
    row = timed(network)
    return row and row["layers"]


def latest(network: Architecture) -> dict | None:
    """The latest measurement of `network`."""
    key = key_of(network)
    return next((row for row in reversed(measurements()) if row["key"] == key), None)


def timed(network: Architecture) -> dict | None:
    """The latest measurement of `network` that has times of its layers."""
    key = key_of(network)
    return next((row for row in reversed(measurements()) if row["key"] == key and row.get("layers")), None)


class Devices:
    """What torch can run on here. Another process finds out; until it has, there is the processor, and nothing waits for it."""

    def __init__(self) -> None:
        self.names = {"cpu": machine.processor()}
        self.asking = threading.Thread(target=self._ask, daemon=True)
        self.asking.start()

    def _ask(self) -> None:
        try:
            answer = subprocess.run([*jobs.COMMAND, "devices", "--json"], cwd=workers.ROOT, stdin=subprocess.DEVNULL,
                                    capture_output=True, text=True, timeout=DEVICES_LIMIT_S, check=True)
        except (OSError, subprocess.SubprocessError):
            return  # a broken GPU driver: the processor remains
        self.names = {device["key"]: device["name"] for device in json.loads(answer.stdout)["devices"]}

    def watch(self) -> None:
        """On a page that offers devices: runs it again once all are known."""
        if self.asking.is_alive():
            st.fragment(lambda: None if self.asking.is_alive() else st.rerun(), run_every=1.0)()


@st.cache_resource(show_spinner=False)
def devices() -> Devices:
    return Devices()


def ago(moment: float) -> str:
    """"just now", "3 min ago", "2 h ago"."""
    minutes = (time.time() - moment) / 60
    return "just now" if minutes < 1 else f"{minutes:.0f} min ago" if minutes < 90 else f"{minutes / 60:.0f} h ago"


def flat(row: dict) -> dict:
    """One line of a table: what was measured, how, and the figures."""
    spec, seen = row["network"], row["machine"]
    plain = ("device", "device_name", "batch", "threads", "way", "precision", "parameters", "macs", "median_ms", "p10_ms", "p90_ms", "images_per_second",
             "layers_ms", "hooked_ms", "warmup", "memory_peak", "difference")
    return {**{name: spec[name] for name in ("name", "family", "depth", "width", "side", "classes")},
            **{name: row[name] for name in plain}, "passes": len(row["samples_ms"]), "steady": row["steady"], "note": row["note"] or "",
            "processor": seen["processor"], "cores": seen["cores"], "memory": seen["memory"], "system": seen["system"],
            "python": seen["python"], **{name: row["versions"].get(name, "") for name in ("torch", "cuda", "cudnn", "onnxruntime", "openvino")},
            "measured": datetime.fromtimestamp(row["measured"], timezone.utc).isoformat(timespec="seconds")}


def as_csv(rows: list[dict]) -> str:
    """One line per measurement, without the single passes and layers."""
    lines = [flat(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*lines[0]])
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def as_json(rows: list[dict]) -> str:
    """Everything, as a list of objects that `Latency.from_dict` reads."""
    return json.dumps([{name: value for name, value in row.items() if name != "job"} for row in rows], indent=1)
