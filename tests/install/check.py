"""Installs a build into a temporary prefix and uses it as a stranger would: examples with pkg-config alone, a CMake project with
find_package, the programs themselves; then once more after the prefix was moved."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAMS = ("drmctl", "drmd", "drm-worker")
EXAMPLES = {"embed_minimal.c": [], "driver_example.c": ["-shared", "-fPIC", "-Wl,--no-undefined"]}


def environment(prefix):
    """Nothing of the caller's may lead to a library."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LD_", "PKG_CONFIG", "CMAKE_", "DESTDIR", "DRM_"))}
    pc = next(prefix.rglob("drmgmt.pc"))
    return {**kept, "PKG_CONFIG_PATH": str(pc.parent)}


def run(command, env, cwd=None):
    done = subprocess.run([str(word) for word in command], env=env, cwd=cwd, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"FAILED: {' '.join(map(str, command))}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"FAILED: {what}: {got!r} is not {wanted!r}")
    print(f"ok     {what}: {got}")


def check_names(prefix):
    """What is installed cannot be taken for the Direct Rendering Manager's files."""
    files = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir())
    bad = [name for name in files
           if re.search(r"(^|/)(drm|drm_[^/]*|[^/]*_drm)\.h$|^include/libdrm(/|$)|(^|/)libdrm\.|/drm[^/]*\.7", name)
           or (name.startswith("include/") and not name.startswith("include/drmgmt/drm/"))]
    expect("names that collide", bad, [])
    taken = {path.name for folder in ("/usr/include/drm", "/usr/include/libdrm") for path in pathlib.Path(folder).glob("*.h")}
    ours = {path.name for path in (prefix / "include/drmgmt/drm").glob("*.h")}
    expect("headers named as theirs", sorted(ours & taken), [])
    if not ours or any(name.endswith(".in") for name in files):
        sys.exit(f"FAILED: headers installed: {sorted(ours)}")
    return files


def check_package(prefix, options, folder):
    env = environment(prefix)
    expect("pkg-config version", run(["pkg-config", "--modversion", "drmgmt"], env), options.version)
    where = pathlib.Path(run(["pkg-config", "--variable=libdir", "drmgmt"], env)).resolve()
    library = next(prefix.rglob("libdrmgmt.so"))
    expect("pkg-config libdir", str(where), str(library.parent.resolve()))
    expect("soname", re.search(r"SONAME.*\[(.*)\]", run(["readelf", "-d", library], env)).group(1), "libdrmgmt.so.0")
    # A library that was built with a sanitizer needs a program that was, too.
    flags = [f"-fsanitize={options.sanitize}"] if options.sanitize else []
    words = run(["pkg-config", "--cflags", "--libs", "drmgmt"], env).split()
    for example, kind in EXAMPLES.items():
        program = folder / pathlib.Path(example).stem
        run([options.cc, "-std=c17", "-Wall", "-Wextra", "-pedantic", "-Werror", *kind, options.source / "examples" / example,
             *words, *flags, f"-Wl,-rpath,{library.parent}", "-o", program], env)
        print(f"ok     {example} builds with pkg-config alone")
    done = subprocess.run([folder / "embed_minimal"], env=env, text=True, capture_output=True, check=False)
    expect("embed_minimal without its variables", (done.returncode, "DRM_API_KEY" in done.stderr), (2, True))
    build = folder / "consumer"
    run([options.cmake, "-G", options.generator, "-S", options.source / "tests/install/consumer", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
         f"-DCMAKE_C_COMPILER={options.cc}", f"-DCMAKE_C_FLAGS={' '.join(flags)}"], env)
    run([options.cmake, "--build", build], env)
    expect("consumer with find_package", run([build / "consumer"], env), options.version)
    for program in PROGRAMS:
        path = prefix / "bin" / program
        if options.version not in run([path, "--version"], env):
            sys.exit(f"FAILED: {program} --version does not tell {options.version}")
        linked = re.search(r"libdrmgmt\.so\.0 => (\S+)", run(["ldd", path], env)).group(1)
        expect(f"{program} finds the library", str(pathlib.Path(linked).resolve().parent), str(library.parent.resolve()))
    shutil.rmtree(build)


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "source"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    for name in ("cmake", "generator", "cc", "version", "sanitize"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drmgmt-install-") as name:
        folder = pathlib.Path(name)
        prefix = folder / "first place"
        said = run([options.cmake, "--install", options.build, "--prefix", prefix], {**os.environ, "DESTDIR": ""})
        files = check_names(prefix)
        # The same list goes into install_manifest.txt, by which an operator removes everything again.
        told = {os.path.relpath(line.split(": ", 1)[1], prefix) for line in said.splitlines() if line.startswith("-- Installing: ")}
        expect("files installed without being told", sorted(set(files) - told), [])
        # pkg-config and make both split words at blanks, so the package itself is used from a folder without one.
        plain = folder / "second"
        prefix.rename(plain)
        check_package(plain, options, folder)
        moved = folder / "elsewhere" / "third"
        moved.parent.mkdir()
        plain.rename(moved)
        check_package(moved, options, folder)
    print("1 passed, 0 failed")


main()
