#!/usr/bin/env bash
# Runs a command in a folder that holds a system of its own, with mounts and processes that nobody else sees and that end
# with it. Needs no more rights than its caller has, where the kernel lets him have a user namespace.
# Usage: enter.sh ROOT FOLDER COMMAND...; $SHARED are folders that are the same inside, separated by colons.
set -euo pipefail

inside='
until [ -n "$(cat /proc/self/gid_map)" ]; do sleep 0.01; done
root=$1; shift
mount -t proc proc "$root/proc" 2> /dev/null || mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
IFS=:; for folder in $SHARED; do mkdir -p "$root$folder"; mount --rbind "$folder" "$root$folder"; done; unset IFS
if [ -n "${QEMU:-}" ]; then
  mount -t binfmt_misc none "$root/proc/sys/fs/binfmt_misc"
  head="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
  mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
  chroot "$root" /bin/sh -c \
    "echo \":qemu-aarch64:M::$(echo "$head:$mask" | sed "s/\\\\/\\\\\\\\/g"):/usr/bin/qemu-aarch64-static:F\" > /proc/sys/fs/binfmt_misc/register"
fi
# The first process of a namespace has to stay, to take in those whose parents have ended.
chroot "$root" /bin/sh -c "cd \"\$1\" && shift && exec \"\$@\"" sh "$@"
exit $?
'
own=(unshare --user --mount --pid --fork --kill-child --propagation private)
if [ "$(id -u)" != 0 ]; then exec "${own[@]}" --map-root-user -- bash -euc "$inside" bash "$@"; fi
# All numbers of users: tests of permissions change to others.
"${own[@]}" -- bash -euc "$inside" bash "$@" &
until [ -e "/proc/$!/ns/user" ] && [ "$(readlink "/proc/$!/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
echo "0 0 4294967295" > "/proc/$!/uid_map"
echo "0 0 4294967295" > "/proc/$!/gid_map"
wait $!
