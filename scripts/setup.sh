#!/usr/bin/env bash
# Installs what Ampx needs and this machine lacks: git, the .NET SDK of global.json and, if it can, npm and bubblewrap.
# Repeatable, and silent when nothing is missing. With --tests also what the test suite needs.
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
channel=10.0

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
by_hand() { if have apt-get; then printf 'sudo apt-get update && sudo apt-get install -y %s' "$*"; else printf "install %s with this system's package manager" "$*"; fi; }

# Installs packages with apt; false, without a word, where it can't.
apt_install() {
  have apt-get && is_root || return 1
  say "Installing $* with apt"
  local quick=(-qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20)
  as_root apt-get update "${quick[@]}" >&2 && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${quick[@]}" "$@" >&2
}

# A package that nothing works without.
need() { apt_install "$1" || { say "$1 is missing. Run:  $(by_hand "$1")"; return 1; }; }

download() { if have curl; then curl -fsSL --max-time 60 "$1" -o "$2"; elif have wget; then wget -q -T 60 -O "$2" "$1"; else return 1; fi; }

install_sdk() {
  if have apt-get && apt-cache show "dotnet-sdk-$channel" >/dev/null 2>&1 && apt_install "dotnet-sdk-$channel" && sdk_found; then return 0; fi
  say "Installing the .NET SDK $channel into $HOME/.dotnet with Microsoft's install script"
  local script; script=$(mktemp)
  if download https://dot.net/v1/dotnet-install.sh "$script" && bash "$script" --channel "$channel" --install-dir "$HOME/.dotnet" >&2; then
    rm -f "$script"
    export PATH="$HOME/.dotnet:$PATH" DOTNET_ROOT="$HOME/.dotnet"
    sdk_found && return 0
  fi
  rm -f "$script"
  say "The .NET SDK $channel is missing, and couldn't be installed. With a network, run:"
  say "  curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel $channel --install-dir \"\$HOME/.dotnet\""
  return 1
}

# Keeps Debian's packages from making and starting a server by themselves.
no_cluster() {
  is_root && [ -d /etc ] && [ ! -e /etc/postgresql-common/createcluster.conf ] || return 0
  as_root mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
}

# Brings the packages of a folder's lock file, once for each state of it: bring FOLDER WHAT
bring() {
  local here="$root/tests/$1"
  cmp -s "$here/package-lock.json" "$here/node_modules/.brought-by" && return 0
  have npm || need npm || return 1
  say "Bringing $2 with npm"
  if ! (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
    say "$2 couldn't be brought. With a network, run:  (cd $here && npm ci)"
    return 1
  fi
  # One file of each of these is read.
  if [ "$1" = github-descriptions ]; then
    find "$here/node_modules/@octokit/openapi/generated" -type f ! -name api.github.com.json -delete
    rm -rf "$here"/node_modules/@octokit/webhooks-examples/ghes-*
  fi
  cp "$here/package-lock.json" "$here/node_modules/.brought-by"
}

# A server that the tests start by themselves: Debian's package would start one for the machine too, which nobody asked for.
need_unstarted() {
  local policy=/usr/sbin/policy-rc.d
  if have apt-get && is_root && [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod +x "$policy"; else policy=; fi
  local code=0
  need "$1" || code=1
  [ -z "$policy" ] || as_root rm "$policy"
  if [ -d /run/systemd/system ]; then as_root systemctl disable --now "$2" >/dev/null 2>&1 || true; fi
  return "$code"
}

missing=0
have git || need git || missing=1
sdk_found || install_sdk || missing=1
# For the web board; nothing else fails without it.
have npm || apt_install npm || say "Going on without npm, so without the web board. To have it:  $(by_hand npm)"
# For the sandbox; agents run without one where it is missing.
have bwrap || apt_install bubblewrap || say "Going on without bubblewrap. To have it:  $(by_hand bubblewrap)"
if [ "${1:-}" = --tests ]; then
  # The documentation's examples, which the suite runs.
  have curl || need curl || missing=1
  have jq || need jq || missing=1
  # Shells that the completion scripts are for.
  have zsh || need zsh || missing=1
  have fish || need fish || missing=1
  # The web board's tests; any font will do for the page, but there must be one.
  have chromium || [ -x /usr/bin/google-chrome ] || need chromium || missing=1
  [ -d /usr/share/fonts/truetype/liberation ] || apt_install fonts-liberation fonts-dejavu-core || true
  # Sets the clock under a service of the suite's own; the tests that want it are skipped without.
  [ -n "$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null)" ] || apt_install faketime || say "Going on without faketime. To have it:  $(by_hand faketime)"
  # A server of the suite's own; Debian's package would start one for the machine too, which nobody asked for.
  postgres_found() { [ -n "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || have initdb; }
  postgres_found || { no_cluster; need postgresql; } || missing=1
  bring github-descriptions "GitHub's API description" || missing=1
  # deploy/ is held against these, and tried behind a proxy.
  bring deploy-schemas "Kubernetes' types and the Compose specification" || missing=1
  have nginx || [ -x /usr/sbin/nginx ] || need_unstarted nginx-light nginx || missing=1
  have caddy || need_unstarted caddy caddy || say "Going on without Caddy: its file isn't tried."
  # The tests' stand-in for GitHub serves git over HTTP with git's own program.
  ! have git || [ -x "$(git --exec-path)/git-http-backend" ] || need git || missing=1
fi
exit "$missing"
