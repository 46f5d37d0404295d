"""What a visitor's hand does with a slider: it takes the thumb, drags it, and looks at the picture before it lets go."""

import time
from collections.abc import Callable

PATIENCE_S = 60.0
STILL = """([key, start]) => new Promise((done) => {
  let [last, frames] = [null, 0]
  const look = () => {
    const now = document.querySelector(`.st-key-${key} input[type=range]`).getAttribute("value")
    frames = now === last && Number(now) !== start ? frames + 1 : 0
    last = now
    if (frames < 3) requestAnimationFrame(look)
    else done(Number(now))
  }
  look()
})"""  # the value, once it is another than `start` and stays for three frames


def take(page, key: str) -> tuple[float, float]:
    """Presses the mouse on the thumb of the slider `key`; where it was pressed."""
    box = page.locator(f".st-key-{key} [data-testid=stSliderThumbValue]").locator("..").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


def value(page, key: str) -> float:
    return float(page.locator(f".st-key-{key} input").get_attribute("value"))


def drag(page, key: str, by: float) -> float:
    """Takes the thumb and drags it by so many pixels: where it then stands, not let go."""
    start, (x, y) = value(page, key), take(page, key)
    page.mouse.move(x + by, y, steps=5)
    return page.evaluate(STILL, [key, start])


def eventually(page, check: Callable[[], object]) -> None:
    """Tries `check` until it is not False and asserts nothing wrong: what is drawn follows by a frame or by an answer of the server."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            assert check() is not False
        except AssertionError:
            if time.monotonic() > end:
                raise
            page.wait_for_timeout(20)
        else:
            return
