#!/usr/bin/env bash
# Makes what a release consists of, and publishes nothing: the packages, their checksums, a bill of materials (CycloneDX), and the changelog's section.
#
#   build/release.sh [--rehearse] [FOLDER]      the folder is artifacts/release unless another is named, and must not exist
#
# The version is VersionPrefix in Directory.Build.props. Refuses a tree with changes, and a version that CHANGELOG.md has no section for; --rehearse
# allows both and takes the section "Unreleased". Two runs on one commit make the same bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rehearse=false
if [[ "${1:-}" == --rehearse ]]; then
    rehearse=true
    shift
fi

folder="$(realpath -m "${1:-artifacts/release}")"
if [[ -e "$folder" ]]; then
    echo "$folder exists: name another folder, or remove it." >&2
    exit 1
fi

export CI=true DOTNET_NOLOGO=true DOTNET_CLI_UI_LANGUAGE=en SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
version="$(dotnet msbuild src/Nub.Memory/Nub.Memory.csproj -getProperty:PackageVersion)"
section="$version"
if [[ "$rehearse" == true ]]; then
    section=Unreleased
elif [[ -n "$(git status --porcelain)" ]]; then
    echo "The tree has changes: what is released is a commit." >&2
    exit 1
fi

# Before the minutes that the packages take.
if ! grep -qE "^## \[?${section//./\\.}([^0-9A-Za-z.-]|$)" CHANGELOG.md; then
    echo "CHANGELOG.md has no section \"## $section\": rename \"## Unreleased\", or set VersionPrefix in Directory.Build.props." >&2
    exit 1
fi

dotnet pack -c Release -o "$folder"
dotnet run -c Release --project build/Release -- "$folder" CHANGELOG.md "$section" "$SOURCE_DATE_EPOCH"

cat <<TEXT
Version $version of $(git rev-parse --short HEAD). Nothing is published. What is left to do:
  tag the commit: git tag -s v$version
  push the packages to the registry (the symbols are inside of the assemblies: there are no symbol packages)
  in each src/*/PublicAPI.*.txt, move what is unshipped to what is shipped, and name $version as PackageValidationBaselineVersion
TEXT
