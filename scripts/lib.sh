# Shell functions that the scripts share; sourced, POSIX sh.
#
# SPDX-License-Identifier: MIT

top=$(cd "$(dirname "$0")/.." && pwd)
# Where fetched packages and images go; not part of the source.
guest_dir=${VIREO_GUEST_DIR:-$top/.cache/guest}
sysroot_dir=${VIREO_SYSROOT:-$top/.cache/sysroot}

say() {
    printf '\n== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# What building needs, and what the tests need beyond that.
build_packages="gcc libc6-dev meson ninja-build pkg-config python3 libglib2.0-dev libfdt-dev \
zlib1g-dev libjansson-dev libslirp-dev liburing-dev libpixman-1-dev libpng-dev libvncserver-dev libzstd-dev libcapstone-dev \
opensbi"
guest_packages="mmdebstrap debian-archive-keyring cpio gzip xz-utils kmod"
image_packages="$guest_packages e2fsprogs mtools"

# What a build for a riscv64 host needs here, and what of Debian riscv64 goes into its sysroot.
cross_build_packages="gcc-riscv64-linux-gnu libc6-dev-riscv64-cross mmdebstrap debian-archive-keyring"
sysroot_packages="libc6-dev libglib2.0-dev libfdt-dev zlib1g-dev libjansson-dev libslirp-dev \
liburing-dev libpixman-1-dev libpng-dev libvncserver-dev libzstd-dev"
check_packages="$build_packages $image_packages $cross_build_packages clang libclang-rt-14-dev ccache \
device-tree-compiler binutils-riscv64-linux-gnu gdb-multiarch qemu-system-misc"

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

# fetch_packages SUITE ARCHITECTURE DIRECTORY PACKAGES: unpacks packages (separated by commas) and what
# they depend on. Nothing of them runs here: no emulation is needed.
fetch_packages() {
    fetch_from=$(debian_mirror)
    [ -n "$fetch_from" ] ||
        die "apt knows no Debian mirror; run apt-get update, or see /etc/apt/sources.list"
    rm -rf "$3"
    mkdir -p "$(dirname "$3")"
    echo "Fetching $4 from $fetch_from ($1, $2) ..."
    fetch_suite=$1
    fetch_arch=$2
    fetch_into=$3
    fetch_what=$4
    eval "set -- $(mmdebstrap_apt_options | tr '\n' ' ')"
    mmdebstrap --quiet --mode="$([ "$(id -u)" = 0 ] && echo root || echo unshare)" \
        --architectures="$fetch_arch" --variant=extract --include="$fetch_what" "$@" \
        "$fetch_suite" "$fetch_into" "$fetch_from" ||
        die "mmdebstrap failed; is $fetch_from reachable, and does it have $fetch_arch?"
}
