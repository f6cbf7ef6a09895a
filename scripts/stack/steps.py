"""One line a step, with the time it took, in the form of scripts/lib.sh. Printing never fails: the terminal may be gone."""
import contextlib
import sys
import time

from .failure import Failure


def say(text=""):
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


class Step:
    def __init__(self, text):
        self.text = text


class Steps:
    """Prints to standard output; quiet ones are for tests."""

    def __init__(self, quiet=False):
        self.quiet = quiet
        self.live = None  # the step under way, shown on a terminal until its line with the time replaces it

    def say(self, text=""):
        if self.quiet:
            return
        self._show("\r\033[K" if self.live else "")
        say(text)
        self._show(self.live or "")

    @staticmethod
    def _show(text):
        if text:
            with contextlib.suppress(OSError, ValueError):
                print(text, end="", flush=True)

    @contextlib.contextmanager
    def step(self, text):
        """The body may set .text to what turned out. A Failure on the way learns the step's name."""
        step = Step(text)
        if not self.quiet and sys.stdout.isatty():
            self.live = f"[  ...  ] {text}"
            self._show(self.live)
        began = time.monotonic()
        try:
            yield step
        except Failure as failure:
            failure.step = text
            raise
        finally:
            self._show("\r\033[K" if self.live else "")
            self.live = None
        self.say(f"[{time.monotonic() - began:7.1f} s] {step.text}")
