"""What the tour says of a step: its words, with the numbers of what the visitor has done."""

from collections import ChainMap

import streamlit as st

from .. import html, state, texts
from . import steps
from .steps import Step

TEXT = {"title": 0, "task": 1, "why": 2, "seen": 3}  # the paragraphs of a step's section


def values() -> steps.Values:
    return ChainMap(st.session_state, state.DEFAULTS)


def say(step: Step, part: str) -> str:
    text = texts.paragraphs("tour", step.slug)[TEXT[part]]
    return _filled(text, step.task) if part == "task" else text


def seen(step: Step) -> str:
    """What is to be seen now that it is done; where the visitor has gone on since, that it was done."""
    numbers = step.seen(values()) if step.lasting or step.done(values()) else {}
    return _filled(say(step, "seen"), numbers) if numbers else texts.text("tour", "before")


def so_far(step: Step) -> str:
    """How far one is in it, in words; empty where a step has none."""
    found = step.now(values())
    return _filled(texts.sections("tour")[found[0]], found[1]) if found else ""


def _filled(text: str, numbers: steps.Numbers) -> str:
    return text.format(**{name: html.plain(value) for name, value in numbers.items()})
