#!/usr/bin/env bash
# Brings the one face Debian packages only inside TeX: FandolFang (仿宋), one file of texlive-lang-chinese.
# Downloads that package (49 MB) without installing it and keeps the font and its licence. Idempotent.
set -euo pipefail

name=FandolFang-Regular.otf
for folder in /usr/share/fonts /usr/local/share/fonts /usr/share/texlive/texmf-dist/fonts "$HOME/.local/share/fonts"; do
    if [ -d "$folder" ] && [ -n "$(find "$folder" -name "$name" -print -quit)" ]; then exit 0; fi
done
target=/usr/local/share/fonts/letterline
[ -w /usr/local/share/fonts ] || [ -w /usr/local/share ] || target=$HOME/.local/share/fonts/letterline
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
printf '\033[1m[set-up]\033[0m fetching FandolFang (仿宋) from texlive-lang-chinese\n'
(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root texlive-lang-chinese >/dev/null)
dpkg-deb --fsys-tarfile "$work"/texlive-lang-chinese_*.deb | tar -x -C "$work" --wildcards "*/fandol/$name" '*/fonts/fandol/COPYING.gz' '*/fonts/fandol/README'
mkdir -p "$target"
find "$work" -name "$name" -exec cp {} "$target/" \;
find "$work" -path '*/fonts/fandol/*' \( -name README -o -name COPYING.gz \) -exec cp {} "$target/" \;
