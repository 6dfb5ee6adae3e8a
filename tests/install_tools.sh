#!/bin/sh
# Called by `make test`: gets a browser and the programs that check archives and units, where the package manager may.
# It never fails: tests whose program is missing are skipped (and fail where CI is set, so that nobody is fooled).
set -u

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
    has postgres /usr/lib/postgresql/*/bin/postgres || echo "postgresql" # Debian's has TLS, and starts a server of its own
    has clamd || [ -x .venv-tools/bin/clamd ] || echo "clamd"
    has systemd-analyze || echo "systemd" # starts nothing here; it reads the units
    has /lib/systemd/systemd-journal-upload || echo "systemd-journal-remote"
    has redis-server redis-check-rdb || echo "redis-tools redis" # the same program; as redis-tools it starts no service
}

# Its package starts a service, and one that downloads signatures: the program is taken out of it.
install_clamd() {
    install_one libclamav12 libclamav11 || return 1
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download --quiet --quiet clamav-daemon && dpkg-deb --extract clamav-daemon_*.deb .) &&
        cp "$folder/usr/sbin/clamd" .venv-tools/bin/
    rm -r "$folder"
}

install_one() {
    [ "$1" != clamd ] || { install_clamd; return; }
    for name in "$@"; do
        $as_root apt-get install --yes --quiet --quiet --no-install-recommends "$name" >/dev/null && return 0
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
        install_one $packages </dev/null # in words: each is a package's name
    done
}

[ -z "$(missing)" ] || install
[ -z "$(missing)" ] || printf 'Not found or installed, so tests will be skipped:\n%s\n' "$(missing)"
