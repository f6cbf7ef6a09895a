#!/usr/bin/python3
"""Nothing connects or sends past the outbound policy: outbound.py sources ROOT | objects NM BUILD | itself NM CC.

Sources are read without comments and strings, for each mention of a call that could reach another host; objects by the symbols that they
want, which no macro hides. Both tell FILE: WHAT for each that is not on the list below, and exit with 1. "itself" plants violations and
expects them to be found."""
import pathlib
import re
import subprocess
import sys
import tempfile

FOLDERS = ("libdrm", "drmd", "drm-worker", "drmctl", "common", "examples")
CALLS = r"socket|connect|sendto|sendmsg|sendmmsg|syscall|io_uring_\w+"
LIBRARIES = r"curl_\w+|uv_(tcp|udp|pipe)_\w+|uv_getaddrinfo|redis\w*Connect\w*|mg_connect_client\w*|mg_download|PQconnect\w*|PQsetdb\w*" \
            r"|PQping\w*|PQcancel|snmp_(sess_)?(open|send|async_send)\w*|netsnmp_transport_\w+|BIO_(new_)?connect|mosquitto_connect\w*"
BANNED = re.compile(rf"(?<![\w.])(?<!->)({CALLS}|{LIBRARIES}|CURLOPT_\w+)(?!\w)")
WANTED = re.compile(rf"(?:__)?({CALLS}|{LIBRARIES})(?:_chk)?(?:@.*)?")

# Who may, and why. A folder ends with a slash.
ALLOWED = {
    "libdrm/net/": (".*", "the policy itself"),
    "libdrm/store/": ("PQ.*", "PostgreSQL, at the operator's URL; no tenant names it"),
    "drmctl/login_oidc.c": ("socket", "listens on a loopback address for the browser that comes back; it connects to nobody"),
    "libdrm/queue/redis.c": ("socket|connect", "Redis, at the operator's URL; no tenant names it"),
}


def allowed(file, word):
    return any((file.startswith(place) if place.endswith("/") else file == place) and re.fullmatch(words, word)
               for place, (words, _) in ALLOWED.items())


def bare(text):
    """C without comments, strings and #include lines; lines stay where they are."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)
    return re.sub(r"^\s*#\s*include[^\n]*", "", text, flags=re.M)


def in_sources(root):
    found, files = [], 0
    for folder in FOLDERS:
        for path in sorted(p for p in (root / folder).rglob("*.[ch]")):
            name = path.relative_to(root).as_posix()
            files += 1
            for number, line in enumerate(bare(path.read_text(encoding="utf-8")).split("\n"), 1):
                found += [f"{name}:{number}: {word}" for word in (m.group(1) for m in BANNED.finditer(line)) if not allowed(name, word)]
            if "curl/" in path.read_text(encoding="utf-8") and re.search(r"#\s*include\s*<curl/", path.read_text(encoding="utf-8")) \
                    and not allowed(name, "curl/curl.h"):
                found.append(f"{name}: <curl/curl.h>")
    return found, files


def wants(nm, file):
    shown = subprocess.run([nm, "--undefined-only", "--format=posix", file], text=True, capture_output=True, check=True).stdout
    return [m.group(1) for m in (WANTED.fullmatch(line.split()[0]) for line in shown.splitlines() if line) if m]


def in_objects(nm, build):
    """Objects lie at FOLDER/CMakeFiles/TARGET.dir/PATH.o, beside the sources' own place in the tree."""
    found, files = [], 0
    for folder in FOLDERS:
        for path in sorted((build / folder).glob("CMakeFiles/*.dir/**/*.o")):
            inside = path.relative_to(build / folder).as_posix().split("/", 2)[2].removesuffix(".o")
            if "__/" in inside:  # common/ and what was generated
                inside = inside.replace("__/", "")
                name = inside
            else:
                name = f"{folder}/{inside}"
            files += 1
            found += [f"{name}: {word}" for word in wants(nm, path) if not allowed(name, word)]
    return found, files


PLANTED = {
    "libdrm/proto/evil/one.c": ("int sendto(int);int f(void){return sendto(1);}", "sendto"),
    "libdrm/proto/evil/two.c": ("int connect(int);int (*g)(int) = connect;", "connect"),
    "libdrm/proto/evil/three.c": ("#define JOIN(a,b) a##b\nint JOIN(con,nect)(int);int f(void){return JOIN(con,nect)(1);}", None),
    "libdrm/device/four.c": ("int socket(int);\n/* socket( */ int f(void){return socket(3);}", "socket"),
    "drmd/five.c": ("int sendmmsg(int);int sendmsg(int);int f(void){return sendmmsg(1)+sendmsg(2);}", "sendmmsg"),
    "drmctl/six.c": ("int curl_easy_setopt(int,int);enum{CURLOPT_OPENSOCKETFUNCTION};"
                     "int f(void){return curl_easy_setopt(1,CURLOPT_OPENSOCKETFUNCTION);}", "CURLOPT_OPENSOCKETFUNCTION"),
    "drm-worker/seven.c": ("int PQconnectdb(int);int f(void){return PQconnectdb(1);}", "PQconnectdb"),
    "libdrm/queue/eight.c": ("int connect(int);int f(void){return connect(1);}", "connect"),
}
INNOCENT = {
    "libdrm/net/socket.c": "int connect(int);int f(void){return connect(1);}",
    "libdrm/queue/redis.c": "int socket(int);int f(void){return socket(1);}",
    "libdrm/job/job.c": 'struct s{int sockets;};const char *t="connect(";/* sendto(x) */ int f(struct s*p){return p->sockets;}'
                        "int disconnect(int);int h(void){return disconnect(1);}",
}


def itself(nm, compiler):
    with tempfile.TemporaryDirectory() as folder:
        root, build = pathlib.Path(folder) / "tree", pathlib.Path(folder) / "build"
        for name, text in {**{n: t for n, (t, _) in PLANTED.items()}, **INNOCENT}.items():
            path = root / name
            top, rest = name.split("/", 1)
            out = build / top / "CMakeFiles" / "target.dir" / (rest + ".o")
            path.parent.mkdir(parents=True, exist_ok=True)
            out.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
            subprocess.run([compiler, "-w", "-c", path, "-o", out], check=True)
        found, _ = in_sources(root)
        for name, (_, word) in PLANTED.items():
            hits = [line for line in found if line.startswith(name + ":")]
            assert bool(hits) == bool(word) and (not word or any(line.endswith(word) for line in hits)), (name, hits)
        assert not [line for line in found if line.split(":")[0] in INNOCENT], found
        found, _ = in_objects(nm, build)
        assert {line.split(":")[0] for line in found} == set(PLANTED), found  # the macro as well
    return [], len(PLANTED)


def main():
    mode, *words = sys.argv[1:]
    found, files = {"sources": lambda root: in_sources(pathlib.Path(root)),
                    "objects": lambda nm, build: in_objects(nm, pathlib.Path(build)), "itself": itself}[mode](*words)
    for line in found:
        print(f"{line} goes past the outbound policy: use drmgmt_op_sendto(), drmgmt_op_connect() (drm/driver.h) or libdrm/net/")
    # A check that looked at nothing has found nothing out.
    if files < (1 if mode == "itself" else 80):
        sys.exit(f"only {files} files were looked at")
    sys.exit(1 if found else 0)


main()
