"""What the library exports, what its map lists and what the headers declare are the same set: symbols.py NM LIBRARY MAP INCLUDE_FOLDER..."""
import pathlib
import re
import subprocess
import sys

nm, library, symbol_map, *folders = sys.argv[1:]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


listed = re.findall(r"^\s+(\w+);", pathlib.Path(symbol_map).read_text(encoding="utf-8").split("local:")[0], re.MULTILINE)
declared = []
for folder in folders:
    for path in pathlib.Path(folder, "drm").glob("*.h"):
        # A prototype's name is the first word with a parenthesis after it that is no attribute.
        for prototype in re.findall(r"^DRMGMT_API\b([^;]*);", without_comments(path.read_text(encoding="utf-8")), re.MULTILINE):
            declared.append(re.search(r"(\w+)\s*\(", prototype).group(1))
lines = subprocess.run([nm, "-D", "--defined-only", library], text=True, capture_output=True, check=True).stdout.splitlines()
# The version node itself is listed as an absolute symbol.
exported = [line.split()[-1].split("@")[0] for line in lines if line.split()[-2] != "A"]

problems = [f"{name}: {what}"
            for names, what in ((set(listed) - set(exported), "in the map but not exported: nobody defines it"),
                                (set(exported) - set(listed), "exported but not in the map"),
                                (set(declared) - set(listed), "declared DRMGMT_API but not in the map"),
                                (set(listed) - set(declared), "in the map but no header declares it"),
                                ({n for n in exported if not re.match(r"drmgmt_[a-z]", n)}, "exported without the prefix drmgmt_"),
                                ({n for n in listed if listed.count(n) > 1}, "twice in the map"))
            for name in sorted(names)]
print("\n".join(problems) or f"{len(exported)} symbols: exported, listed and declared alike")
sys.exit(1 if problems or not exported else 0)
