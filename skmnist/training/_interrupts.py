"""Ctrl-C while a network is trained."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import currentframe

_go_through: ContextVar[bool] = ContextVar("interrupts_go_through", default=False)


@contextmanager
def interrupts_go_through() -> Iterator[None]:
    """Have Ctrl-C end all that is done within, where a fit is one part of it.

    Examples
    --------
    >>> from skmnist.training._interrupts import interrupts_go_through, keep_after_interrupt
    >>> def fit():
    ...     try:
    ...         raise KeyboardInterrupt
    ...     except KeyboardInterrupt:
    ...         keep_after_interrupt(n_epochs=3)
    >>> try:
    ...     with interrupts_go_through():
    ...         fit()
    ... except KeyboardInterrupt:
    ...     print("went through")
    went through
    """
    before = _go_through.set(True)
    try:
        yield
    finally:
        _go_through.reset(before)


def keep_after_interrupt(n_epochs: int) -> None:
    """Warn that training ends early, or let the interrupt go through. Call it in its handler.

    It goes through before the first epoch has ended, as there is nothing to keep, within
    `interrupts_go_through`, and within joblib: there a search, a cross-validation or a committee
    fits, which is to end as a whole.
    (``MLPClassifier`` ends a single fit there, and the search goes on to the next.)

    Parameters
    ----------
    n_epochs : int
        How many epochs have ended.

    Raises
    ------
    KeyboardInterrupt
        The one that is being handled, where it goes through.

    Warns
    -----
    UserWarning
        Otherwise.
    """
    if not n_epochs or _go_through.get() or _within_joblib():
        raise  # noqa: PLE0704 (called where it is handled)
    warnings.warn(
        f"Training was interrupted in epoch {n_epochs + 1}; what {n_epochs} "
        f"epoch{'s' * (n_epochs > 1)} of this fit have learned is kept. With warm_start=True, "
        "another fit goes on from there.",
        stacklevel=2,
    )


def _within_joblib() -> bool:
    frame = currentframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "joblib":
            return True
        frame = frame.f_back
    return False
