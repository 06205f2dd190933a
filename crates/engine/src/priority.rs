//! [`Priority`]: how urgent a rule's findings are, with Falco's eight names.

use std::fmt;

/// How urgent a finding is. The most urgent is the least: `Emergency < Debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// 0
    Emergency,
    /// 1
    Alert,
    /// 2
    Critical,
    /// 3
    Error,
    /// 4
    Warning,
    /// 5
    Notice,
    /// 6
    Informational,
    /// 7
    #[default]
    Debug,
}

impl Priority {
    /// All, from the most urgent.
    pub const ALL: [Priority; 8] = [
        Priority::Emergency,
        Priority::Alert,
        Priority::Critical,
        Priority::Error,
        Priority::Warning,
        Priority::Notice,
        Priority::Informational,
        Priority::Debug,
    ];

    /// The priority with this number, which is also syslog's severity; what is larger than 7 is `Debug`.
    pub fn from_number(number: u8) -> Self {
        Priority::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// Its number, which is also syslog's severity.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The priority of this name in any letter case; `info` is `Informational`.
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("info") {
            return Some(Priority::Informational);
        }
        Priority::ALL.into_iter().find(|priority| priority.name().eq_ignore_ascii_case(name))
    }

    /// The name as findings show it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::Emergency => "Emergency",
            Priority::Alert => "Alert",
            Priority::Critical => "Critical",
            Priority::Error => "Error",
            Priority::Warning => "Warning",
            Priority::Notice => "Notice",
            Priority::Informational => "Informational",
            Priority::Debug => "Debug",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_one_to_one() {
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(&priority.name().to_uppercase()), Some(priority));
            assert_eq!(Priority::from_number(priority.number()), priority);
        }
        assert_eq!(Priority::parse("Info"), Some(Priority::Informational));
        assert_eq!(Priority::parse("inform"), None);
    }
}
