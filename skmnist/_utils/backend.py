"""The one place where Keras and its backend are first imported.

TensorFlow takes three seconds to import, writes to descriptor 2 whatever its settings, and leaves
oneDNN off on processors without AVX-512.  JAX fuses operations on CPUs in a way that makes their
sums wrong.  Both use every core of the machine in every worker process.  All of this is corrected
here, once per process, so that no other module has to deal with it.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from skmnist._utils.cores import start_on_our_cores
from skmnist._utils.environment import variable_set
from skmnist._utils.jax_start import jax_runs, start_jax
from skmnist._utils.onednn import onednn_wanted
from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back

_import_lock = threading.Lock()
_keras: ModuleType | None = None

_INSTALLED_BY = {
    "tensorflow": "pip install tensorflow",
    "jax": 'pip install "jax>=0.10.2"',
    "torch": "pip install torch",
}


def load_keras() -> Any:
    """Import Keras on first use, silently, its threads limited to this process's share of cores.

    Returns
    -------
    keras : module
        The ``keras`` package.

    Raises
    ------
    ImportError
        If the backend that Keras is set to is not installed.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> load_keras().__name__
    'keras'
    """
    global _keras
    if _keras is None:
        with _import_lock:
            _check_not_forked()
            if _keras is None:
                with logs_of_tensorflow_held_back():
                    _keras = _import_keras()
    return _keras


def backend_name() -> str:
    """Return which backend Keras runs on: ``"tensorflow"``, ``"jax"`` or ``"torch"``.

    Examples
    --------
    >>> from skmnist._utils.backend import backend_name
    >>> backend_name() in {"tensorflow", "jax", "torch"}
    True
    """
    return str(load_keras().backend.backend())


def in_new_thread(make: Callable[[], Any]) -> Any:
    """Return the result of a function in a new thread, where Keras has no state yet.

    Keras keeps, for each thread, which names it has generated, which variables it has yet to
    create and whether its output is off.

    Examples
    --------
    >>> from skmnist._utils.backend import in_new_thread, load_keras
    >>> in_new_thread(lambda: load_keras().layers.ReLU().name)
    're_lu'
    """
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(make())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=run)
    try:
        thread.start()
    except RuntimeError as error:
        if "shutdown" not in str(error):
            raise
        # Python 3.12 starts no thread at the interpreter's exit, where fresh state is not needed.
        load_keras().utils.clear_session(free_memory=False)
        return make()
    thread.join()
    return outcome.result()


def distribution() -> Any:
    """Return the distribution over devices that the user has set by Keras, or None.

    Raises
    ------
    RuntimeError
        If it would have no effect, or isn't ``keras.distribution.DataParallel`` in one process.

    Examples
    --------
    >>> from skmnist._utils.backend import distribution
    >>> distribution() is None
    True
    """
    keras = load_keras()
    found = keras.distribution.distribution()
    if found is None:
        return None
    name = type(found).__name__
    if backend_name() != "jax":
        raise RuntimeError(
            f"A keras.distribution.{name} is set, which has no effect on {backend_name()}: Keras "
            "distributes on JAX only. Set KERAS_BACKEND=jax, or call "
            "keras.distribution.set_distribution(None)."
        )
    if not isinstance(found, keras.distribution.DataParallel) or found.num_processes > 1:
        raise RuntimeError(
            f"A keras.distribution.{name} for {found.num_processes} "
            f"process{'' if found.num_processes == 1 else 'es'} is set; skmnist trains on the "
            "devices of one process by keras.distribution.DataParallel."
        )
    return found


def check_execution_mode() -> None:
    """Raise an error where TensorFlow builds a graph or variables are distributed.

    Raises
    ------
    RuntimeError
        If eager execution is off, a distribution strategy's scope is open, or a distribution of
        Keras is set that can't be used.

    Examples
    --------
    >>> from skmnist._utils.backend import check_execution_mode
    >>> check_execution_mode()
    """
    distribution()
    if backend_name() != "tensorflow":
        return
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise RuntimeError(
            "TensorFlow's eager execution is off here; skmnist needs it. Fit and predict outside "
            "of tf.Graph().as_default() and tf.function, and in a process that doesn't call "
            "tf.compat.v1.disable_eager_execution()."
        )
    if tf.distribute.has_strategy():
        raise RuntimeError(
            f"The scope of a tf.distribute.{type(tf.distribute.get_strategy()).__name__} is open; "
            "skmnist computes on one device. Fit and predict outside of the scope."
        )


def _import_keras() -> ModuleType:
    with onednn_wanted(), _some_temporary_folder():
        with _missing_backend_named():
            import keras

        backend = keras.backend.backend()
        if backend in _STARTS:
            start_on_our_cores(_STARTS[backend], backend)
    return keras


@contextmanager
def _missing_backend_named() -> Iterator[None]:
    """Replace Keras's error about a missing backend by one that gives the commands to install it.

    If another backend is installed, the error names it, but it isn't used: the last digits of
    every fit depend on the backend, and ``import keras`` in the user's own code would still fail.

    What the failed import has left behind is removed, so that the next one starts afresh, for
    example after ``os.environ["KERAS_BACKEND"] = "jax"`` in a notebook.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in _INSTALLED_BY:
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
            del sys.modules[name]
        raise ImportError(_how_to_get_a_backend(error.name), name=error.name) from None


def _how_to_get_a_backend(missing: str) -> str:
    source = (
        "by KERAS_BACKEND" if os.environ.get("KERAS_BACKEND") else "by default or in keras.json"
    )
    installed = [name for name in _INSTALLED_BY if name != missing and find_spec(name)]
    here = "".join(
        f"{name} is installed: set KERAS_BACKEND={name} to use it. " for name in installed
    )
    commands = "".join(f"\n    {name}: {command}" for name, command in _INSTALLED_BY.items())
    return (
        f"Keras's backend is set to {missing} ({source}), which is not installed. {here}"
        "Install one and set the environment variable KERAS_BACKEND to its name, before Keras is "
        f"first imported:{commands}"
    )


@contextmanager
def _some_temporary_folder() -> Iterator[None]:
    """Set a temporary folder where none can be written: TensorFlow's import needs some name."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        with variable_set("TEST_TMPDIR", os.curdir):
            yield
    else:
        yield


def _start_tensorflow() -> None:
    import tensorflow as tf

    # The first operation creates the thread pools and writes the end of the start-up log.
    tf.constant(0)


# PyTorch starts by itself, with as many threads as it was given.
_STARTS = {"tensorflow": _start_tensorflow, "jax": start_jax}


def _check_not_forked() -> None:
    """Raise an error instead of a deadlock: the backend's threads don't survive a fork."""
    if _forked_with is not None:
        raise RuntimeError(
            f"This process was forked from one in which {_forked_with} already runs; its threads "
            "are gone here and any use of it would hang. Start workers with the 'spawn' or "
            "'forkserver' method, or use joblib's default backend (loky)."
        )


_forked_with: str | None = None


def _note_fork() -> None:
    global _forked_with, _keras
    if "tensorflow" in sys.modules:
        _forked_with, _keras = "TensorFlow", None
    elif jax_runs():
        _forked_with, _keras = "JAX", None
    elif _keras is not None and sys.modules["torch"].get_num_threads() > 1:
        _forked_with, _keras = "PyTorch", None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
