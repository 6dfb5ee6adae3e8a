#!/bin/sh
# Called by `make test`: gets a browser, proxies, servers and the programs that check archives and units, where the
# system's package manager may.
# It never fails: tests whose program is missing are skipped (and fail where CI is set, so that nobody is fooled).
set -u
PATH=$PATH:$PWD/.venv-tools/bin

has() {
    for name in "$@"; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

# What is missing, a line each: the packages that have it, of which the first that can be installed is taken.
missing() {
    [ -n "${BROWSER_PATH:-}" ] || has chromium-headless-shell chromium google-chrome chromium-browser ||
        echo "chromium-headless-shell chromium" # Debian has the small one; elsewhere the whole browser does the same
    has minisign || echo "minisign"
    has unzip || echo "unzip"
    has zip || echo "zip" # a peer in the benchmarks
    has 7z 7zz || echo "7zip p7zip-full"
    has bsdtar || echo "libarchive-tools"
    has jq || echo "jq"
    has sqlite3 || echo "sqlite3"
    has redis-server redis-check-rdb || echo "redis-tools redis" # the same program; as redis-tools it starts no service
    has systemd-analyze || echo "systemd" # starts nothing here; it reads the units
    has /lib/systemd/systemd-journal-upload || echo "systemd-journal-remote"
    has postgres /usr/lib/postgresql/*/bin/postgres || echo "postgresql" # the wheel that other tests take has no TLS
    has clamd || echo "clamav-daemon"
    has nginx || echo "nginx nginx-core" # the first has the program itself in Debian, the second in older Ubuntus
    has caddy || echo "caddy"
}

install_one() {
    for name in "$@"; do
        $as_root apt-get install --yes --quiet --quiet --no-install-recommends "$name" >/dev/null && return 0
    done
    return 1
}

# Its package makes a database server of its own, unless it is told not to; which is forgotten afterwards.
install_postgresql() {
    told=/etc/postgresql-common/createcluster.conf
    [ ! -e "$told" ] || { install_one postgresql; return; }
    $as_root mkdir -p "${told%/*}" && echo "create_main_cluster = false" | $as_root tee "$told" >/dev/null
    install_one postgresql
    $as_root rm -f "$told"
}

# Not installed: these packages start a service, if not now then with the machine.
unpack_one() {
    program=$1
    shift
    for name in "$@"; do
        folder=$(mktemp -d)
        (cd "$folder" && apt-get download --quiet --quiet -o APT::Sandbox::User=root "$name" &&
            dpkg-deb --extract "$name"_*.deb .) >/dev/null &&
            mkdir -p .venv-tools/bin && cp "$folder"/usr/*bin/"$program" .venv-tools/bin/ && found=yes || found=""
        rm -r "$folder"
        [ -z "$found" ] || return 0
    done
    return 1
}

install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else return 1; fi
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update --quiet --quiet || return 1
    missing | while read -r packages; do
        echo "Installing ${packages%% *} for the tests…"
        case $packages in # in words: each is a package's name
            postgresql) install_postgresql ;;
            clamav-daemon) install_one libclamav12 libclamav11 && unpack_one clamd $packages ;;
            nginx*) unpack_one nginx $packages ;;
            caddy) unpack_one caddy $packages ;;
            *) install_one $packages ;;
        esac </dev/null
    done
}

[ -z "$(missing)" ] || install
[ -z "$(missing)" ] || printf 'Not found or installed, so tests will be skipped:\n%s\n' "$(missing)"
