# What scripts/run, stop, test and bench share: steps that tell their time, installing, building. Sourced by bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
export LC_ALL=C.UTF-8

umask 022

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# step LOG HINT TEXT COMMAND...: runs COMMAND with its output in LOG and prints one line with the time taken. When it fails: the
# last lines of LOG, and HINT. A COMMAND that prints a line "= words" adds these words to TEXT.
step() {
    local log=$1 hint=$2 text=$3 began ended status=0
    shift 3
    began=$(date +%s%N)
    [ -t 1 ] && printf '[  ...  ] %s' "$text"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    ended=$(date +%s%N)
    [ -t 1 ] && printf '\r\033[K'
    if [ "$status" -ne 0 ]; then
        printf '\n%s failed at the step: %s\n' "scripts/$(basename "$0")" "$text" >&2
        # The error of a compiler stands above what others went on with.
        grep -m 5 -E '(^|[ :])(fatal )?error:' "$log" >&2 || true
        printf -- '--- last lines of %s\n' "$log" >&2
        tail -n 25 "$log" >&2
        printf -- '---\n%s\n' "$hint" >&2
        return "$status"
    fi
    printf '[%5d.%d s] %s%s\n' $(((ended - began) / 1000000000)) $(((ended - began) / 100000000 % 10)) "$text" \
        "$(sed -n 's/^= / /p' "$log" | tail -n 1)"
}

# packages GROUP...: the names in these groups of packages.txt.
packages() {
    awk -v groups=" $* " '
        { sub(/#.*/, "") }
        /^\[/ { gsub(/[][ \t]/, ""); on = index(groups, " " $0 " "); next }
        on && NF { print $1 }' "$root/scripts/packages.txt"
}

missing_packages() {
    local groups=("$@") have
    command -v npm >/dev/null && groups=("${groups[@]/docs/}")
    have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" { print $1 }')
    packages "${groups[@]}" | grep -vxF "$have" || true
}

# The packages' own daemons must neither start now nor take ports at the next boot, and no cluster is to be made: a policy-rc.d
# and a createcluster.d file while apt runs, and what was not there before is left disabled.
quiet_daemons() {
    policy= cluster= units=
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        cluster=/etc/postgresql-common/createcluster.d/drmgmt.conf
        as_root mkdir -p "${cluster%/*}"
        echo 'create_main_cluster = false' | as_root tee "$cluster" >/dev/null
    fi
    local unit
    for unit in postgresql redis-server snmpd pgbouncer; do
        [ -e "/lib/systemd/system/$unit.service" ] || units="$units $unit"
    done
}

restore_daemons() {
    [ -z "$policy" ] || as_root rm -f "$policy"
    [ -z "$cluster" ] || as_root rm -f "$cluster"
    local unit
    for unit in $units; do
        if command -v systemctl >/dev/null && [ -e "/lib/systemd/system/$unit.service" ]; then
            as_root systemctl disable --quiet "$unit" || true
        fi
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_install() {
    local status=0
    quiet_daemons
    trap restore_daemons EXIT
    if ! apt-get install --dry-run --no-install-recommends "$@" >/dev/null 2>&1; then
        as_root apt-get update || return 1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" || {
        # Lists that are too old name files that are gone.
        as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    } || status=$?
    restore_daemons
    trap - EXIT
    return "$status"
}

# install_packages LOGDIR GROUP...
install_packages() {
    local logs=$1 missing
    shift
    command -v dpkg-query >/dev/null || die "this is no Debian: install what scripts/packages.txt names by hand"
    missing=$(missing_packages "$@")
    if [ -z "$missing" ]; then
        return 0
    fi
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root: apt-get install $(echo $missing)"
        # Asks for the password here, where it can be typed, and not inside the step.
        sudo -n true 2>/dev/null || sudo true || die "sudo refused; as root: apt-get install $(echo $missing)"
    fi
    # shellcheck disable=SC2086
    step "$logs/install.log" "Is there a network, and Debian 12 in /etc/apt? By hand: apt-get install $(echo $missing)" \
        "installed $(echo "$missing" | wc -l) packages" apt_install $missing
}

# build_programs LOGDIR: the programs in build/, Release. A build folder configured for the tests is used as it is.
build_programs() {
    step "$1/build.log" "All of it is in $1/build.log. rm -rf build starts afresh." "built" do_build
}

do_build() {
    cd "$root" || return 1
    if [ ! -e build/build.ninja ]; then
        rm -f build/CMakeCache.txt
        cmake --preset release -DDRMGMT_TESTS=OFF -DDRMGMT_BENCH=OFF || return 1
    fi
    cmake --build build --target drmd drm-worker drmctl || return 1
    echo "= ($(sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' build/CMakeCache.txt), build/)"
}

# The pages behind /docs. That they are missing is no reason to stop.
build_docs() {
    step "$1/docs.log" "" "documentation pages" do_docs "$1"
}

do_docs() {
    if "$root/scripts/build-docs" "$root/build/docs-site" >"$1/build-docs.log" 2>&1; then
        echo "= (/docs, /redoc)"
    else
        echo "= not available, /openapi.json is: $(tail -n 1 "$1/build-docs.log")"
    fi
}

# run_stack VERB ARGUMENTS...: scripts/stack in place of this shell. -P: a folder called stack where the caller stands is not meant.
run_stack() {
    PYTHONPATH=$root/scripts exec /usr/bin/python3 -P -m stack "$@"
}
