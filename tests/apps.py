"""Streamlit's test harness on our app, page by page."""

import json
import re
from typing import Any

import streamlit.testing.v1.app_test as harness
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import AlertBase, Markdown

from .serving import ROOT


class _Remembering(PagesManager):
    """The harness forgets at every run that `st.navigation` decides about pages, which a server knows after its first visitor.

    It forgets on the class that it creates; the server's knowledge is on the class above.
    """


harness.PagesManager = _Remembering


def read(text: str) -> str:
    """What is read of Markdown in which words explain themselves."""
    return re.sub(r"\[([^\]]+)\]\(#word:[^)\s]+\)", r"\1", text)


Markdown.value = AlertBase.value = property(lambda element: read(element.proto.body))


def unpacked(element) -> Any:
    """The data of one of our components, which travel as a list of one."""
    (data,) = json.loads(element.proto.json)
    return data


def open_app(page: str = "start", **query: str) -> AppTest:
    """The app on `page`, run once, with `query` in its address. Later runs stay on that page."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return app if page == "start" else app.switch_page(f"pages/{page}.py").run()
