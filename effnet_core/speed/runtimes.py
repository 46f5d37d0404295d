"""Runtimes other than torch that read the network from an ONNX file in memory. Each is optional."""

import threading
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..export import onnxfile
from ..network import Network


def _bytes(network: Network) -> bytes:
    onnxfile.check_package()
    onnxfile.check_size(network.architecture)
    return onnxfile.model(network, {}).SerializeToString()


def onnxruntime(network: Network, precision: str, example: Tensor, threads: int) -> Callable[[Tensor], Tensor]:
    """Batches of any size of the network's own side; a pass uses `threads` cores, which sleep in between."""
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = runtime.InferenceSession(_bytes(network), options, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run(None, {"image": x.numpy()})[0])


def openvino(network: Network, precision: str, example: Tensor, threads: int) -> Callable[[Tensor], Tensor]:
    """Batches like `example`; a pass uses `threads` cores. Threads may share it: each has a request, and so an output, of its own."""
    import openvino as runtime

    core = runtime.Core()
    model = core.read_model(_bytes(network))
    model.reshape([*example.shape])
    made = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                                             "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision]})
    mine = threading.local()
    mine.request = made.create_infer_request()

    def run(x: Tensor) -> Tensor:
        if not hasattr(mine, "request"):
            mine.request = made.create_infer_request()
        return torch.from_numpy(np.array(mine.request.infer([x.numpy()], share_inputs=True)[0], np.float32))

    return run
