"""The table of published weights against the libraries that published them."""

import re
from math import floor
from pathlib import Path

import pytest

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.labels import imagenet
from effnet_core.weights import registry
from effnet_core.weights.proposals import preprocess_of
from effnet_core.weights.registry import DEFAULTS, IMAGENET, ROWS, like_file, of_file, resized

ROOT = Path(__file__).resolve().parent.parent
TIMM = {name: row for name, row in ROWS.items() if row.project == "timm"}
OWNERS = re.compile("github.com/(rwightman|huggingface)/")  # the project moved from the one to the other, and its files with it
LUKEMELAS = {"b0": ("355c32eb", "b64d5a18"), "b1": ("f1951068", "0f3ce85a"), "b2": ("8bb594d6", "6e9d97e5"), "b3": ("5fb5a3c3", "cdd7c0f4"),
             "b4": ("6ed6700e", "44fb3a87"), "b5": ("b6417697", "86493f6b"), "b6": ("c76e70fd", "ac80338e"), "b7": ("dcc49843", "4652b6dd"),
             "b8": (None, "22a8fe65")}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_sound(name):
    row = ROWS[name]
    assert row.name == name and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name) and name.startswith(f"imagenet-{row.variant}")
    assert re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", row.sha256) and row.file.endswith(f"-{row.sha256[:8]}.pth")
    assert row.url.startswith("https://") and row.source.name == row.file and row.source.digest == f"sha256:{row.sha256}"
    assert (row.eps, row.padding) in {(1e-5, "symmetric"), (1e-3, "same"), (1e-3, "symmetric")}
    assert row.crop <= row.resize and 70 < row.top1 < 90 and row.licence in ("BSD-3-Clause", "Apache-2.0") and row.top1_by and row.recipe
    assert row.architecture == resized(published(row.variant), row.crop) and row.architecture.input.height == row.crop
    assert preprocess_of(row).crop == row.crop


def test_rows_are_all_different():
    for field in ("url", "sha256", "file"):
        assert len({getattr(row, field) for row in ROWS.values()}) == len(ROWS)
    assert DEFAULTS == tuple(f"imagenet-b{i}" for i in range(8)) and all(ROWS[name].project == "torchvision" for name in DEFAULTS)


def test_torchvision_s_rows_are_torchvision_s(torchvision):
    found = {}
    for number in range(8):
        weights = getattr(torchvision.models, f"EfficientNet_B{number}_Weights")
        for entry in weights:
            found[entry.url] = entry, weights.DEFAULT is entry
    rows = [row for row in ROWS.values() if row.project == "torchvision"]
    assert {row.url for row in rows} == found.keys()
    for row in rows:
        entry, is_default = found[row.url]
        how = entry.transforms()
        assert ([row.crop], [row.resize], row.interpolation) == (how.crop_size, how.resize_size, how.interpolation.value)
        assert (list(row.mean), list(row.std)) == (how.mean, how.std) and how.antialias is True
        assert row.top1 == entry.meta["_metrics"]["ImageNet-1K"]["acc@1"] and cost(row.architecture).params == entry.meta["num_params"]
        assert (row.name in DEFAULTS) == is_default
        assert entry.meta["_file_size"] * 2**20 == pytest.approx(row.approximate_bytes, rel=0.015)
        assert len(entry.meta["categories"]) == len(imagenet())


def test_torchvision_s_batch_norm_and_padding(torchvision):
    import torch

    for row in (row for row in ROWS.values() if row.project == "torchvision"):
        with torch.device("meta"):
            stem = getattr(torchvision.models, f"efficientnet_{row.variant}")().features[0]
        assert stem[1].eps == row.eps and stem[0].padding == (1, 1) and row.padding == "symmetric"


def timm_cfgs(timm):
    """URL without the owner → (name in timm, what it says)."""
    from timm.models import get_pretrained_cfg, list_pretrained

    names = list_pretrained("*efficientnet_*")
    cfgs = {name: get_pretrained_cfg(name) for name in names if re.match(r"(tf_)?efficientnet_(b\d|l2|lite\d)\.", name)}
    return {OWNERS.sub("github.com//", cfg.url): (name, cfg) for name, cfg in cfgs.items() if cfg.url}


def test_timm_s_rows_are_all_files_that_timm_has_on_github(timm):
    assert {OWNERS.sub("github.com//", row.url) for row in TIMM.values()} == timm_cfgs(timm).keys()


def test_what_timm_has_on_hugging_face_alone_is_not_promised(timm):
    """No checksum of these four files is published."""
    from timm.models import get_pretrained_cfg, list_pretrained

    names = [name for name in list_pretrained("*efficientnet_*") if re.match(r"(tf_)?efficientnet_(b\d|l2|lite\d)\.", name)]
    assert {name.partition("_")[2] for name in names if not get_pretrained_cfg(name).url} == {
        "b0.ra4_e3600_r224_in1k", "b1.ra4_e3600_r240_in1k", "b5.sw_in12k_ft_in1k", "b5.sw_in12k"}
    said = [(ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "assets" / "texts" / "models.md").read_text(encoding="utf-8")]
    assert all("timm (on GitHub)" in text or "timm on GitHub" in text for text in said)
    assert not re.search("[Ee]very (further|published) file", "".join(said))


@pytest.mark.parametrize("name", TIMM)
def test_timm_s_rows_are_timm_s(timm, name):
    row = TIMM[name]
    full, cfg = timm_cfgs(timm)[OWNERS.sub("github.com//", row.url)]
    side, share = (cfg.test_input_size or cfg.input_size)[1], cfg.test_crop_pct or cfg.crop_pct
    assert (row.crop, row.resize, row.interpolation) == (side, floor(side / share), cfg.interpolation)
    assert (row.mean, row.std) == (tuple(cfg.mean), tuple(cfg.std)) and cfg.num_classes == 1000 and cfg.crop_mode == "center"
    assert row.licence.lower() == cfg.license
    assert (row.eps, row.padding) == ((1e-3, "same") if full.startswith("tf_") else (1e-5, "symmetric"))
    assert full.split(".")[0].endswith(f"_{row.variant}")


@pytest.mark.parametrize("name", ["imagenet-b0-timm-ra", "imagenet-b0-timm-tf-ap", "imagenet-lite0-timm-tf"])
def test_timm_prepares_a_photo_in_the_same_way(timm, name):
    import torch
    from timm.data import create_transform

    from effnet_core.photos import samples

    row, photo = ROWS[name], samples()["cat"].open().convert("RGB")
    theirs = create_transform(input_size=row.crop, crop_pct=row.crop / row.resize, interpolation=row.interpolation, mean=row.mean, std=row.std)
    assert torch.allclose(preprocess_of(row).tensor(photo)[0], theirs(photo), atol=1e-5)


def test_lukemelas_rows():
    for variant, (plain, adversarial) in LUKEMELAS.items():
        start = "https://github.com/lukemelas/EfficientNet-PyTorch/releases/download/1.0/"
        native = published(variant).input.height
        for tag, digest, prefix, mean in (("aa", plain, "", IMAGENET[0]), ("advprop", adversarial, "adv-", (0.5,) * 3)):
            if digest is None:
                assert f"imagenet-{variant}-lukemelas-{tag}" not in ROWS
                continue
            row = ROWS[f"imagenet-{variant}-lukemelas-{tag}"]
            assert row.url == f"{start}{prefix}efficientnet-{variant}-{digest}.pth" and row.mean == mean
            assert (row.resize, row.crop, row.eps, row.padding) == (native, native, 1e-3, "same")


def test_a_row_is_found_by_name_and_by_content():
    assert registry.row("imagenet-b0") is ROWS["imagenet-b0"] and of_file(registry.row("imagenet-b0").sha256) is registry.row("imagenet-b0")
    assert of_file("c27df63c" + "0" * 56) is None and of_file("f" * 64) is None
    assert like_file("c27df63c" + "0" * 56, "torchvision", "b1") is registry.row("imagenet-b1")
    assert like_file("c27df63c" + "0" * 56, "timm", "b1") is like_file("c27df63c" + "0" * 56, "torchvision", "b0") is None
    with pytest.raises(UserError, match="There are no published weights called 'imagenet-b9'; there are imagenet-b0, .*fetch --list"):
        registry.row("imagenet-b9")
