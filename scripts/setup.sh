#!/usr/bin/env bash
# Sets up everything `make demo` and `make test` need: GNU Radio from the distribution when it is
# missing, and a virtual environment beside it that sees it.
set -euo pipefail
cd "$(dirname "$0")/.."
VENV="${VENV:-.venv}"

# The distribution's Python: GNU Radio's modules are built for this one, whatever `python3` is
# first on PATH.
PY=/usr/bin/python3

die() { echo "setup: $*" >&2; exit 1; }

# command-or-module probe -> Debian/Ubuntu packages that provide it
missing=()
need() { local probe="$1"; shift; eval "$probe" >/dev/null 2>&1 || missing+=("$@"); }
need "$PY -c 'from gnuradio import gr, blocks, channels, digital, zeromq, qtgui'" gnuradio
need "$PY -c 'import gi; gi.require_version(\"Gtk\", \"3.0\"); gi.require_version(\"PangoCairo\", \"1.0\"); gi.require_foreign(\"cairo\")'" \
     gir1.2-gtk-3.0 gir1.2-pango-1.0 python3-gi-cairo
need "$PY -c 'import ensurepip, venv'" python3-venv
# BRISQUE's libsvm comes as source only.
need "command -v g++" g++
need "command -v xvfb-run && command -v xauth" xvfb xauth

if [ ${#missing[@]} -gt 0 ]; then
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; this script installs them only with apt (Debian 12, Ubuntu 24.04 or newer): install GNU Radio >= 3.10 yourself and run again"
  if [ "$(id -u)" -eq 0 ]; then SUDO=(); elif command -v sudo >/dev/null; then SUDO=(sudo); else
    die "missing: ${missing[*]}; neither root nor sudo here: ask an administrator to run 'apt-get install ${missing[*]}'"
  fi
  echo "setup: installing from the distribution: ${missing[*]}"
  "${SUDO[@]}" apt-get update -qq
  # noninteractive has to be passed through sudo, which drops the environment
  "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

version=$("$PY" -c 'from gnuradio import gr; print(gr.major_version() + "." + gr.api_version())')
case "$version" in
  3.[0-9] | 3.[0-9].*) die "GNU Radio $version is too old; 3.10 or newer is needed" ;;
esac

[ -x "$VENV/bin/python" ] || "$PY" -m venv --system-site-packages "$VENV"
echo "setup: installing Python packages into $VENV (torch is large; this is done once)"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -e '.[test]'
# The source folders on the path by name: editors and type checkers do not follow the hook that
# an editable install of several roots leaves behind.
printf '%s\n' "$PWD/gr-gensc/python" "$PWD/models" "$PWD/hostapps" \
  > "$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/gr-gensc.pth"
# Compiled now, so that no receiver stops for it at its first burst.
"$VENV/bin/python" -c 'import gensc_phy.coding.ldpc.kernel'
