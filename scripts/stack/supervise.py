"""Watches the processes of a stack and starts again what dies, with a growing pause and a line that says so. Called by run.py."""
import time

from .failure import Failure
from .process import how_it_ended

FIRST_PAUSE, LONGEST_PAUSE, CALM = 0.5, 30.0, 60.0


class Watched:
    def __init__(self, name):
        self.name = name
        self.pause = FIRST_PAUSE / 2
        self.due = None      # when it is to be started again; None while it runs
        self.since = time.monotonic()


def stamp():
    return time.strftime("%H:%M:%S")


class Supervisor:
    def __init__(self, stack, say):
        self.stack, self.say = stack, say
        self.watched = [Watched(name) for name in stack.processes]

    def look(self):
        """One round over all of them."""
        for each in self.watched:
            process = self.stack.processes[each.name]
            if each.due is None and not process.alive():
                self._died(each, process)
            if each.due is not None and time.monotonic() >= each.due:
                self._start(each, process)

    def _died(self, each, process):
        now = time.monotonic()
        each.pause = FIRST_PAUSE if now - each.since > CALM else min(each.pause * 2, LONGEST_PAUSE)
        each.due = now + each.pause
        lines = process.last_lines()
        self.say(f"{stamp()} {process.name} {how_it_ended(process.exit_code())}; it is started again in {each.pause:g} s. "
                 + (f"Last lines of {process.log}:" if lines else f"{process.log} says nothing."))
        for line in lines:
            self.say(f"    {line}")

    def _start(self, each, process):
        try:
            process.start()
        except Failure as failure:
            each.pause = min(each.pause * 2, LONGEST_PAUSE)
            each.due = time.monotonic() + each.pause
            self.say(f"{stamp()} {failure.explain()}\n    tried again in {each.pause:g} s")
            return
        each.due, each.since = None, time.monotonic()
        self.stack.publish()
        self.say(f"{stamp()} {process.name} was started again as process {process.pid}")

    def run(self):
        """For ever: a signal ends it by exception."""
        trimmed = time.monotonic()
        while True:
            time.sleep(0.2)
            self.look()
            if time.monotonic() - trimmed > 60:
                trimmed = time.monotonic()
                for process in self.stack.processes.values():
                    process.trim_log()
