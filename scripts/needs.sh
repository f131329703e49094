# Sourced by ./demo and ./tests/run from the top folder: finds what a build and the tests need.
# As root on Debian it installs what is missing with apt-get and says so; anywhere else it prints
# exactly what to install and ends with 1. What is there already is left alone, so a second run
# installs nothing. Not here: building or running anything of ours.

missing=""   # Debian packages, in one list, so that apt-get runs once
advice=""    # what no package manager here can install

say() { printf '%s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
lacks() { missing="$missing $*"; }
advise() { advice="$advice
  - $1"; }

# at_least 1.95.0 1.95: the first version is the second or newer.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n | head -n 1)" = "$2" ]
}

need_build_tools() {
    if ! have cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        export PATH
    fi
    wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! have cargo || ! have rustc; then
        advise "Rust $wanted or newer with cargo: https://rustup.rs"
    else
        found=$(rustc --version | cut -d ' ' -f 2)
        at_least "$found" "$wanted" ||
            advise "Rust $wanted or newer (this is $found): rustup update stable"
    fi
    have cc || have gcc || have clang || lacks gcc libc6-dev
    have cmake || lacks cmake
    have make || have ninja || lacks make
}

need_test_tools() {
    for tool in cargo-fmt cargo-clippy; do
        ! have cargo || have "$tool" || advise "$tool: rustup component add rustfmt clippy"
    done
    chromium=$(find_chromium)
    [ -n "$chromium" ] || lacks chromium fonts-dejavu-core
    if ! have node; then
        lacks nodejs
    elif ! at_least "$(node --version | tr -d v)" 18.15; then
        advise "node 18.15 or newer (this is $(node --version))"
    fi
    have npm || lacks npm
    if ! have python3; then
        lacks python3 python3-venv
    elif ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        lacks python3-venv
    fi
    need_dokuwiki
}

# What the recipe for DokuWiki is tried with: php, and the libraries that Debian's package leaves to others.
need_dokuwiki() {
    for package in php-cli php-xml php-geshi php-phpseclib libphp-simplepie php-random-compat libjs-jquery \
        libjs-jquery-ui libjs-jquery-cookie
    do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || lacks "$package"
    done
}

find_chromium() {
    for name in "${CHROMIUM:-chromium}" chromium chromium-browser google-chrome; do
        if have "$name"; then
            command -v "$name"
            return
        fi
    done
}

# Installs the missing packages, or says what to install and ends.
settle_needs() {
    if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && have apt-get && [ -f /etc/debian_version ]; then
        say "Installing with apt-get:$missing"
        # Word splitting makes the list.
        # shellcheck disable=SC2086
        if apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
        then
            missing=""
        fi
    fi
    [ -n "$missing$advice" ] || return 0
    say "This cannot run yet. What is missing:$advice" >&2
    if [ -n "$missing" ]; then
        say "  - packages of Debian or Ubuntu: sudo apt-get install$missing" >&2
        say "    (elsewhere, the packages of the same purpose)" >&2
    fi
    exit 1
}

# The browser driver, as locked. node_modules/.package-lock.json is what npm last installed.
settle_node_modules() {
    lock=tests/browser/package-lock.json
    installed=tests/browser/node_modules/.package-lock.json
    if [ ! -f "$installed" ] || [ "$lock" -nt "$installed" ]; then
        say "Installing the browser driver into tests/browser/node_modules"
        npm ci --prefix tests/browser --no-audit --no-fund --loglevel=error || exit 1
        touch "$installed"
    fi
}
