"""oneDNN, with which TensorFlow trains convolutions twice as fast on processors without AVX-512.

TensorFlow decides on oneDNN when it is imported, and never again.  If the user has imported it
first, on a processor where it leaves oneDNN off, all we can do is warn.  Worker processes have to
do the same, or folds would be computed in two ways: an estimator that is pickled in such a process
carries a note, and if it is unpickled in a worker that hasn't loaded TensorFlow yet, oneDNN stays
off there (`StartsAsItsSender`).  If the user has set TF_ENABLE_ONEDNN_OPTS, it applies everywhere.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from multiprocessing import parent_process
from platform import machine
from typing import Any

from skmnist._utils.environment import variable_set

_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
_NOTE = "_sender_has_no_onednn"
_X86 = ("x86_64", "AMD64")
_sender_has_no_onednn = False


@contextmanager
def onednn_wanted() -> Iterator[None]:
    """Make TensorFlow start with oneDNN, unless the user has set whether it should.

    By default it uses oneDNN on processors with AVX-512 only; with AVX2 alone, convolutions train
    twice as fast with oneDNN, and a row's output depends less on its batch.
    """
    wanted = "0" if _sender_has_no_onednn else "1"
    with nullcontext() if _ONEDNN in os.environ else variable_set(_ONEDNN, wanted):
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


@cache
def warn_of_missing_onednn() -> None:
    """Warn, once per process, where TensorFlow trains convolutions without oneDNN.

    A process that works for another one in the same state need not.
    """
    if _sender_has_no_onednn or not _onednn_is_off():
        return
    warnings.warn(
        f"TensorFlow was imported before skmnist could turn oneDNN on ({_ONEDNN}=1): convolutions "
        "train about half as fast on this processor, and results differ in their last digits from "
        f"those with oneDNN. Set the environment variable {_ONEDNN}=1 before TensorFlow is "
        "imported, or import it after the first fit; set it to 0 to keep oneDNN off without this "
        "warning.",
        RuntimeWarning,
        stacklevel=2,
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
