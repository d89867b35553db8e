#!/usr/bin/env bash
# Installs what Ampx needs and this machine lacks: git, the .NET SDK of global.json and, if it can, bubblewrap.
# Repeatable, and silent when nothing is missing. With --tests also what the test suite needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo && sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1
  fi
}

# Asks apt for packages; says the command to run by hand where it can't.
apt_install() {
  say "Installing $* with apt"
  if have apt-get && as_root env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"' apt "$@" >&2; then return 0; fi
  say "Couldn't. As root, run:  apt-get update && apt-get install -y $*"
  return 1
}

sdk_found() { have dotnet && dotnet --version >/dev/null 2>&1; }

install_sdk() {
  local channel=10.0
  if have apt-get && apt-cache show "dotnet-sdk-$channel" >/dev/null 2>&1 && apt_install "dotnet-sdk-$channel" && sdk_found; then return 0; fi
  say "Installing the .NET SDK $channel into $HOME/.dotnet with Microsoft's install script"
  local script; script=$(mktemp)
  if have curl && curl -fsSL --max-time 60 https://dot.net/v1/dotnet-install.sh -o "$script" && bash "$script" --channel "$channel" --install-dir "$HOME/.dotnet" >&2; then
    rm -f "$script"
    export PATH="$HOME/.dotnet:$PATH"
    sdk_found && return 0
  fi
  rm -f "$script"
  say "Couldn't install the .NET SDK. With a network, run:"
  say "  curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel $channel --install-dir \"\$HOME/.dotnet\""
  say "  export PATH=\"\$HOME/.dotnet:\$PATH\""
  return 1
}

missing=0
have git || apt_install git || missing=1
[ -x "$HOME/.dotnet/dotnet" ] && ! sdk_found && export PATH="$HOME/.dotnet:$PATH"
sdk_found || install_sdk || missing=1
# The sandbox is worth having but nothing here fails without it.
have bwrap || apt_install bubblewrap || say "Going on without bubblewrap: agents then run without a sandbox."
if [ "${1:-}" = --tests ]; then
  # The tests' stand-in for GitHub serves git over HTTP with git's own program.
  [ -x "$(git --exec-path)/git-http-backend" ] || apt_install git || missing=1
fi
exit "$missing"
