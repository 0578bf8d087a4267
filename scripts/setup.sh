#!/usr/bin/env bash
# Sets up everything `make demo` and `make test` need: GNU Radio from the distribution when it is
# missing, and a virtual environment beside it that sees it.
#
#   PY=...    the interpreter whose GNU Radio is used: conda's where an environment with GNU Radio
#             is active, else the distribution's, whatever `python3` is first on PATH
#   VENV=...  where the environment lies (.venv)
set -euo pipefail
cd "$(dirname "$0")/.."
VENV="${VENV:-.venv}"
# A NumPy or a torch in the user's own site-packages is not what GNU Radio was built with.
export PYTHONNOUSERSITE=1

die() { echo "setup: $*" >&2; exit 1; }

sees_gnuradio() { "$1" -c 'from gnuradio import gr' >/dev/null 2>&1; }
if [ -z "${PY:-}" ]; then
  PY=/usr/bin/python3
  if [ -n "${CONDA_PREFIX:-}" ] && sees_gnuradio "$CONDA_PREFIX/bin/python"; then
    PY="$CONDA_PREFIX/bin/python"
  fi
fi
# A minimal installation has no python3 yet: GNU Radio below brings it.
[ "$PY" = /usr/bin/python3 ] || command -v "$PY" >/dev/null || die "PY=$PY: no such interpreter"

# command-or-module probe -> Debian/Ubuntu packages that provide it
missing=()
need() { local probe="$1"; shift; eval "$probe" >/dev/null 2>&1 || missing+=("$@"); }
need '"$PY" -c "from gnuradio import gr, blocks, channels, digital, zeromq, qtgui"' gnuradio
need '"$PY" -c "import gi; gi.require_version(\"Gtk\", \"3.0\"); gi.require_version(\"PangoCairo\", \"1.0\"); gi.require_foreign(\"cairo\")"' \
     gir1.2-gtk-3.0 gir1.2-pango-1.0 python3-gi-cairo
need '"$PY" -c "import ensurepip, venv"' python3-venv
# BRISQUE's libsvm comes as source only.
need 'command -v g++' g++
need '[ -e "$("$PY" -c "import sysconfig; print(sysconfig.get_path(\"include\"))")/Python.h" ]' python3-dev
need 'command -v xvfb-run && command -v xauth' xvfb xauth

# Without an NVIDIA driver the gigabytes of CUDA are of no use: the distribution's torch does where
# it is new enough.
distribution_torch() {
  local offered
  offered=$(apt-cache policy python3-torch 2>/dev/null | sed -n 's/ *Candidate: //p')
  [ -n "$offered" ] && [ "$offered" != "(none)" ] && dpkg --compare-versions "$offered" ge 2.4
}
wants_torch=no
if ! [ -e /proc/driver/nvidia/version ] && [ "$PY" = /usr/bin/python3 ] && ! [ -x "$VENV/bin/python" ] &&
  command -v apt-cache >/dev/null && ! "$PY" -c 'import torch, torchvision' 2>/dev/null; then
  wants_torch=yes
  distribution_torch && missing+=(python3-torch python3-torchvision)
fi

if [ ${#missing[@]} -gt 0 ]; then
  [ "$PY" = /usr/bin/python3 ] || die "$PY lacks what GNU Radio's ${missing[*]} bring: install them there (conda install gnuradio), or run make with PY=/usr/bin/python3"
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; this script installs them only with apt (Debian 12 or 13, Ubuntu 24.04 or newer): install GNU Radio >= 3.10 yourself and run again"
  if [ "$(id -u)" -eq 0 ]; then SUDO=(); elif command -v sudo >/dev/null; then SUDO=(sudo); else
    die "missing: ${missing[*]}; neither root nor sudo here: ask an administrator to run 'apt-get install ${missing[*]}'"
  fi
  "${SUDO[@]}" apt-get update -qq
  # Package lists that were never fetched offered none above.
  if [ $wants_torch = yes ] && [[ " ${missing[*]} " != *" python3-torch "* ]] && distribution_torch; then
    missing+=(python3-torch python3-torchvision)
  fi
  echo "setup: installing from the distribution: ${missing[*]}"
  # noninteractive has to be passed through sudo, which drops the environment
  "${SUDO[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

version=$("$PY" -c 'from gnuradio import gr; print(gr.major_version() + "." + gr.api_version())') ||
  die "$PY finds no GNU Radio that it can import (python3 -c 'from gnuradio import gr' says why)"
case "$version" in
  3.[0-9] | 3.[0-9].*) die "GNU Radio $version is too old; 3.10 or newer is needed" ;;
esac

# The NumPy that GNU Radio was built with lies beside it; another major version breaks its import.
numpy=$("$PY" -c 'import numpy; print(numpy.__version__.split(".")[0])')
constraints="scripts/constraints/numpy$numpy.txt"
[ -e "$constraints" ] || die "GNU Radio of $PY has NumPy $numpy; 1 and 2 are known"

[ -x "$VENV/bin/python" ] || "$PY" -m venv --system-site-packages "$VENV"
echo "setup: installing Python packages into $VENV (torch is large; this is done once)"
if ! "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c "$constraints" -e '.[test]'; then
  # Without a network an environment that has everything goes on.
  "$VENV/bin/python" scripts/requirements_met.py || die "the packages above could not be installed"
  echo "setup: nothing could be fetched, but everything needed is there"
fi
# The source folders on the path by name: editors and type checkers do not follow the hook that
# an editable install of several roots leaves behind.
printf '%s\n' "$PWD/gr-gensc/python" "$PWD/models" "$PWD/hostapps" \
  > "$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/gr-gensc.pth"
# Compiled now, so that no receiver stops for it at its first burst.
"$VENV/bin/python" -c 'import gensc_phy'
