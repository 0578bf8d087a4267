#!/usr/bin/env bash
# Tries what a newcomer does in a fresh installation of a distribution: `make demo` and `make test`
# of the last commit, in a chroot that debootstrap makes. Prints times and counts.
#
#   scripts/check_distribution.sh debian-12|debian-13|ubuntu-24.04|ubuntu-26.04 [demo|test]
#
#   CHROOTS=...      where the chroots lie (/var/tmp/gensc-chroots); a finished one is used again
#   REUSE=1          brings the checkout of the last run up to date instead of cloning anew
#   PYTEST_ARGS=...  as for `make test`
#
# Root is needed. The mirror, proxies, certificates and pip's settings are this machine's own, read
# when it runs.
set -euo pipefail
cd "$(dirname "$0")/.."

die() { echo "check_distribution: $*" >&2; exit 1; }

case "${1:-}" in
  debian-12) suite=bookworm vendor=debian ;;
  debian-13) suite=trixie vendor=debian ;;
  ubuntu-24.04) suite=noble vendor=ubuntu ;;
  ubuntu-26.04) suite=resolute vendor=ubuntu ;;
  *) die "usage: $0 debian-12|debian-13|ubuntu-24.04|ubuntu-26.04 [demo|test]" ;;
esac
case "${2:-all}" in
  all) targets=(demo test) ;;
  demo | test) targets=("$2") ;;
  *) die "'$2' is neither demo nor test; without it both are run" ;;
esac
[ "$(id -u)" -eq 0 ] || die "needs root (debootstrap, chroot)"
command -v debootstrap >/dev/null || die "debootstrap is missing: apt-get install debootstrap"
components=main
[ $vendor = debian ] || components=main,universe
keyring=/usr/share/keyrings/$vendor-archive-keyring.gpg
[ -e "$keyring" ] || die "$keyring is missing: apt-get install $vendor-archive-keyring (on Ubuntu itself: $vendor-keyring)"
# A debootstrap that is older than the distribution makes it as it makes the others of that vendor.
script=/usr/share/debootstrap/scripts/$suite
if ! [ -e "$script" ]; then
  case $vendor in debian) script="${script%/*}/sid" ;; ubuntu) script="${script%/*}/gutsy" ;; esac
fi
[ -e "$script" ] || die "this machine's debootstrap does not know $1 ($suite): it is too old"

# Debian's and Ubuntu's archives lie beside each other on most mirrors.
mirror() {
  local base
  for base in $(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u); do
    base="${base%/}"
    for base in "$base" "${base%/*}/$vendor"; do
      if /usr/lib/apt/apt-helper download-file "$base/dists/$suite/InRelease" "$scratch/InRelease" \
        >/dev/null 2>&1; then
        echo "$base"
        return
      fi
    done
  done
  die "none of this machine's apt sources has $suite"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root="${CHROOTS:-/var/tmp/gensc-chroots}/$1"
if ! [ -e "$root/.complete" ]; then
  from=$(mirror)
  echo "check_distribution: making $1 ($suite)"
  rm -rf "$root"
  mkdir -p "$root"
  # git and make: the quick start asks for these two.
  debootstrap --variant=minbase --components=$components --keyring="$keyring" \
    --include=ca-certificates,git,make $suite "$root" "$from" "$script" >"$scratch/log" ||
    { tail -5 "$scratch/log" >&2; die "debootstrap failed"; }
  touch "$root/.complete"
fi

# How this machine reaches the network.
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
apt-config dump | grep -E '^Acquire::(https?|Check|Retries)[: ]' >"$root/etc/apt/apt.conf.d/99machine" || true
python3 -m pip config list 2>/dev/null |
  sed -n "s/^global\.\([a-z-]*\)='\(.*\)'$/\1 = \2/p" | { echo '[global]'; cat; } >"$root/etc/pip.conf"
kept=(HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
while IFS= read -r line; do kept+=("$line"); done \
  < <(env | grep -E '^(PIP_|OPENBLAS_|PYTEST_ARGS=|[A-Za-z]+_(proxy|PROXY)=)')
# Folders on this machine that pip's settings name; the files of an index lie beside its pages.
mapfile -t folders < <({ cat "$root/etc/pip.conf"; printf '%s\n' "${kept[@]}"; } |
  grep -oE '(file://|[ =])/[^ ]+' | sed -E 's/^(file:\/\/|[ =])//; s/\/simple\/?$//' | sort -u)

clone="$root/root/gr-gensc"
if [ -n "${REUSE:-}" ] && [ -e "$clone/.git" ]; then
  git -C "$clone" fetch --quiet --depth 1 "file://$PWD" HEAD
  git -C "$clone" reset --quiet --hard FETCH_HEAD
else
  rm -rf "$clone"
  git clone --quiet --depth 1 "file://$PWD" "$clone"
fi
echo "check_distribution: commit $(git rev-parse --short HEAD)"

# Mounts and processes of its own: nothing is left behind, however it ends.
inside() {
  unshare --mount --pid --fork bash -euo pipefail -c '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --bind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    while [ "$1" != -- ]; do
      if [ -e "$1" ] && ! [ -e "$root$1" ]; then
        if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$(dirname "$root$1")"; touch "$root$1"; fi
        mount --bind "$1" "$root$1"
      fi
      shift
    done
    shift
    exec chroot "$root" env -i "$@"
  ' inside "$root" "${folders[@]}" -- "${kept[@]}" "$@"
}

failed=0
for target in "${targets[@]}"; do
  log="$root/root/$target.log"
  start=$SECONDS
  status=0
  inside sh -c "cd /root/gr-gensc && exec make $target" </dev/null >"$log" 2>&1 || status=$?
  grep -E '^(setup:|[0-9]+ (passed|failed)|FAILED|ERROR)|(passed|failed).* in [0-9.]+s' "$log" || true
  echo "check_distribution: $1: make $target: exit $status after $((SECONDS - start)) s"
  [ $status -eq 0 ] || { failed=1; tail -15 "$log"; echo "(all of it: $log)"; }
done
exit $failed
