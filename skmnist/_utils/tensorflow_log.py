"""TensorFlow's log, kept from the user's screen."""

import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

_descriptor_lock = threading.Lock()

# What TensorFlow's C++ parts log; everything else is passed on.
_LOG_LINE = re.compile(
    rb"^(WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|INFO: Created TensorFlow Lite "
    rb"|To enable the following instructions:"
    rb"|SSE\d|AVX|FMA|\s*$)"
)


@contextmanager
def logs_of_tensorflow_held_back() -> Iterator[None]:
    """Hold back what is written to descriptor 2, and pass on all but TensorFlow's log.

    TensorFlow logs while it starts and, for unusual dtypes, while it optimises a graph.

    Examples
    --------
    >>> from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
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
