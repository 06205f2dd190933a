//! Rule files of any size, made up in the manner of detection rules: macros and lists that many rules share, then what each
//! rule looks for itself, in the ten ways that rules do.

use std::fmt::Write as _;

/// The lists and macros that the rules use.
const SHARED: &str = r#"
- list: shells
  items: [bash, sh, dash, zsh, ksh, fish, csh, tcsh]
- list: package_managers
  items: [apt, apt-get, dpkg, rpm, yum, dnf, apk, zypper, pip, npm]
- list: trusted
  items: [systemd, sshd, cron, containerd, dockerd, kubelet, runc]
- macro: spawned_process
  condition: (evt.type in (execve, execveat) and evt.arg.res = 0)
- macro: open_read
  condition: (evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.typechar = f and fd.num >= 0)
- macro: open_write
  condition: (evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.typechar = f and fd.num >= 0)
- macro: outbound
  condition: (evt.type = connect and fd.typechar = 4 and fd.sip exists)
- macro: in_container
  condition: (container.id != host)
- macro: by_package_manager
  condition: (proc.name in (package_managers) or proc.aname in (package_managers))
"#;

/// A rule file with so many rules, which no event of [`events`](crate::rules) of the benchmark matches.
pub fn rules(count: usize) -> String {
    let mut text = SHARED.to_string();
    for n in 0..count {
        // What a rule looks for is its own; what it excepts is shared by a few.
        let team = n % 23;
        let condition = match n % 10 {
            0 => format!("spawned_process and proc.name in (tool{n}, tool{n}d) and not by_package_manager"),
            1 => format!(
                "spawned_process and in_container and proc.name in (shells) and proc.cmdline contains \"--opt{n}\" and not proc.pname in (trusted)"
            ),
            2 => format!(
                "open_read and fd.name startswith /etc/app{n}/ and not proc.name in (trusted, app{team})"
            ),
            3 => format!(
                "open_write and fd.name in (/usr/bin/app{n}, /usr/sbin/app{n}) and not by_package_manager"
            ),
            4 => format!("open_write and fd.name endswith .secret{n} and user.uid != 0"),
            5 => format!(
                "outbound and fd.sip in (\"10.{}.{}.1\", \"10.{}.{}.2\") and not proc.name in (trusted)",
                n / 256 % 256,
                n % 256,
                n / 256 % 256,
                n % 256
            ),
            6 => format!(
                "outbound and fd.sport = {} and not proc.name in (app{team}, trusted)",
                20_000 + n % 40_000
            ),
            7 => format!(
                "spawned_process and proc.exepath pmatch (/opt/app{n}, /srv/app{n}) and user.name != svc{team}"
            ),
            8 => format!(
                "spawned_process and proc.pname = server{n} and proc.name in (shells) and not proc.cmdline contains health{team}"
            ),
            _ => format!(
                "spawned_process and in_container and (proc.name = agent{n} or proc.cmdline startswith \"python3 -m mod{n}\") and not proc.pname in (trusted)"
            ),
        };
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "- rule: Rule {n}\n  desc: What rule {n} is for\n  condition: >\n    {condition}\n  output: Seen by rule {n} | process=%proc.name command=%proc.cmdline file=%fd.name user=%user.name\n  priority: WARNING\n  tags: [team{team}, host]\n"
        );
    }
    text
}
