//! The score that a project must reach: [`PassScore`].

use std::fmt;
use std::str::FromStr;

use eyrie_posture::report::Tally;

/// A score in tenths of a percent that must be reached, from 0 to 1000.
///
/// Compared with a [`Tally`] in integers, so 74.99…9 does not become 75 and 75 does not become 74.99…9.
///
/// ```
/// use eyrie_cli::render::PassScore;
/// assert_eq!("72.5".parse::<PassScore>().unwrap().to_string(), "72.5%");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PassScore(u32);

impl PassScore {
    /// From tenths of a percent; `None` above 1000.
    pub fn from_tenths(tenths: u32) -> Option<PassScore> {
        (tenths <= 1000).then_some(PassScore(tenths))
    }

    /// In tenths of a percent.
    pub fn tenths(self) -> u32 {
        self.0
    }

    /// Whether these points reach it. Where nothing applies there is nothing to miss.
    pub fn reached_by(self, tally: Tally) -> bool {
        tally.possible == 0 || u64::from(tally.earned) * 1000 >= u64::from(self.0) * u64::from(tally.possible)
    }
}

impl fmt::Display for PassScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}%", self.0 / 10, self.0 % 10)
    }
}

/// A pass score that is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pass score is a percentage from 0 to 100 with at most one decimal, such as 75 or 72.5")]
pub struct PassScoreError;

impl FromStr for PassScore {
    type Err = PassScoreError;

    fn from_str(text: &str) -> Result<PassScore, PassScoreError> {
        let text = text.strip_suffix('%').unwrap_or(text);
        let (whole, tenth) = match text.split_once('.') {
            Some((whole, tenth)) if tenth.len() == 1 => (whole, tenth),
            Some(_) => return Err(PassScoreError),
            None => (text, "0"),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || !digits(whole) || !digits(tenth) {
            return Err(PassScoreError);
        }
        let number = |part: &str| part.parse::<u32>().map_err(|_| PassScoreError);
        PassScore::from_tenths(number(whole)? * 10 + number(tenth)?).ok_or(PassScoreError)
    }
}
