# Shell functions that the scripts share; sourced, POSIX sh.
#
# SPDX-License-Identifier: MIT

top=$(cd "$(dirname "$0")/.." && pwd)
# Where fetched packages and images go; not part of the source.
guest_dir=${VIREO_GUEST_DIR:-$top/.cache/guest}

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# What building needs, and what the tests need beyond that.
build_packages="gcc libc6-dev meson ninja-build pkg-config python3 libglib2.0-dev libfdt-dev \
zlib1g-dev libjansson-dev libslirp-dev liburing-dev libpixman-1-dev libpng-dev libvncserver-dev libzstd-dev \
opensbi"
guest_packages="mmdebstrap debian-archive-keyring cpio gzip xz-utils kmod"
image_packages="$guest_packages e2fsprogs mtools"
check_packages="$build_packages $image_packages clang libclang-rt-14-dev ccache device-tree-compiler \
gcc-riscv64-linux-gnu libc6-dev-riscv64-cross binutils-riscv64-linux-gnu gdb-multiarch qemu-system-misc"

# Those of the given packages that are not installed.
not_installed() {
    for p; do
        dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || echo "$p"
    done
}

# Installs what is missing of the given packages.
install_packages() {
    missing=$(not_installed "$@" | tr '\n' ' ')
    if [ -z "$missing" ]; then
        echo "All packages are there already."
        return 0
    fi
    echo "Installing: $missing"
    [ "$(id -u)" = 0 ] || die "needs root to install packages; run: apt-get install $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update || die "apt-get update failed: check the network and /etc/apt/sources.list"
    # shellcheck disable=SC2086
    apt-get -qq install -y --no-install-recommends $missing >/dev/null ||
        die "apt-get install failed; run it by hand to see why: apt-get install $missing"
}

# The Debian mirror that this machine uses, as apt knows it.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 $2 ~ /debian/ && $1 $2 !~ /security|updates|backports/ { print $1; exit }'
}

# The settings of apt here, as options of mmdebstrap: proxies, credentials, clocks that are off.
mmdebstrap_apt_options() {
    apt-config dump Acquire 2>/dev/null | grep -E 'Proxy|Check-|Retries|Timeout|Verify' |
        grep -v ' "";' | sed "s/'//g; s/.*/--aptopt='&'/"
}
