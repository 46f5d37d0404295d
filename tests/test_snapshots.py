"""Pictures of a network's inside while it learns: what is kept is what is seen, small, in order and never too many."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_core import probe
from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import published, small
from effnet_core.learning.evaluation import normalise
from effnet_core.learning.observer import Observer, seen
from effnet_core.learning.snapshots import Album, Snapshot, superfluous
from effnet_core.network import build
from effnet_core.scaling import Scaling

ROOT = Path(__file__).resolve().parent.parent
DATA = Scenes(side=16, seed=1)


def tiny():
    return build(small(Scaling(1.0, 0.25, 16, 0.2)), seed=0)


def picture(step: int, **facts) -> Snapshot:
    return Snapshot(step, {"stages.2.0.se": np.full(8, 0.5)}, np.ones((8, 3, 3, 3)), np.full(10, 0.1), **facts)


@pytest.fixture
def album(tmp_path):
    return Album(tmp_path / "snapshots")


@pytest.fixture
def observed(album):
    network = tiny()
    network(torch.randn(4, 3, 16, 16))
    assert Observer(album, DATA).look(network, 12, 0.5, 0.25) == 1
    return network


def test_a_snapshot_is_what_probing_finds(album, observed):
    pixels, labels = DATA.held_out.batch(0, 1)
    record, found = probe(observed.eval(), normalise(pixels, DATA)), album.read(12)
    assert (found.step, found.epoch, found.accuracy) == (12, 0.5, 0.25)
    assert list(found.gates) == list(record.gates)  # every SE unit, in the order of the network
    for layer, gates in record.gates.items():
        np.testing.assert_array_equal(found.gates[layer], gates[0].numpy().astype(np.float16))
    np.testing.assert_array_equal(found.filters, observed.stem.conv.weight.detach().numpy().astype(np.float16))
    np.testing.assert_allclose(found.probabilities, record.logits.softmax(1)[0].numpy(), rtol=1e-6)
    assert found.filters.shape == (8, 3, 3, 3) and found.probabilities.shape == (10,)


def test_the_photo_is_what_the_network_sees(album, observed):
    pixels, labels = DATA.held_out.batch(0, 1)
    with Image.open(io.BytesIO(album.photo)) as photo:
        assert photo.format == "PNG"
        np.testing.assert_array_equal(np.asarray(photo), pixels[0].mul(255).round().byte().permute(1, 2, 0).numpy())
    assert album.label == int(labels[0]) and album.labels == DATA.labels


def test_looking_leaves_no_trace():
    network = tiny()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    seen(network, torch.randn(1, 3, 16, 16))
    assert network.training and all(torch.equal(value, network.state_dict()[key]) for key, value in before.items())
    assert not any(module._forward_hooks for module in network.modules())


def test_networks_without_gates_have_the_rest(album):
    Observer(album, Scenes(side=32)).look(build(published("lite0", 10), seed=0), 0, None, None)
    found = album.read(0)
    assert found.gates == {} and found.filters.shape == (32, 3, 3, 3) and found.accuracy is None and found.epoch is None


def test_entries_are_in_order_and_replaced(album):
    assert album.entries() == [] and album.photo is None and album.label is None and album.labels == ()
    for step in (100, 5, 20, 5):
        album.keep(picture(step, accuracy=step / 100))
    assert album.entries() == [5, 20, 100]
    album.keep(picture(5, accuracy=0.9))
    assert album.entries() == [5, 20, 100] and album.read(5).accuracy == 0.9
    album.forget_after(20)
    assert album.entries() == [5, 20]


def test_layers_come_back_in_the_order_of_the_network(album):
    layers = [f"stages.{stage}.{block}.se" for stage, block in itertools.product((1, 2, 10), (0, 9, 11))]
    album.keep(Snapshot(1, {layer: np.zeros(1) for layer in layers}, np.zeros((1, 3, 3, 3)), np.ones(1)))
    assert list(album.read(1).gates) == layers


def test_an_album_never_grows_too_large(album, monkeypatch):
    monkeypatch.setattr("effnet_core.learning.snapshots.MOST", 10)
    monkeypatch.setattr("effnet_core.learning.snapshots.superfluous", lambda steps: superfluous(steps, 10))
    counts = [album.keep(picture(step)) for step in range(0, 400, 10)]
    steps = album.entries()
    assert counts[:12] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10] and len(steps) == 10
    assert steps[0] == 0 and steps[-1] == 390
    gaps = [after - before for before, after in itertools.pairwise(steps)]
    assert max(gaps) <= 4 * min(gaps[:-1])  # spread over the whole run


def test_dropping_is_even():
    assert superfluous(list(range(5)), 5) == []
    assert superfluous([0, 1, 2, 30, 60], 4) == [1]
    assert superfluous([0, 10, 20, 30, 31, 40, 50], 4) == [31, 10, 30]


def test_b0_takes_some_twenty_kilobytes(album):
    Observer(album, Scenes(side=32)).look(build(published("b0", 10), seed=0), 3, None, 0.1)
    assert 15_000 < (album.folder / "00000003.safetensors").stat().st_size < 40_000


@pytest.mark.parametrize("content", [b"", b"not a snapshot", b"\xff" * 100])
def test_a_damaged_snapshot_is_a_sentence(album, content):
    album.keep(picture(4))
    (album.folder / "00000004.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="snapshot after step 4 is damaged"):
        album.read(4)


def test_foreign_files_are_no_snapshots(album):
    from safetensors.numpy import save_file

    album.keep(picture(4))
    (album.folder / "notes.safetensors").write_bytes(b"")
    (album.folder / ".00000005.safetensors.1234.part").write_bytes(b"")
    assert album.entries() == [4]
    save_file({"a": np.zeros(1)}, album.folder / "00000006.safetensors")
    with pytest.raises(UserError, match="snapshot after step 6 is damaged"):
        album.read(6)
    with pytest.raises(UserError, match="no snapshot after step 9"):
        album.read(9)


def test_reading_needs_no_torch(album, observed):
    code = (f"import sys; from pathlib import Path; from effnet_core.learning.snapshots import Album; album = Album(Path({str(album.folder)!r})); "
            "print(album.entries(), len(album.read(12).gates), len(album.photo) > 0); sys.exit('torch' in sys.modules)")
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == f"[12] {len(album.read(12).gates)} True\n" and len(album.read(12).gates) > 6
