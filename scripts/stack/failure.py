"""The one exception that carries what a person needs: what failed, the end of the log that matters, what to do."""
import collections


class Failure(Exception):
    def __init__(self, message, log=None, hint=None, offset=0):
        super().__init__(message)
        self.log = log
        self.hint = hint
        self.lines = tail(log, offset=offset) if log else []

    def explain(self):
        """All of it, to be printed behind the name of the step."""
        text = [str(self)]
        if self.lines:
            text += [f"--- last lines of {self.log}", *self.lines, "---"]
        elif self.log:
            text.append(f"({self.log} is empty)")
        if self.hint:
            text.append(self.hint)
        return "\n".join(text)


def tail(path, count=25, offset=0):
    """The last lines of a file, from offset on; an unreadable one has none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            f.seek(offset)
            return [line.rstrip("\n") for line in collections.deque(f, count)]
    except OSError:
        return []
