"""What all tests share: the independent references, and a cache folder of the tests' own."""

import json
import os
import sys
from pathlib import Path

import pytest

from .serving import CHROMIUM, QUIET, Windows, server

CONTRAST = {"ignoreUnicode": True, "ignoreLength": False, "ignorePseudo": False, "boldValue": 700, "boldTextPt": 14, "largeTextPt": 18,
            "contrastRatio": {"normal": {"expected": 4.5}, "large": {"expected": 4.5}}, "pseudoSizeThreshold": 0.25, "shadowOutlineEmMax": 0.2,
            "textStrokeEmMin": 0.03}  # axe's own, but for large type
ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "output" / os.environ.get("PYTEST_XDIST_WORKER", "")  # each of the processes that share the tests has its own
os.environ["EFFNET_CACHE"] = str(OUTPUT / "cache")
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):  # threads that wait for a core are what costs most: each process has its share
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def declare_torchvision_operators() -> None:
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
    declare_torchvision_operators()
    return pytest.importorskip("torchvision", reason="torchvision, an independent reference, is not installed")


@pytest.fixture(scope="session")
def timm(torchvision):
    return pytest.importorskip("timm", reason="timm, an independent reference, is not installed")


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium; every test opens windows of its own."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield Windows(chromium)
        chromium.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Where the app runs for all tests in a browser that leave its cache as it was: what visitors choose is each visitor's own."""
    with server(tmp_path_factory.mktemp("cache")) as url:
        yield url


@pytest.fixture(scope="session")
def serious():
    """Tells what an accessibility checker finds serious in a page: by all its rules, or by those given. Large type needs as much contrast as small."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    axe.axe_script += f";axe.configure({{ checks: [{{ id: 'color-contrast', options: {json.dumps(CONTRAST)} }}] }});"

    def found(page, *rules: str) -> list[tuple[str, list[str]]]:
        options = {"resultTypes": ["violations"], "preload": False, **({"runOnly": [*rules]} if rules else {})}
        violations = axe.run(page, options=options).response["violations"]
        return [(one["id"], [str(node["target"]) for node in one["nodes"][:3]]) for one in violations if one["impact"] in ("serious", "critical")]

    return found
