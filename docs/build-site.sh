#!/usr/bin/env bash
# Builds the site: the pages and the API reference, into artifacts/site/_site. Usage: docs/build-site.sh [--screenshots]
# A warning of docfx, a page without a title, or a link within the site that leads nowhere is an error. The screenshots (five pages, one of them as wide as a telephone) need Chromium.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"
site="$root/artifacts/site"
rm -rf "$site"
mkdir -p "$site/assemblies"

# One build has all of the packages, with their documentation beside them; after the tests it has nothing left to do.
dotnet build -v quiet -clp:NoSummary tests/Nub.Docs.Tests
cp tests/Nub.Docs.Tests/bin/Debug/net10.0/Nub.{Memory,Kvm,Ipc,Virtio,Memory.Testing}.{dll,xml} "$site/assemblies/"

dotnet run build/site/StageDocumentation.cs -- "$site/assemblies"
dotnet run build/site/StagePages.cs -- "$root" "$site"
cp build/site/docfx.json "$site/"
cd build/site
dotnet tool restore
dotnet docfx "$site/docfx.json" | tee "$site/docfx.log"

if warnings="$(grep -E '(^|: )warning' "$site/docfx.log")"; then
    printf 'Warnings:\n%s\n' "$warnings"
    exit 1
fi

cd "$site/_site"

# What docfx does not look at: titles.
untitled="$(find . -name '*.html' ! -name toc.html -print0 | xargs -0 grep -L '<title>[^<|]\+' || true)"
if [[ -n "$untitled" ]]; then
    printf 'Pages without a title:\n%s\n' "$untitled"
    exit 1
fi

echo "$(find . -name '*.html' ! -name toc.html | wc -l) pages, in $site/_site"
[[ "${1:-}" == --screenshots ]] || exit 0

browser="$(command -v chromium || command -v google-chrome)" || { echo "There is no Chromium, so there are no screenshots."; exit 1; }
python3 -u -m http.server --bind 127.0.0.1 --directory "$site/_site" 0 >"$site/server.log" 2>&1 &
server=$!
trap 'kill "$server"' EXIT
until grep -q 'port [0-9]' "$site/server.log"; do kill -0 "$server"; sleep 0.1; done
port="$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$site/server.log" | head -n 1)"
mkdir -p "$site/screenshots"
shot() {
    "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=8000 --window-size="$2" ${4:+"$4"} --screenshot="$site/screenshots/$1.png" "http://127.0.0.1:$port/$3" 2>/dev/null
}
shot index 1280,1600 index.html
shot locking 1280,1600 docs/locking.html
shot rule 1280,1600 docs/diagnostics/NUB0010.html
shot api-dark 1280,1600 api/Nub.Memory.HostSharedMemory.html --force-dark-mode
shot tutorial-narrow 500,1600 docs/tutorial-thread.html
ls -l "$site/screenshots"
