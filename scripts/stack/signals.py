"""SIGINT, SIGTERM and SIGHUP as an exception in the main thread, held back where a process is between started and recorded."""
import contextlib
import signal


class Interrupted(BaseException):
    """Somebody asked for the end. Not an Exception: nothing on the way may take it for a failure."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


_held = 0
_pending = None
_quiet = False


def _handler(number, _frame):
    global _pending, _quiet
    if _quiet:
        return
    if _held:
        _pending = number
        return
    _quiet = True
    raise Interrupted(number)


def install():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What the caller had ignored stays so: nohup, and Ctrl-C for a job in a shell's background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handler)


def ignore():
    """From here on the end is under way: a second Ctrl-C must not cut it short."""
    global _quiet
    _quiet = True


@contextlib.contextmanager
def held():
    """Inside, a signal waits; it is raised on the way out."""
    global _held, _pending
    _held += 1
    try:
        yield
    finally:
        _held -= 1
        if not _held and _pending is not None:
            number, _pending = _pending, None
            _handler(number, None)
