"""A LiteRT network on the CPU, on one thread, so that the bits do not depend on what else runs."""

import numpy as np


class LiteRtNetwork:
    """A network with one input; `run` returns copies of its outputs."""

    def __init__(self, path: str) -> None:
        """Load the file."""
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(path, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]

    def run(self, tensor: np.ndarray) -> list[np.ndarray]:
        """Outputs for one input tensor, in the file's order."""
        self._interpreter.set_tensor(self._input, tensor)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index).copy() for index in self._outputs]
