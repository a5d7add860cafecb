"""Messages to a display, also from other processes of this machine."""

from collections.abc import Callable
from multiprocessing import ProcessError
from typing import Any


class Sender:
    """Sends messages to a function of the process in which it was made.

    A pickled copy sends them there through a socket.  Where that can't be reached, as from another
    machine or a later session, messages are dropped.

    Parameters
    ----------
    receive : callable
        Takes each message; called by several threads if other processes send.
    """

    def __init__(self, receive: Callable[[Any], None]) -> None:
        self._receive: Callable[[Any], None] | None = receive
        self._address: Any = None

    def send(self, message: Any) -> bool:
        """Send a message; return whether it has arrived."""
        if self._receive is not None:
            self._receive(message)
            return True
        if self._address is None:
            return False
        from skmnist._utils.sklearn import send

        try:
            send(self._address, message)
        except (OSError, EOFError, ProcessError):
            self._address = None  # for good: each further try would take time
            return False
        return True

    def close(self) -> None:
        """Receive nothing from other processes any more."""
        if self._receive is not None and self._address is not None:
            from skmnist._utils.sklearn import close_listener

            close_listener(self._address)
            self._address = None

    def __getstate__(self) -> dict[str, Any]:
        if self._receive is not None and self._address is None:
            from skmnist._utils.sklearn import open_listener

            self._address = open_listener(self._receive, owner=self)
        return {"_receive": None, "_address": self._address}
