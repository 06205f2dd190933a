//! A history laid out for a chart, whatever draws it: [`Timeline`].

use eyrie_posture::report::{History, HistoryPoint};
use jiff::Timestamp;

/// Places of commits on a time axis and the range of the score axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline<'a> {
    /// The commits, oldest first, each with its place on the time axis from 0 to 1.
    pub points: Vec<(f64, &'a HistoryPoint)>,
    /// Lower end of the score axis in tenths of a percent, a multiple of 100.
    pub low: u32,
    /// Upper end of the score axis, likewise, and above `low`.
    pub high: u32,
}

impl<'a> Timeline<'a> {
    /// Lays a history out; `None` without commits. The score axis covers what was reached and `also` (a pass score,
    /// say), in whole tens of a percent, at least 20 % of them.
    pub fn new(history: &'a History, also: Option<u32>) -> Option<Timeline<'a>> {
        let (first, last) = (history.points.first()?, history.points.last()?);
        let percents = || history.points.iter().map(|point| point.score.percent).chain(also);
        let mut low = percents().min().unwrap_or(0) / 100 * 100;
        let mut high = percents().max().unwrap_or(1000).div_ceil(100) * 100;
        if high < low + 200 {
            high = (low + 200).min(1000);
            low = high - 200;
        }
        let time = |point: &HistoryPoint| point.date.parse::<Timestamp>().ok().map(Timestamp::as_second);
        let span = match (time(first), time(last)) {
            (Some(start), Some(end)) if end > start => Some((start, end)),
            _ => None,
        };
        let steps = history.points.len().saturating_sub(1).max(1) as f64;
        let mut reached: f64 = 0.0;
        let points = history
            .points
            .iter()
            .enumerate()
            .map(|(index, point)| {
                let place = match (span, time(point)) {
                    (Some((start, end)), Some(time)) => (time - start) as f64 / (end - start) as f64,
                    _ => index as f64 / steps,
                };
                // A committer's clock may be wrong; the order of the commits is not.
                reached = reached.max(place.clamp(0.0, 1.0));
                (reached, point)
            })
            .collect();
        Some(Timeline { points, low, high })
    }

    /// The score in tenths of a percent in force at this place on the time axis.
    pub fn at(&self, place: f64) -> u32 {
        let after = self.points.partition_point(|(at, _)| *at <= place);
        self.points.get(after.saturating_sub(1)).map_or(0, |(_, point)| point.score.percent)
    }

    /// The height of a score between the ends of its axis, from 0 to 1.
    pub fn height(&self, percent: u32) -> f64 {
        let range = f64::from(self.high - self.low);
        ((f64::from(percent) - f64::from(self.low)) / range).clamp(0.0, 1.0)
    }
}

/// The day of an RFC 3339 date.
pub fn day(date: &str) -> &str {
    date.split_once('T').map_or(date, |(day, _)| day)
}

/// The commits at which the score or an outcome changed, newest first, each with the gain in tenths of a percent.
pub fn changes(history: &History) -> Vec<(&HistoryPoint, i64)> {
    let mut changes: Vec<_> = history
        .points
        .windows(2)
        .filter_map(|pair| match pair {
            [before, now] => {
                let gain = i64::from(now.score.percent) - i64::from(before.score.percent);
                (gain != 0 || !now.changes.is_empty()).then_some((now, gain))
            }
            _ => None,
        })
        .collect();
    changes.reverse();
    changes
}

/// A gain in tenths of a percent as `+3.1` or `-0.5`.
pub fn gain(tenths: i64) -> String {
    let sign = if tenths < 0 { '-' } else { '+' };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}
