#!/bin/sh
# Called by `make test`: gets a browser for the browser tests, where the system's package manager may.
# It never fails: without a browser those tests are skipped (and fail where CI is set, so that nobody is fooled).
set -u

find_browser() {
    [ -n "${BROWSER_PATH:-}" ] && return 0
    for name in chromium-headless-shell chromium google-chrome chromium-browser; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else return 1; fi
    echo "Installing a browser for the browser tests…"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update --quiet --quiet || return 1
    # Debian has the small one; elsewhere the whole browser does the same.
    for name in chromium-headless-shell chromium; do
        $as_root apt-get install --yes --quiet --quiet --no-install-recommends "$name" >/dev/null && return 0
    done
    return 1
}

find_browser || { install && find_browser; } ||
    echo "No browser found or installed: browser tests will be skipped. BROWSER_PATH may name one."
