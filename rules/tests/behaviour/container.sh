# What the rules for containers look for. Run by run.sh, below a control group that looks like a container's.
python=$(readlink -f "$(command -v python3.11 || command -v python3)")
calls=/run/behaviour/calls.py
do_() { "$python" "$calls" "$@"; }
do_ serve &
server=$!
sleep 1
token=/run/secrets/kubernetes.io/serviceaccount
mkdir -p $token /host/var/lib/kubelet/pki /tmp/bin
echo secret | tee $token/token /host/var/lib/kubelet/pki/key.pem

cat $token/token
cat /host/var/lib/kubelet/pki/key.pem
do_ connect 169.254.169.254 80
cp "$python" /opt/new
/opt/new "$calls" connect 203.0.113.9 443
unshare -m true
: > /proc/sys/kernel/core_pattern
cat /proc/$$/root/etc/hostname
do_ unix /run/docker.sock
cat /dev/sda
mount -t tmpfs tmpfs /mnt
chroot /mnt true
do_ packet
cp /bin/true /tmp/bin/kubectl && /tmp/bin/kubectl get pods
do_ connect 10.0.0.3 10250
do_ connect 10.0.0.7 22
cp /bin/true /tmp/bin/reboot && /tmp/bin/reboot
cp "$python" /opt/java
/opt/java -c 'import subprocess; subprocess.run(["curl", "-s", "-m", "1", "http://203.0.113.9/a"])'
script -qec "bash -c id" /dev/null
kill $server
