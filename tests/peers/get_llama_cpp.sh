#!/usr/bin/env bash
# Installs Debian's llama.cpp into a root of its own, since its libraries are newer than this system's:
#
#   sudo tests/peers/get_llama_cpp.sh DIRECTORY
#   sudo SLMRIG_LLAMA_ROOT=DIRECTORY ./dev bench decode
set -euo pipefail
[[ $# == 1 ]] || { echo "usage: get_llama_cpp.sh DIRECTORY" >&2; exit 2; }
root=$1
[[ $(id -u) == 0 ]] || { echo "get_llama_cpp.sh: debootstrap and chroot want root; run it with sudo" >&2; exit 2; }
command -v debootstrap >/dev/null || apt-get install -y -q --no-install-recommends debootstrap
# From the mirror that this system installs from.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | sort -u | sed -n '/\/debian\/*$/{p;q}')
[[ -n $mirror ]] || { echo "get_llama_cpp.sh: apt knows no Debian mirror" >&2; exit 2; }
# Suites after bookworm are installed as sid is.
debootstrap --variant=minbase --include=llama.cpp,llama.cpp-tools-extra forky "$root" "$mirror" \
  /usr/share/debootstrap/scripts/sid
chroot "$root" llama-bench --version
