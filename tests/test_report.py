"""The report as a file: read by an HTML parser, whatever strangers wrote into it."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from effnet_core.figures.report import Bar, Picture, Section, Table, document

EVIL = '<script>alert(1)</script>"\'&'


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.images, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.words.append(data)


def png():
    file = io.BytesIO()
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def read():
    picture = png()
    sections = [Section(EVIL, (EVIL,), (Picture(picture, EVIL, 64, True), Picture(f"<svg>{EVIL}</svg>", "drawn")),
                        (Bar(EVIL, 0.25, EVIL), Bar("over", 7.0)), (Table((EVIL, "b"), [(EVIL, "2"), ("c", "3")], mark=1),))]
    return Reader(document(EVIL, [(EVIL, EVIL), ("empty", "")], sections, EVIL)), picture


def test_what_strangers_wrote_is_text(read):
    reader, _ = read
    assert "script" not in reader.tags and " ".join(reader.words).count(EVIL) == 12
    assert "empty" not in reader.words


def test_pictures_are_inside_and_nothing_is_fetched(read):
    reader, picture = read
    first, second = reader.images
    assert first["alt"] == EVIL and base64.b64decode(first["src"].removeprefix("data:image/png;base64,")) == picture
    assert base64.b64decode(second["src"].removeprefix("data:image/svg+xml;base64,")).decode() == f"<svg>{EVIL}</svg>"
    assert not {"link", "iframe", "object"} & set(reader.tags)


def test_bars_stay_within_their_lines():
    text = document("t", [], [Section("s", bars=(Bar("a", 0.25), Bar("b", 7.0), Bar("c", -1.0)))])
    assert [width for width in ("25.00%", "100.00%", "0.00%") if f"width:{width}" in text] == ["25.00%", "100.00%", "0.00%"]
