"""What all tests share: the independent references, and a cache folder of the tests' own."""

import os
import sys
from pathlib import Path

import pytest

from .serving import CHROMIUM, QUIET

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "output" / os.environ.get("PYTEST_XDIST_WORKER", "")  # each of the processes that share the tests has its own
os.environ["EFFNET_CACHE"] = str(OUTPUT / "cache")


def _declare_torchvision_operators() -> None:
    """torchvision's wheel is built for one build of torch; beside another its operators are missing and the import fails.

    Declaring their names is enough: the tests use its models and transforms, never these operators.
    """
    import torch

    try:
        import torchvision  # noqa: F401
    except ImportError:
        return
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        for operator in ("nms", "qnms"):
            torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float threshold) -> Tensor")


@pytest.fixture(scope="session")
def torchvision():
    _declare_torchvision_operators()
    return pytest.importorskip("torchvision", reason="torchvision, an independent reference, is not installed")


@pytest.fixture(scope="session")
def timm(torchvision):
    return pytest.importorskip("timm", reason="timm, an independent reference, is not installed")


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()
