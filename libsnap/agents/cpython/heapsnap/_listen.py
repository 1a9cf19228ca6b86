"""Make this process answer ``python3 -m heapsnap ask``: see :func:`listen`."""

import os
import signal as _signal
import sys
import typing

from . import _heapsnap

__all__ = ["listen", "listening", "stop_listening"]

listening = _heapsnap.listening
stop_listening = _heapsnap.stop_listening


def _default_role() -> str:
    """What the program calls itself: its script, or the package that ``-m`` runs."""
    path = sys.argv[0] if getattr(sys, "argv", None) else ""
    name = os.path.basename(path)
    if name == "__main__.py":
        name = os.path.basename(os.path.dirname(os.path.abspath(path)))
    return name or "python"


def _signal_number(signal: typing.Union[None, int, str]) -> int:
    """A signal by number, enum member or name (``USR2``, ``SIGUSR2``); None is 0."""
    if signal is None:
        return 0
    if isinstance(signal, str):
        name = signal.upper()
        try:
            return int(_signal.Signals[name if name.startswith("SIG") else "SIG" + name])
        except KeyError:
            raise ValueError("unknown signal %r" % signal) from None
    return int(signal)


def listen(*, role: typing.Optional[str] = None, signal: typing.Union[None, int, str] = None,
           directory: typing.Union[None, str, "os.PathLike[str]"] = None) -> str:
    """Wait for requests to capture this process's heap; return the name of the socket.

    A thread without Python code waits on an abstract Unix socket, so it answers while the program
    idles in C. Only the same user and root may ask (the kernel says who does), and who asks hands
    over the open file that the capture goes to: the process needs no writable directory. See
    ``python3 -m heapsnap ps`` and ``ask``.

    The listener ends with :func:`stop_listening` or when the interpreter exits. Children made by
    ``os.fork``, ``multiprocessing`` or a pre-forking server listen under names of their own.
    Calling it again while the process listens changes nothing.

    role       what ``ps`` shows, for example ``"worker"``; default: the name of the script.
    signal     None (no signal is touched), or SIGUSR1, SIGUSR2 or a real-time signal that the
               program does not handle: on it a capture is written to ``directory``, named
               ``heapsnap-PID-N.snap``. A signal that is handled or ignored already is refused
               (ValueError).
    directory  where captures by signal go; default: the current directory.
    """
    directory = os.path.abspath(os.fsdecode(directory if directory is not None else os.curdir))
    number = _signal_number(signal)
    if number and not (os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK)):
        raise ValueError("%s: not a writable directory" % directory)
    role = _default_role() if role is None else str(role)
    # Names from the file system may hold surrogates, which no socket message can carry.
    role = "".join(c if c.isprintable() else "?" for c in role) or "python"
    return _heapsnap.listen(role, number, directory)
