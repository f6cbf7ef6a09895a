"""What fixtures that start servers share."""
import contextlib

import pytest
from stack.failure import Failure


@contextlib.contextmanager
def explained():
    """A server that does not start fails the test with its log, not with a traceback."""
    try:
        yield
    except Failure as failure:
        pytest.fail(failure.explain(), pytrace=False)


@contextlib.contextmanager
def running(made):
    """start() and, whatever happens, stop()."""
    try:
        with explained():
            made.start()
            yield made
    finally:
        made.stop()
