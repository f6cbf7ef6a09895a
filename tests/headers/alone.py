"""Each public header compiles alone, twice in one file, without a warning: alone.py cc|c++ COMPILER INCLUDE_FOLDER..."""
import pathlib
import subprocess
import sys

language, compiler, *folders = sys.argv[1:]
if not compiler or compiler.endswith("NOTFOUND"):
    print("skipped: there is no C++ compiler here (g++ or clang++)")
    sys.exit(77)

standard = {"cc": ["-x", "c", "-std=c17"], "c++": ["-x", "c++", "-std=c++17"]}[language]
headers = sorted({f"drm/{path.name}" for folder in folders for path in pathlib.Path(folder, "drm").glob("*.h")})
failed = 0
for header in headers:
    text = f"#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n"
    done = subprocess.run([compiler, *standard, "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only",
                           *(f"-I{folder}" for folder in folders), "-"], input=text, text=True, capture_output=True, check=False)
    failed += done.returncode != 0
    print(f"{'FAILED' if done.returncode else 'ok':7}{header}\n{done.stderr}", end="")
if len(headers) < 10:
    sys.exit(f"only {len(headers)} headers were found in {folders}")
sys.exit(1 if failed else 0)
