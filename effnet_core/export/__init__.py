"""A network to take home: as a table, as PyTorch code, as an ONNX file."""
