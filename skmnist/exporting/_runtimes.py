"""ONNX Runtime and LiteRT as one kind of function: from rows to labels and probabilities."""

import threading
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.exporting._containers import is_litert
from skmnist.exporting._metadata import SEVERAL_LABELS, Metadata

_INPUT = "X"
_ONNX_TYPES = {"uint8": "tensor(uint8)", "int32": "tensor(int32)", "float32": "tensor(float)"}


class Runtime(ABC):
    """A model that is ready to compute (abstract)."""

    @abstractmethod
    def labels(self, rows: NDArray[Any]) -> Any:
        """Return the predicted labels, as the model has them."""

    @abstractmethod
    def probabilities(self, rows: NDArray[Any]) -> Any:
        """Return the probabilities of the classes, of float32."""


def runtime_of(model: bytes, about: Metadata, n_threads: int) -> Runtime:
    """Return a model, ready to compute.

    Parameters
    ----------
    model : bytes
        An ONNX or a LiteRT model, not trusted: each runtime checks it before it is run.
    about : Metadata
        What it takes and returns.
    n_threads : int
        Number of threads for one call.

    Raises
    ------
    ImportError
        If the runtime is not installed.
    ValueError
        If it can't read the model, or the model takes or returns something else.
    """
    return (_LiteRT if is_litert(model) else _Onnx)(model, about, n_threads)


class _Signature(NamedTuple):
    """The names, types and shapes, without the number of samples, of inputs and outputs."""

    inputs: list[tuple[str, str, list[Any]]]
    outputs: dict[str, list[Any]]


def _check(found: _Signature, about: Metadata, dtype: str) -> None:
    expected = [(_INPUT, dtype, [about.n_features])]
    if found.inputs != expected:
        raise ValueError(f"its inputs are {found.inputs}; expected {expected}, by its metadata.")
    n_classes = len(about.classes)
    several = about.target_type == SEVERAL_LABELS
    outputs = {"label": [n_classes] if several else []}
    if about.has_probabilities:
        outputs["probabilities"] = [n_classes]
    if found.outputs != outputs:
        raise ValueError(f"its outputs are {found.outputs}; expected {outputs}, by its metadata.")


class _Onnx(Runtime):
    def __init__(self, model: bytes, about: Metadata, n_threads: int) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise ImportError(
                f'an .onnx file needs onnxruntime ({error}): pip install "skmnist[onnx]".'
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors are raised
        providers = ["CPUExecutionProvider"]
        try:
            session = onnxruntime.InferenceSession(model, options, providers=providers)
        except Exception as error:  # of many classes of its own
            raise ValueError(f"onnxruntime can't read it: {error}") from None
        _check(_signature_of(session), about, _ONNX_TYPES[about.dtype])
        self._run = session.run

    def labels(self, rows: NDArray[Any]) -> Any:
        return self._run(["label"], {"X": rows})[0]

    def probabilities(self, rows: NDArray[Any]) -> Any:
        return self._run(["probabilities"], {"X": rows})[0]


def _signature_of(session: Any) -> _Signature:
    return _Signature(
        [(one.name, one.type, list(one.shape[1:])) for one in session.get_inputs()],
        {one.name: list(one.shape[1:]) for one in session.get_outputs()},
    )


class _LiteRT(Runtime):
    def __init__(self, model: bytes, about: Metadata, n_threads: int) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ImportError(
                f'a .tflite file needs ai-edge-litert ({error}): pip install "skmnist[litert]".'
            ) from error
        try:
            with logs_of_tensorflow_held_back():
                self._interpreter = Interpreter(model_content=model, num_threads=n_threads)
                self._interpreter.allocate_tensors()
                found = self._signature()
        except (ValueError, RuntimeError, KeyError, TypeError, IndexError) as error:
            raise ValueError(f"LiteRT can't read it: {error}") from None
        _check(found, about, about.dtype)
        self._n_rows = 0
        self._lock = threading.Lock()

    def _signature(self) -> _Signature:
        runner = self._interpreter.get_signature_runner()
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        self._input = next(iter(inputs.values()))["index"]
        self._outputs = {name: one["index"] for name, one in outputs.items()}
        return _Signature(
            [(n, np.dtype(one["dtype"]).name, _without_n(one)) for n, one in inputs.items()],
            {name: _without_n(one) for name, one in outputs.items()},
        )

    def labels(self, rows: NDArray[Any]) -> Any:
        return self._computed(rows, "label")

    def probabilities(self, rows: NDArray[Any]) -> Any:
        return self._computed(rows, "probabilities")

    def _computed(self, rows: NDArray[Any], output: str) -> Any:
        interpreter = self._interpreter
        with self._lock:  # it holds the values of one call
            if len(rows) != self._n_rows:
                self._n_rows = 0
                interpreter.resize_tensor_input(self._input, rows.shape)
                interpreter.allocate_tensors()
                self._n_rows = len(rows)
            interpreter.set_tensor(self._input, rows)
            interpreter.invoke()
            return interpreter.get_tensor(self._outputs[output])


def _without_n(details: Any) -> list[int]:
    """Return the shape of one sample."""
    return [int(side) for side in details["shape"][1:]]
