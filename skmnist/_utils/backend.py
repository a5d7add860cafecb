"""The one place where Keras and its backend are first imported.

TensorFlow takes three seconds to import, writes to descriptor 2 whatever its settings, uses every
core of the machine in every worker process, and leaves oneDNN off on processors without AVX-512.
JAX fuses operations on CPUs in a way that makes their sums wrong.  All of this is corrected here,
once per process, so that no other module has to deal with it.

TensorFlow decides on oneDNN when it is imported, and never again.  If the user has imported it
first, on a processor where it leaves oneDNN off, all we can do is warn.  Worker processes have to
do the same, or folds would be computed in two ways: an estimator that is pickled in such a process
carries a note, and if it is unpickled in a worker that hasn't loaded TensorFlow yet, oneDNN stays
off there (`StartsAsItsSender`).  If the user has set TF_ENABLE_ONEDNN_OPTS, it applies everywhere.
"""

import os
import re
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from multiprocessing import parent_process
from pathlib import Path
from platform import machine
from types import ModuleType
from typing import Any, BinaryIO, cast

_import_lock = threading.Lock()
_descriptor_lock = threading.Lock()
_keras: ModuleType | None = None

_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
_NOTE = "_sender_has_no_onednn"
_X86 = ("x86_64", "AMD64")
_INSTALLED_BY = {
    "tensorflow": "pip install tensorflow",
    "jax": 'pip install "jax>=0.10.2"',
    "torch": "pip install torch",
}
_JAX_FUSION = "xla_cpu_experimental_ynn_fusion_type"

# What TensorFlow's C++ parts log; everything else is passed on.
_LOG_LINE = re.compile(
    rb"^(WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|To enable the following instructions:"
    rb"|SSE\d|AVX|FMA|\s*$)"
)


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
                if _onednn_is_off() and not _sender_has_no_onednn:
                    _warn_of_missing_onednn()
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


def check_execution_mode() -> None:
    """Raise an error where TensorFlow builds a graph or distributes variables.

    Raises
    ------
    RuntimeError
        If eager execution is off, or a distribution strategy's scope is open.

    Examples
    --------
    >>> from skmnist._utils.backend import check_execution_mode
    >>> check_execution_mode()
    """
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
    with _onednn_wanted(), _some_temporary_folder():
        with _missing_backend_named():
            import keras

        if keras.backend.backend() == "tensorflow":
            with _threads_on_our_cores():
                _start_tensorflow()
    if keras.backend.backend() == "jax":
        _start_jax()
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
def _onednn_wanted() -> Iterator[None]:
    """Make TensorFlow start with oneDNN, unless the user has set whether it should.

    By default it uses oneDNN on processors with AVX-512 only; with AVX2 alone, convolutions train
    twice as fast with oneDNN, and a row's output depends less on its batch.
    """
    wanted = "0" if _sender_has_no_onednn else "1"
    with nullcontext() if _ONEDNN in os.environ else _variable_set(_ONEDNN, wanted):
        yield


def _onednn_is_off() -> bool:
    """Return whether TensorFlow runs without oneDNN here although the user hasn't set that."""
    if "tensorflow" not in sys.modules or _ONEDNN in os.environ or machine() not in _X86:
        return False
    try:
        from tensorflow.python.util._pywrap_util_port import IsMklEnabled
    except ImportError:
        return False
    return not IsMklEnabled()


def _warn_of_missing_onednn() -> None:
    warnings.warn(
        f"TensorFlow was imported before skmnist could turn oneDNN on ({_ONEDNN}=1): convolutions "
        "train about half as fast on this processor, and results differ in their last digits from "
        f"those with oneDNN. Set the environment variable {_ONEDNN}=1 before TensorFlow is "
        "imported, or import it after the first fit; set it to 0 to keep oneDNN off without this "
        "warning.",
        RuntimeWarning,
        stacklevel=3,
    )


class StartsAsItsSender:
    """Make TensorFlow start in a worker with or without oneDNN, as in this process (mixin).

    Examples
    --------
    >>> import pickle
    >>> from skmnist import DNNClassifier
    >>> pickle.loads(pickle.dumps(DNNClassifier(epochs=3))).epochs
    3
    """

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {**state, _NOTE: True} if _onednn_is_off() else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        global _sender_has_no_onednn
        state = dict(state)
        if state.pop(_NOTE, False) and parent_process() is not None:
            _sender_has_no_onednn = True
        super().__setstate__(state)  # type: ignore[misc]


_sender_has_no_onednn = False


@contextmanager
def _some_temporary_folder() -> Iterator[None]:
    """Set a temporary folder where none can be written: TensorFlow's import needs some name."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        with _variable_set("TEST_TMPDIR", os.curdir):
            yield
    else:
        yield


@contextmanager
def _variable_set(name: str, value: str) -> Iterator[None]:
    """Set an environment variable, and restore it afterwards."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _start_tensorflow() -> None:
    import tensorflow as tf

    # The first operation creates the thread pools and writes the end of the start-up log.
    tf.constant(0)


def _start_jax() -> None:
    """Start JAX without the fusion that makes sums wrong on CPUs since 0.10.2.

    See https://github.com/jax-ml/jax/issues/39103.  JAX reads its flags when it starts; the user's
    flags are restored afterwards, and this one is left alone if the user has set it.
    """
    import jax

    flags = os.environ.get("XLA_FLAGS", "")
    if _JAX_FUSION in flags or not _xla_knows(_JAX_FUSION):
        return
    if _jax_runs():
        if jax.default_backend() == "cpu":
            warnings.warn(
                "JAX was started before skmnist could turn off a fusion that computes wrong sums "
                f"on CPUs (jax issue 39103). Set XLA_FLAGS=--{_JAX_FUSION}= before JAX is first "
                "used, or fit or load a classifier first.",
                RuntimeWarning,
                stacklevel=2,
            )
        return
    if flags and not flags.startswith("-"):  # the name of the user's file of flags
        return
    with _variable_set("XLA_FLAGS", f"{flags} --{_JAX_FUSION}=".strip()):
        jax.devices()


def _xla_knows(flag: str) -> bool:
    """Return whether JAX's library has a flag; an unknown flag would end the process."""
    spec = find_spec("jaxlib")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    for path in folder.glob("*jax_common*"):
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as library:
            if library.find(flag.encode()) >= 0:
                return True
    return False


def _jax_runs() -> bool:
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bridge is not None and bool(bridge.backends_are_initialized())


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
    elif _jax_runs():
        _forked_with, _keras = "JAX", None
    elif _keras is not None and sys.modules["torch"].get_num_threads() > 1:
        _forked_with, _keras = "PyTorch", None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


@contextmanager
def _threads_on_our_cores() -> Iterator[None]:
    """Run TensorFlow's threads on this process's share of the cores only.

    Joblib and dask give their workers a share in ``OMP_NUM_THREADS``, which TensorFlow does not
    read.  A smaller pool would change the order in which convolutions are summed, and with it the
    last bits of a fit; so the pool keeps its size, and its threads are bound, when they are
    created, to as many cores as the share has.
    """
    share = _cores_given()
    if share is None:
        yield
        return
    import tensorflow as tf

    if not hasattr(os, "sched_setaffinity"):
        with suppress(RuntimeError):  # the user has started TensorFlow already
            tf.config.threading.set_intra_op_parallelism_threads(share)
        yield
        return
    ours = os.sched_getaffinity(0)
    try:
        tf.config.threading.set_intra_op_parallelism_threads(len(ours))
        tf.config.threading.set_inter_op_parallelism_threads(len(ours))
    except RuntimeError:
        yield
        return
    os.sched_setaffinity(0, _part_of(sorted(ours), share))
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def _cores_given() -> int | None:
    value = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(value) if value.isdigit() and int(value) > 0 else None


def _part_of(cores: list[int], share: int) -> set[int]:
    """Choose ``share`` cores; neighbouring workers get neighbouring parts."""
    import multiprocessing

    # Private to CPython; unless the user named the process, its name ends with the same number.
    identity = getattr(multiprocessing.current_process(), "_identity", ())
    number = identity[-1] if identity else _number_in_name()
    start = number * share % len(cores)
    return {cores[(start + i) % len(cores)] for i in range(min(share, len(cores)))}


def _number_in_name() -> int:
    import multiprocessing

    found = re.search(r"(\d+)$", multiprocessing.current_process().name)
    return int(found.group(1)) if found else 0


@contextmanager
def logs_of_tensorflow_held_back() -> Iterator[None]:
    """Hold back what is written to descriptor 2, and pass on all but TensorFlow's log.

    TensorFlow logs while it starts and, for unusual dtypes, while it optimises a graph.

    Examples
    --------
    >>> from skmnist._utils.backend import logs_of_tensorflow_held_back
    >>> with logs_of_tensorflow_held_back():
    ...     pass
    """
    # One at a time: two threads would restore each other's descriptor.
    with _descriptor_lock, _interrupts_deferred():
        try:
            original = os.dup(2)
        except OSError:  # no descriptor 2, as under pythonw
            yield
            return
        held = _memory_file()
        if held is None:
            os.close(original)
            yield
            return
        _flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(original, 2)
            os.close(original)
            with held:
                held.seek(0)
                kept = [line for line in held if not _LOG_LINE.match(line)]
            if kept:
                os.write(2, b"".join(kept))


@contextmanager
def _interrupts_deferred() -> Iterator[None]:
    """Defer Ctrl-C to the end, as it may arrive between any two Python instructions.

    Only the main thread receives it; a program that ignores it or ends at once still does so.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    received: list[tuple[int, Any]] = []
    signal.signal(signal.SIGINT, lambda *arguments: received.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if received:
            handler(*received[-1])


def _memory_file() -> BinaryIO | None:
    """Create a file without a name; return None where that isn't possible."""
    if hasattr(os, "memfd_create"):
        with suppress(OSError):
            return os.fdopen(os.memfd_create("skmnist"), "w+b")
    with suppress(OSError):
        return cast("BinaryIO", tempfile.TemporaryFile())
    return None


def _flush() -> None:
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # closed by the program
            sys.stderr.flush()
