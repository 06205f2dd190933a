//! Dates as people know them: a day, a month or a year ([`PartialDate`]), compared as the days they may mean ([`Days`]).

use std::fmt;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

/// A day, or only its month, or only its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub enum PartialDate {
    /// Some day of this year.
    Year(i16),
    /// Some day of this month of this year.
    Month(i16, i8),
    /// This day.
    Day(Date),
}

/// A text that is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// It cannot be read.
    #[error("`{0}` is no date: write 2021-03-05, or 2021-03 or 2021 where no more is known")]
    Unreadable(String),
    /// Day and month cannot be told apart.
    #[error("`{0}` may be two dates: write the year first, as 2021-03-05")]
    Ambiguous(String),
}

/// The days that a date may mean, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Days {
    /// The first of them.
    pub first: Date,
    /// The last of them.
    pub last: Date,
}

impl Days {
    /// Whether all of these are before all of the other: it certainly came first.
    pub fn before(self, other: Days) -> bool {
        self.last < other.first
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl PartialDate {
    /// The days it may mean.
    pub fn days(self) -> Days {
        match self {
            PartialDate::Day(day) => Days { first: day, last: day },
            PartialDate::Month(year, month) => {
                let first = Date::new(year, month, 1).unwrap_or(Date::MIN);
                Days { first, last: first.last_of_month() }
            }
            PartialDate::Year(year) => {
                let first = Date::new(year, 1, 1).unwrap_or(Date::MIN);
                Days { first, last: first.last_of_year() }
            }
        }
    }

    /// Whether it certainly came before the other.
    pub fn before(self, other: PartialDate) -> bool {
        self.days().before(other.days())
    }

    /// Reads a date in the forms that minutes and READMEs use: `2021-03-05`, `2021/3/5`, `20210305`, `March 5th, 2021`,
    /// `5 Mar 2021`, `05-MAR-2021`, `2021-03`, `March 2021`, `2021`.
    ///
    /// ```
    /// use eyrie_register::domain::date::PartialDate;
    /// assert_eq!(PartialDate::parse("January 8th, 2020")?.to_string(), "2020-01-08");
    /// assert_eq!(PartialDate::parse("October 2018")?.to_string(), "2018-10");
    /// assert!(PartialDate::parse("03/05/2021").is_err());
    /// # Ok::<(), eyrie_register::domain::date::DateError>(())
    /// ```
    ///
    /// # Errors
    /// If it is none of them, if there is no such day, or if day and month cannot be told apart.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let unreadable = || DateError::Unreadable(text.to_owned());
        let trimmed = text.trim();
        let digits = !trimmed.is_empty() && trimmed.bytes().all(|b| b.is_ascii_digit());
        if digits && trimmed.len() == 8 {
            let day = Date::strptime("%Y%m%d", trimmed).map_err(|_| unreadable())?;
            return Self::of(i64::from(day.year()), Some(i64::from(day.month())), Some(i64::from(day.day())))
                .ok_or_else(unreadable);
        }
        let words: Vec<&str> = trimmed
            .split(|c: char| c.is_whitespace() || ",-/.".contains(c))
            .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("of"))
            .collect();
        let month_name = |word: &str| {
            let word = word.to_ascii_lowercase();
            let found = MONTHS.iter().position(|month| {
                *month == word || (word.len() >= 3 && word.len() <= 4 && month.starts_with(&word))
            });
            found.and_then(|at| i64::try_from(at + 1).ok())
        };
        let year = |word: &str| match word.len() {
            4 => word.parse::<u16>().ok().map(i64::from),
            _ => None,
        };
        let small = |word: &str| {
            let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let suffix = &word[number.len()..];
            let ordinal = suffix.is_empty()
                || ["st", "nd", "rd", "th"].iter().any(|ending| suffix.eq_ignore_ascii_case(ending));
            if ordinal && (1..=2).contains(&number.len()) {
                number.parse::<u8>().ok().map(i64::from)
            } else {
                None
            }
        };
        let parts = match words.as_slice() {
            [y] => year(y).map(|y| (y, None, None)),
            [a, b] => match (year(a), year(b)) {
                (Some(y), None) => month_name(b).or_else(|| small(b)).map(|m| (y, Some(m), None)),
                (None, Some(y)) => month_name(a).or_else(|| small(a)).map(|m| (y, Some(m), None)),
                _ => None,
            },
            [a, b, c] => match (year(a), month_name(a), month_name(b), year(c)) {
                (Some(y), _, Some(m), _) => small(c).map(|d| (y, Some(m), Some(d))),
                (Some(y), ..) => small(b).zip(small(c)).map(|(m, d)| (y, Some(m), Some(d))),
                (None, Some(m), _, Some(y)) => small(b).map(|d| (y, Some(m), Some(d))),
                (None, None, Some(m), Some(y)) => small(a).map(|d| (y, Some(m), Some(d))),
                (None, None, None, Some(y)) => match (small(a), small(b)) {
                    (Some(a), Some(b)) if a == b => Some((y, Some(a), Some(b))),
                    (Some(a), Some(b)) if a > 12 && b <= 12 => Some((y, Some(b), Some(a))),
                    (Some(a), Some(b)) if b > 12 && a <= 12 => Some((y, Some(a), Some(b))),
                    (Some(a), Some(b)) if a <= 12 && b <= 12 => {
                        return Err(DateError::Ambiguous(text.to_owned()));
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        parts.and_then(|(y, m, d)| Self::of(y, m, d)).ok_or_else(unreadable)
    }

    fn of(year: i64, month: Option<i64>, day: Option<i64>) -> Option<Self> {
        let year = i16::try_from(year).ok().filter(|year| (1900..=2200).contains(year))?;
        let Some(month) = month else { return Some(PartialDate::Year(year)) };
        let month = i8::try_from(month).ok()?;
        match day {
            Some(day) => Date::new(year, month, i8::try_from(day).ok()?).ok().map(PartialDate::Day),
            None => Date::new(year, month, 1).ok().map(|_| PartialDate::Month(year, month)),
        }
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PartialDate::Year(year) => write!(f, "{year:04}"),
            PartialDate::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            PartialDate::Day(day) => write!(f, "{day}"),
        }
    }
}

impl std::str::FromStr for PartialDate {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

/// From text, or from a number: YAML takes `2021` for one.
impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = PartialDate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date such as 2021-03-05, 2021-03 or 2021")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PartialDate, E> {
                PartialDate::parse(text).map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<PartialDate, E> {
                self.visit_str(&number.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> String {
        date.to_string()
    }
}

impl From<Date> for PartialDate {
    fn from(day: Date) -> Self {
        PartialDate::Day(day)
    }
}

/// The same day so many months later; the month's last day where it has no such day. Source of the habit: a review that is due
/// every 12 months and was held on 29 February is next due on 28 February.
pub fn months_later(day: Date, months: i32) -> Date {
    day.checked_add(jiff::Span::new().try_months(months).unwrap_or_default()).unwrap_or(Date::MAX)
}

/// So many days later.
pub fn days_later(day: Date, days: i32) -> Date {
    day.checked_add(jiff::Span::new().try_days(days).unwrap_or_default()).unwrap_or(Date::MAX)
}

/// The day before the first that any [`PartialDate`] can mean.
pub const DAWN: Date = date(1899, 12, 31);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_dates() {
        for (text, expected) in [
            ("2021-03-05", "2021-03-05"),
            ("2021/3/5", "2021-03-05"),
            ("20210305", "2021-03-05"),
            ("March 5th, 2021", "2021-03-05"),
            ("5 Mar 2021", "2021-03-05"),
            ("05-MAR-2021", "2021-03-05"),
            ("2021-Mar-05", "2021-03-05"),
            ("31/12/2021", "2021-12-31"),
            ("12/31/2021", "2021-12-31"),
            ("5/5/2021", "2021-05-05"),
            ("October 2018", "2018-10"),
            ("Sept 2018", "2018-09"),
            ("2018-10", "2018-10"),
            ("2018", "2018"),
            (" 2018-10 ", "2018-10"),
        ] {
            assert_eq!(
                PartialDate::parse(text).map(|date| date.to_string()).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
        assert_eq!(PartialDate::parse("03/05/2021"), Err(DateError::Ambiguous("03/05/2021".into())));
        for text in
            ["", "soon", "2021-13", "2021-02-30", "21-03-05", "2021-03-05-06", "Ma 2021", "5x Mar 2021"]
        {
            assert_eq!(PartialDate::parse(text), Err(DateError::Unreadable(text.into())), "{text}");
        }
    }

    #[test]
    fn partial_dates_compare_as_the_days_they_may_mean() {
        let parse = |text: &str| PartialDate::parse(text).unwrap();
        assert!(parse("2021-02").before(parse("2021-03-01")));
        assert!(!parse("2021-03").before(parse("2021-03-31")));
        assert!(!parse("2021-03-31").before(parse("2021-03")));
        assert!(parse("2020").before(parse("2021")));
        assert_eq!(parse("2024-02").days().last, date(2024, 2, 29));
    }

    #[test]
    fn months_end_early_where_they_must() {
        assert_eq!(months_later(date(2024, 2, 29), 12), date(2025, 2, 28));
        assert_eq!(months_later(date(2025, 5, 15), 1), date(2025, 6, 15));
    }
}
