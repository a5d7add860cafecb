"""Handling of Ctrl-C during the training of a network."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import currentframe

_go_through: ContextVar[bool] = ContextVar("interrupts_go_through", default=False)


@contextmanager
def interrupts_go_through() -> Iterator[None]:
    """Make Ctrl-C end everything within this context, of which a fit is only a part.

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
    """Warn that training ends early, or re-raise the interrupt. To be called in its handler.

    It is re-raised before the end of the first epoch, as there is nothing to keep, within
    `interrupts_go_through`, and within joblib: there the fit is part of a search, a
    cross-validation or a committee, which should end as a whole.
    (``MLPClassifier`` ends only a single fit there, and the search continues with the next.)

    Parameters
    ----------
    n_epochs : int
        Number of finished epochs.

    Raises
    ------
    KeyboardInterrupt
        The one that is being handled, if it is re-raised.

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
        "another fit continues from there.",
        stacklevel=2,
    )


def _within_joblib() -> bool:
    frame = currentframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "joblib":
            return True
        frame = frame.f_back
    return False
