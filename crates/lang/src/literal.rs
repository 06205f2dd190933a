//! How the text of a literal is read for a field's type. Falco reads numbers as C does: decimal only, cut to the field's
//! width, and what is too large is the largest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::codes;
use crate::diagnostic::Code;
use crate::schema::Schema;
use crate::value::{Type, Width};

/// Why a literal is none of its type: the code, what is wrong, and what to do about it.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) title: String,
    pub(crate) help: Option<String>,
}

fn problem(code: Code, title: String, help: &str) -> Problem {
    Problem { code, title, help: (!help.is_empty()).then(|| help.to_string()) }
}

/// A number as a field of this type keeps it.
pub(crate) fn number(text: &str, ty: Type, schema: &dyn Schema) -> Result<i128, Problem> {
    if ty == Type::Port {
        return port(text, schema).map(i128::from);
    }
    let width = ty.width().unwrap_or(Width { bits: 64, signed: true });
    let digits = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let (negative, digits) = match digits.as_bytes().first() {
        Some(b'-') => (true, &digits[1..]),
        Some(b'+') => (false, &digits[1..]),
        _ => (false, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let lower = digits.to_ascii_lowercase();
        let help = if lower.starts_with("0x") {
            "write the number in decimal"
        } else if digits.contains(['.', 'e', 'E']) {
            "fractions and exponents are not supported, not even for floating point fields"
        } else {
            ""
        };
        return Err(problem(codes::BAD_NUMBER, format!("`{text}` is not a whole decimal number"), help));
    }
    let magnitude = digits.parse::<i128>().unwrap_or(i128::MAX);
    let value = if negative { -magnitude } else { magnitude };
    Ok(if width.signed {
        let value = i64::try_from(value).unwrap_or(if negative { i64::MIN } else { i64::MAX });
        i128::from(cut_signed(value, width.bits))
    } else {
        // A negative number counts down from the largest.
        let value =
            u64::try_from(magnitude).map_or(u64::MAX, |m| if negative { m.wrapping_neg() } else { m });
        i128::from(cut_unsigned(value, width.bits))
    })
}

fn cut_signed(value: i64, bits: u8) -> i64 {
    let unused = 64 - u32::from(bits.clamp(1, 64));
    (value << unused) >> unused
}

fn cut_unsigned(value: u64, bits: u8) -> u64 {
    let unused = 64 - u32::from(bits.clamp(1, 64));
    (value << unused) >> unused
}

fn port(text: &str, schema: &dyn Schema) -> Result<u16, Problem> {
    if text.is_empty() {
        return Ok(0);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse::<i32>() {
            // Cut to sixteen bits, as Falco does.
            Ok(port) => Ok(u16::try_from(port & 0xffff).unwrap_or_default()),
            Err(_) => {
                Err(problem(codes::BAD_PORT, format!("`{text}` is not a port"), "ports go up to 65535"))
            }
        };
    }
    schema.service_port(text).ok_or_else(|| {
        problem(
            codes::BAD_PORT,
            format!("`{text}` is neither a port nor the name of a service"),
            "write the port's number",
        )
    })
}

/// `true` or `false`.
pub(crate) fn boolean(text: &str) -> Result<bool, Problem> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(problem(
            codes::BAD_BOOLEAN,
            format!("`{text}` is neither `true` nor `false`"),
            match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "on" | "1" => "write `true`",
                "false" | "no" | "n" | "off" | "0" => "write `false`",
                _ => "",
            },
        )),
    }
}

/// An address; with a dot it is an IPv4 address.
pub(crate) fn address(text: &str) -> Result<IpAddr, Problem> {
    let parsed = if text.contains('.') {
        text.parse::<Ipv4Addr>().map(IpAddr::V4).ok()
    } else {
        text.parse::<Ipv6Addr>().map(IpAddr::V6).ok()
    };
    parsed.ok_or_else(|| {
        problem(
            codes::BAD_ADDRESS,
            format!("`{text}` is not an IP address"),
            if text.contains('/') {
                "to compare with a network, use a field of type IPNET, such as `fd.snet`"
            } else {
                ""
            },
        )
    })
}

/// A network: an address, a slash and the length of the prefix. Bits beyond the prefix do not count.
pub(crate) fn network(text: &str) -> Result<IpNet, Problem> {
    let bad = |help: &str| problem(codes::BAD_NETWORK, format!("`{text}` is not an IP network"), help);
    let Some((address, prefix)) = text.split_once('/') else {
        return Err(bad("add the length of the prefix, as in `10.0.0.0/8`"));
    };
    let prefix = prefix.parse::<u8>().map_err(|_| bad("the part after the slash is a number of bits"))?;
    if address.contains('.') {
        let address = address.parse::<Ipv4Addr>().map_err(|_| bad(""))?;
        let net = Ipv4Net::new(address, prefix).map_err(|_| bad("an IPv4 prefix has at most 32 bits"))?;
        return Ok(IpNet::V4(net.trunc()));
    }
    let address = address.parse::<Ipv6Addr>().map_err(|_| bad(""))?;
    let net = Ipv6Net::new(address, prefix).ok().filter(|_| prefix > 0);
    net.map(|net| IpNet::V6(net.trunc())).ok_or_else(|| bad("an IPv6 prefix has 1 to 128 bits"))
}

/// The bytes that an even number of hexadecimal digits stands for.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>, Problem> {
    let bad = || {
        problem(
            codes::BAD_HEX,
            format!("`{text}` is not a hexadecimal text"),
            "write two hexadecimal digits for each byte, as in `7f454c46`",
        )
    };
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(bad());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap_or_default(), 16).map_err(|_| bad()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::StaticSchema;

    #[test]
    fn numbers_are_read_as_in_c() {
        let schema = StaticSchema::new(Vec::new()).unwrap();
        for (text, ty, expected) in [
            ("12", Type::Int64, Some(12)),
            ("+5", Type::Int64, Some(5)),
            ("010", Type::Int64, Some(10)),
            ("09", Type::Int64, Some(9)),
            (" 12", Type::Int64, Some(12)),
            ("12 ", Type::Int64, None),
            ("-1", Type::Int64, Some(-1)),
            ("-1", Type::Uint64, Some(i128::from(u64::MAX))),
            ("-1", Type::Uint32, Some(i128::from(u32::MAX))),
            ("4294967296", Type::Uint32, Some(0)),
            ("9223372036854775808", Type::Int64, Some(i128::from(i64::MAX))),
            ("99999999999999999999999999999999999999999999", Type::Uint64, Some(i128::from(u64::MAX))),
            ("300", Type::Uint8, Some(44)),
            ("200", Type::Int8, Some(-56)),
            ("0x1F", Type::Int64, None),
            ("1.5", Type::Double, None),
            ("1e+3", Type::Int64, None),
            ("1_000", Type::Int64, None),
            ("", Type::Int64, None),
            ("-", Type::Int64, None),
            ("443", Type::Port, Some(443)),
            ("70000", Type::Port, Some(4464)),
            ("https", Type::Port, Some(443)),
            ("", Type::Port, Some(0)),
            (" 443", Type::Port, None),
            ("-1", Type::Port, None),
            ("9999999999", Type::Port, None),
        ] {
            assert_eq!(number(text, ty, &schema).ok(), expected, "{text} as {ty}");
        }
    }

    #[test]
    fn addresses_and_networks_are_read() {
        for (text, ok) in [
            ("10.0.0.1", true),
            ("::1", true),
            ("fe80:0:0:0:0:0:0:1", true),
            ("10.0.0.256", false),
            ("010.0.0.1", false),
            ("10.0.0.0/8", false),
            ("::ffff:10.0.0.1", false),
            ("fe80::1%eth0", false),
            ("", false),
        ] {
            assert_eq!(address(text).is_ok(), ok, "{text}");
        }
        for (text, expected) in [
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("0.0.0.0/0", Some("0.0.0.0/0")),
            ("fe80::/10", Some("fe80::/10")),
            ("::/0", None),
            ("10.0.0.0", None),
            ("10.0.0.0/255.0.0.0", None),
            ("10.0.0.0/-1", None),
            ("10.0.0.0/33", None),
            ("fe80::", None),
            ("fe80::/129", None),
        ] {
            assert_eq!(network(text).ok().map(|n| n.to_string()).as_deref(), expected, "{text}");
        }
    }
}
