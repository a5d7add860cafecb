"""ONNX Runtime and LiteRT as one kind of function: from rows to labels and probabilities."""

import threading
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.exporting._containers import is_litert
from skmnist.exporting._metadata import Metadata

_INPUT, _OUTPUTS = "X", ("label", "probabilities")
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
    """The names, types and numbers of columns of a model's input and outputs."""

    input: tuple[str, str, Any]
    outputs: dict[str, Any]


def _check(found: _Signature, about: Metadata, dtype: str) -> None:
    n_classes = len(about.classes)
    expected = (_INPUT, dtype, about.n_features)
    if found.input != expected:
        raise ValueError(f"its input is {found.input}; expected {expected}, by its metadata.")
    if sorted(found.outputs) != sorted(_OUTPUTS) or found.outputs["probabilities"] != n_classes:
        raise ValueError(
            f"its outputs are {found.outputs}; expected {_OUTPUTS}, of {n_classes} classes."
        )


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
    inputs, outputs = session.get_inputs(), session.get_outputs()
    given = inputs[0] if len(inputs) == 1 else None
    shape = getattr(given, "shape", ())
    return _Signature(
        (given.name, given.type, shape[1]) if given is not None and len(shape) == 2 else ("", "", 0),
        {output.name: output.shape[-1] for output in outputs},
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
        ((name, given),) = inputs.items()
        self._input = given["index"]
        self._outputs = {name: details["index"] for name, details in outputs.items()}
        columns = {name: int(details["shape"][-1]) for name, details in outputs.items()}
        dtype, shape = np.dtype(given["dtype"]).name, given["shape"]
        return _Signature((name, dtype, int(shape[-1]) if len(shape) == 2 else 0), columns)

    def labels(self, rows: NDArray[Any]) -> Any:
        return self._computed(rows, "label")

    def probabilities(self, rows: NDArray[Any]) -> Any:
        return self._computed(rows, "probabilities")

    def _computed(self, rows: NDArray[Any], output: str) -> Any:
        interpreter = self._interpreter
        with self._lock:  # it holds the values of one call
            if len(rows) != self._n_rows:
                interpreter.resize_tensor_input(self._input, rows.shape)
                interpreter.allocate_tensors()
                self._n_rows = len(rows)
            interpreter.set_tensor(self._input, rows)
            interpreter.invoke()
            return interpreter.get_tensor(self._outputs[output])
