//! Times as text. Times are nanoseconds since the Unix epoch; `offset` is that of the clock on the wall, in seconds east of
//! Greenwich.

use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::Offset;

const SECOND: u64 = 1_000_000_000;

/// Writes the time of day, `13:05:59.000000012`, or without the fraction.
pub fn write_clock(time: u64, offset: i32, fraction: bool, out: &mut Vec<u8>) {
    let seconds =
        i64::try_from(time / SECOND).unwrap_or(0).saturating_add(i64::from(offset)).rem_euclid(86_400);
    // Writing to a vector of bytes does not fail.
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction {
        let _ = write!(out, ".{:09}", time % SECOND);
    }
}

/// Writes the date, `2026-11-22`.
pub fn write_date(time: u64, offset: i32, out: &mut Vec<u8>) {
    let stamp = Timestamp::from_second(i64::try_from(time / SECOND).unwrap_or(0));
    let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
    match stamp {
        Ok(stamp) => {
            let date = offset.to_datetime(stamp).date();
            let _ = write!(out, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day());
        }
        Err(_) => out.extend_from_slice(b"<date error>"),
    }
}

/// Writes date and time of day.
pub fn write_date_time(time: u64, offset: i32, fraction: bool, out: &mut Vec<u8>) {
    write_date(time, offset, out);
    out.push(b' ');
    write_clock(time, offset, fraction, out);
}

/// Writes date and time by ISO 8601, in UTC: `2026-11-22T13:05:59.000000012+0000`.
pub fn write_iso8601(time: u64, out: &mut Vec<u8>) {
    write_date(time, 0, out);
    out.push(b'T');
    write_clock(time, 0, true, out);
    out.extend_from_slice(b"+0000");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_shown() {
        let time = 1_795_312_073_504_144_358;
        assert_eq!(text(|out| write_clock(time, 0, true, out)), "01:47:53.504144358");
        assert_eq!(text(|out| write_clock(time, -7200, false, out)), "23:47:53");
        assert_eq!(text(|out| write_iso8601(time, out)), "2026-11-22T01:47:53.504144358+0000");
        assert_eq!(text(|out| write_date_time(time, -7200, false, out)), "2026-11-21 23:47:53");
        assert_eq!(text(|out| write_date_time(0, 0, true, out)), "1970-01-01 00:00:00.000000000");
        assert!(!text(|out| write_date_time(u64::MAX, 0, true, out)).is_empty());
    }
}
