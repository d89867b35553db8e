#!/bin/sh
# Writes docs/openapi.json anew from the code (the test that holds the two together does it).
set -eu
cd "$(dirname "$0")/.."
dotnet build tests/Ampx.Tests -c Release -v q --nologo
AMPX_WRITE_OPENAPI=1 tests/Ampx.Tests/bin/Release/net10.0/Ampx.Tests -method "Ampx.Tests.Gateway.ApiDocumentTests.The_kept_description_is_the_one_that_the_service_gives" -noColor
git --no-pager diff --stat -- docs/openapi.json
