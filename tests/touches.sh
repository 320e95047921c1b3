#!/usr/bin/env bash
# Counts how often each shared byte is touched by every kind of access, for all sizes and in all kinds of code, native code included.
# Prints the number of cases of each.
set -euo pipefail
cd "$(dirname "$0")/Nub.Memory.Tests"
NUB_TOUCHES=all dotnet test -c Release --filter "FullyQualifiedName~Soundness.Touches" --logger "console;verbosity=detailed" "$@" |
    grep -E "Passed |Failed |Skipped |accesses|touched|byte |Total tests|error"
