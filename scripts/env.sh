# Sourced by the other scripts, never run: the checkout's root, and an environment in which its SDK is found.
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

# Asked in the checkout, because global.json says which SDK will do.
sdk_found() { command -v dotnet >/dev/null 2>&1 && (cd "$root" && dotnet --version >/dev/null 2>&1); }

# Without ICU .NET starts in invariant mode only; nothing here needs more.
if command -v ldconfig >/dev/null 2>&1 && ! ldconfig -p 2>/dev/null | grep -q libicuuc; then
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT-1}"
fi
# The SDK that setup.sh may have put into the home folder.
if [ -x "${HOME:-}/.dotnet/dotnet" ] && ! sdk_found; then export PATH="$HOME/.dotnet:$PATH" DOTNET_ROOT="$HOME/.dotnet"; fi
# A built program looks for the runtime in the usual places only.
if [ -z "${DOTNET_ROOT:-}" ] && dotnet=$(command -v dotnet) && dotnet=$(dirname "$(readlink -f "$dotnet")") && [ -d "$dotnet/host/fxr" ]; then
  export DOTNET_ROOT="$dotnet"
fi
