#!/bin/bash
# Does what the shipped rules look for, so that a running Eyrie can be seen to tell it. Run as root, on a machine for tests:
#
#     eyrie watch &
#     rules/tests/behaviour/run.sh host
#     rules/tests/behaviour/run.sh container
#
# Nothing outlives it: everything happens over a copy of the file system that exists only in memory (an overlay), in
# namespaces of its own for mounts and the network, with addresses that only exist there. `container` runs below a control
# group that looks like Docker's. Names of programs that a rule looks for are copies of harmless ones.
set -eu
case "${1:-}" in host | container) kind=$1 ;; *) echo "usage: $0 host|container" >&2; exit 2 ;; esac
here=$(cd "$(dirname "$0")" && pwd)

if [ "${2:-}" != inside ]; then
    work=$(mktemp -d)
    groups=()
    for folder in /sys/fs/cgroup /sys/fs/cgroup/*/; do
        [ -e "$folder/cgroup.procs" ] && groups+=("${folder%/}")
    done
    below=eyrie-behaviour
    [ "$kind" = host ] || below=docker/3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e
    (
        for group in "${groups[@]}"; do
            mkdir -p "$group/$below" && echo "$BASHPID" > "$group/$below/cgroup.procs" || true
        done 2> /dev/null
        exec unshare --mount --net --propagation private "$here/run.sh" "$kind" inside "$work"
    ) || true
    # What still runs there was started here.
    for group in "${groups[@]}"; do
        while read -r process; do kill -KILL "$process" || true; done < "$group/$below/cgroup.procs"
    done 2> /dev/null
    sleep 1
    for group in "${groups[@]}"; do
        rmdir "$group/$below" || true
        [ "$kind" = host ] || rmdir "$group/docker" || true
    done 2> /dev/null
    rmdir "$work"
    exit
fi

work=$3
mount -t tmpfs -o size=900m tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root
mount -t proc proc "$root/proc"
for folder in tmp run dev; do mount -t tmpfs tmpfs "$root/$folder"; done
for device in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=0666
ln -s pts/ptmx "$root/dev/ptmx"
touch "$root/dev/sda"
ip link set lo up
for address in 203.0.113.9 169.254.169.254 10.0.0.3 10.0.0.7 10.9.0.{1..12}; do
    ip address add "$address/32" dev lo
done
mkdir "$root/run/behaviour"
cp "$here/$kind.sh" "$here/calls.py" "$root/run/behaviour"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=xterm \
    bash "/run/behaviour/$kind.sh" < /dev/null > /dev/null 2>&1
