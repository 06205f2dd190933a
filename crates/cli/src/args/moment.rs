//! Times in a capture, as people write them.

use eyrie_pipeline::Moment;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Reads a time: RFC 3339, a time of the capture's day, or `+` and a duration after its first event. Times without a zone are
/// UTC.
pub fn parse(text: &str) -> Result<Moment, String> {
    read(text).ok_or_else(|| "a time is 2026-11-22T01:47:53.5Z, 01:47:53.5 or +2.5s".to_owned())
}

fn read(text: &str) -> Option<Moment> {
    if let Some(duration) = text.strip_prefix('+') {
        let duration: SignedDuration = duration.parse().ok()?;
        return Some(Moment::AfterFirst(u64::try_from(duration.as_nanos()).ok()?));
    }
    let utc = || text.parse::<DateTime>().ok().and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
    if let Some(time) = text.parse::<Timestamp>().ok().or_else(utc) {
        return Some(Moment::At(u64::try_from(time.as_nanosecond()).ok()?));
    }
    let time: Time = text.parse().ok()?;
    let since_midnight = time.duration_since(Time::midnight());
    Some(Moment::OfDay(u64::try_from(since_midnight.as_nanos()).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_of_the_capture() {
        // 2026-11-22T01:47:53.504144358Z
        let first = 1_795_312_073_504_144_358;
        let resolve = |text: &str| parse(text).unwrap().resolve(first);
        assert_eq!(resolve("2026-11-22T01:47:53.5Z"), 1_795_312_073_500_000_000);
        assert_eq!(resolve("2026-11-22T02:47:53.5+01:00"), 1_795_312_073_500_000_000);
        assert_eq!(resolve("2026-11-22T01:47:53.5"), 1_795_312_073_500_000_000);
        assert_eq!(resolve("2026-11-22 01:47:53.5"), 1_795_312_073_500_000_000);
        assert_eq!(resolve("01:47:54"), 1_795_312_074_000_000_000);
        assert_eq!(resolve("+2.5s"), first + 2_500_000_000);
        assert_eq!(resolve("+1m30s"), first + 90_000_000_000);
        assert_eq!(resolve("+0s"), first);
        assert!(parse("soon").is_err());
        assert!(parse("+soon").is_err());
        assert!(parse("+-1s").is_err());
    }
}
