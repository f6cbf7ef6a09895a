"""Says what keeps the rows and the routes of a drmd from being the same set; fails if anything does."""
import sys

from matrix_rows import problems, routes_of

wrong = problems(routes_of(sys.argv[1]))
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
