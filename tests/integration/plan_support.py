"""What the library's own statements cost as programs run them: with the seal of a tenant's administrator, and generic plans."""
import pathlib
import re

from attack_support import context, run

QUERIES = pathlib.Path(__file__).resolve().parents[2] / "sql" / "queries"


def ask(siege, connection, name, *args, **columns):
    """What the statement of that name brings tenant a, and the blocks that it touches. columns: what its @...@ stand for."""
    text = re.sub(r"@([a-z_:]+)@", lambda m: columns[m[1].split(":")[0]], (QUERIES / f"{name}.sql").read_text())
    execute = "EXECUTE asked(" + ", ".join(["%s"] * len(args)) + ")"
    with context(siege, connection, siege.a) as entered:
        run(entered, f"PREPARE asked AS {text}")
        try:
            rows = run(entered, execute, args)
            plan = run(entered, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + execute, args)[0][0][0]["Plan"]
        finally:
            run(entered, "DEALLOCATE asked")
    return rows, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
