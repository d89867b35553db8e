# Sourced by the other scripts: the SDK that setup.sh may have put into the home folder, and the checkout's root.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -x "$HOME/.dotnet/dotnet" ] && ! dotnet --version >/dev/null 2>&1; then export PATH="$HOME/.dotnet:$PATH" DOTNET_ROOT="$HOME/.dotnet"; fi
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
