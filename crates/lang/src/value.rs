//! What a field's value is: its declared [`Type`] (Falco's type classes and widths) and, at run time, a borrowed
//! [`Value`]. How values are collected from a [`Fields`](crate::Fields) is in [`fields`](crate::fields); how they
//! compare is in the operators.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// The declared type of a field, named as Falco's `PT_*` parameter types.
///
/// The type decides which operators a condition may use on the field ([`Class`]), how a literal on the right is read
/// and, for integers, at which width it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are Falco's and say all there is to say")]
pub enum Type {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    /// A process or thread id.
    Pid,
    /// A process or thread id of four bytes.
    Pid32,
    /// A file descriptor number.
    Fd,
    /// A file descriptor number of four bytes.
    Fd32,
    Flags8,
    Flags16,
    Flags32,
    EnumFlags8,
    EnumFlags16,
    EnumFlags32,
    Mode,
    /// A TCP or UDP port. Literals may be service names (`https`).
    Port,
    /// An error number, negative on failure.
    Errno,
    SigType,
    SyscallId,
    L4Proto,
    SockFamily,
    /// Nanoseconds between two points in time.
    RelTime,
    /// Nanoseconds since the Unix epoch.
    AbsTime,
    Double,
    /// Four bytes wide in Falco; literals are only `true` and `false`.
    Bool,
    /// Text. Any bytes but NUL; usually UTF-8, never promised to be.
    CharBuf,
    /// Text that is a file path.
    FsPath,
    /// Text that is a path relative to a directory parameter.
    FsRelPath,
    /// Raw bytes.
    ByteBuf,
    Ipv4Addr,
    Ipv6Addr,
    Ipv4Net,
    Ipv6Net,
    /// An IPv4 or IPv6 address.
    IpAddr,
    /// An address that conditions compare with networks (`10.0.0.0/8`).
    IpNet,
    Uid,
    Gid,
    SockAddr,
    SockTuple,
    FdList,
    SigSet,
    CharBufArray,
    CharBufPairArray,
    /// The type depends on the argument; a [`Schema`](crate::Schema) resolves it, so no resolved field has it.
    Dyn,
}

/// A family of types that take the same operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Integers, ids, flags, times, floats.
    Number,
    /// `true` and `false`; takes fewer operators than numbers.
    Bool,
    /// Text.
    Text,
    /// Raw bytes.
    Bytes,
    /// Addresses.
    Ip,
    /// Networks.
    Net,
    /// Types that only `exists` can be asked of.
    Opaque,
}

impl Type {
    /// Every type, in declaration order.
    pub const ALL: &'static [Type] = &[
        Type::Int8,
        Type::Int16,
        Type::Int32,
        Type::Int64,
        Type::Uint8,
        Type::Uint16,
        Type::Uint32,
        Type::Uint64,
        Type::Pid,
        Type::Pid32,
        Type::Fd,
        Type::Fd32,
        Type::Flags8,
        Type::Flags16,
        Type::Flags32,
        Type::EnumFlags8,
        Type::EnumFlags16,
        Type::EnumFlags32,
        Type::Mode,
        Type::Port,
        Type::Errno,
        Type::SigType,
        Type::SyscallId,
        Type::L4Proto,
        Type::SockFamily,
        Type::RelTime,
        Type::AbsTime,
        Type::Double,
        Type::Bool,
        Type::CharBuf,
        Type::FsPath,
        Type::FsRelPath,
        Type::ByteBuf,
        Type::Ipv4Addr,
        Type::Ipv6Addr,
        Type::Ipv4Net,
        Type::Ipv6Net,
        Type::IpAddr,
        Type::IpNet,
        Type::Uid,
        Type::Gid,
        Type::SockAddr,
        Type::SockTuple,
        Type::FdList,
        Type::SigSet,
        Type::CharBufArray,
        Type::CharBufPairArray,
        Type::Dyn,
    ];

    /// Falco's name of the type, without `PT_`.
    ///
    /// ```
    /// use eyrie_lang::Type;
    /// assert_eq!(Type::CharBuf.name(), "CHARBUF");
    /// assert_eq!(Type::from_name("CHARBUF"), Some(Type::CharBuf));
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Type::Int8 => "INT8",
            Type::Int16 => "INT16",
            Type::Int32 => "INT32",
            Type::Int64 => "INT64",
            Type::Uint8 => "UINT8",
            Type::Uint16 => "UINT16",
            Type::Uint32 => "UINT32",
            Type::Uint64 => "UINT64",
            Type::Pid => "PID",
            Type::Pid32 => "PID32",
            Type::Fd => "FD",
            Type::Fd32 => "FD32",
            Type::Flags8 => "FLAGS8",
            Type::Flags16 => "FLAGS16",
            Type::Flags32 => "FLAGS32",
            Type::EnumFlags8 => "ENUMFLAGS8",
            Type::EnumFlags16 => "ENUMFLAGS16",
            Type::EnumFlags32 => "ENUMFLAGS32",
            Type::Mode => "MODE",
            Type::Port => "PORT",
            Type::Errno => "ERRNO",
            Type::SigType => "SIGTYPE",
            Type::SyscallId => "SYSCALLID",
            Type::L4Proto => "L4PROTO",
            Type::SockFamily => "SOCKFAMILY",
            Type::RelTime => "RELTIME",
            Type::AbsTime => "ABSTIME",
            Type::Double => "DOUBLE",
            Type::Bool => "BOOL",
            Type::CharBuf => "CHARBUF",
            Type::FsPath => "FSPATH",
            Type::FsRelPath => "FSRELPATH",
            Type::ByteBuf => "BYTEBUF",
            Type::Ipv4Addr => "IPV4ADDR",
            Type::Ipv6Addr => "IPV6ADDR",
            Type::Ipv4Net => "IPV4NET",
            Type::Ipv6Net => "IPV6NET",
            Type::IpAddr => "IPADDR",
            Type::IpNet => "IPNET",
            Type::Uid => "UID",
            Type::Gid => "GID",
            Type::SockAddr => "SOCKADDR",
            Type::SockTuple => "SOCKTUPLE",
            Type::FdList => "FDLIST",
            Type::SigSet => "SIGSET",
            Type::CharBufArray => "CHARBUFARRAY",
            Type::CharBufPairArray => "CHARBUF_PAIR_ARRAY",
            Type::Dyn => "DYNAMIC",
        }
    }

    /// The type with this [`name`](Type::name), exactly.
    pub fn from_name(name: &str) -> Option<Type> {
        Type::ALL.iter().copied().find(|t| t.name() == name)
    }

    /// The operator family.
    pub fn class(self) -> Class {
        match self {
            Type::Int8
            | Type::Int16
            | Type::Int32
            | Type::Int64
            | Type::Uint8
            | Type::Uint16
            | Type::Uint32
            | Type::Uint64
            | Type::Pid
            | Type::Pid32
            | Type::Fd
            | Type::Fd32
            | Type::Flags8
            | Type::Flags16
            | Type::Flags32
            | Type::EnumFlags8
            | Type::EnumFlags16
            | Type::EnumFlags32
            | Type::Mode
            | Type::Port
            | Type::Errno
            | Type::SigType
            | Type::SyscallId
            | Type::L4Proto
            | Type::SockFamily
            | Type::RelTime
            | Type::AbsTime
            | Type::Double
            | Type::Uid
            | Type::Gid
            | Type::SigSet => Class::Number,
            Type::Bool => Class::Bool,
            Type::CharBuf | Type::FsPath | Type::FsRelPath => Class::Text,
            Type::ByteBuf => Class::Bytes,
            Type::Ipv4Addr | Type::Ipv6Addr | Type::IpAddr => Class::Ip,
            Type::Ipv4Net | Type::Ipv6Net | Type::IpNet => Class::Net,
            Type::SockAddr
            | Type::SockTuple
            | Type::FdList
            | Type::CharBufArray
            | Type::CharBufPairArray
            | Type::Dyn => Class::Opaque,
        }
    }

    /// How many bits a number of this type keeps, and whether it is signed. `None` for what is no integer.
    pub fn width(self) -> Option<Width> {
        let (bits, signed) = match self {
            Type::Int8 => (8, true),
            Type::Int16 => (16, true),
            Type::Int32 | Type::Pid32 | Type::Fd32 => (32, true),
            Type::Int64 | Type::Pid | Type::Fd | Type::Errno => (64, true),
            Type::Uint8
            | Type::Flags8
            | Type::EnumFlags8
            | Type::SigType
            | Type::L4Proto
            | Type::SockFamily => (8, false),
            Type::Uint16 | Type::Flags16 | Type::EnumFlags16 | Type::Port | Type::SyscallId => (16, false),
            Type::Uint32
            | Type::Flags32
            | Type::EnumFlags32
            | Type::Mode
            | Type::Uid
            | Type::Gid
            | Type::SigSet => (32, false),
            Type::Uint64 | Type::RelTime | Type::AbsTime => (64, false),
            _ => return None,
        };
        Some(Width { bits, signed })
    }
}

/// The width of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    /// 8, 16, 32 or 64.
    pub bits: u8,
    /// Whether the top bit is a sign.
    pub signed: bool,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One value of a field, borrowed from whatever it was extracted from.
///
/// Which variant a field yields follows from its [`Type`]: [`Class::Number`] gives `Int` when the type is signed, `Uint`
/// when it is not, `Float` for [`Type::Double`]; [`Class::Text`] gives `Text`, and so on. [`Type::IpNet`] fields yield
/// `Ip`, the address that is compared with networks, or `Net` when the thing itself is a network. A value of another
/// variant than the type says is equal to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A truth value.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// An unsigned number.
    Uint(u64),
    /// A floating point number.
    Float(f64),
    /// Text, not necessarily UTF-8.
    Text(&'a [u8]),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// An address.
    Ip(IpAddr),
    /// A network.
    Net(IpNet),
}

impl Value<'_> {
    /// Whether this variant is the one that fields of type `ty` yield.
    pub fn fits(&self, ty: Type) -> bool {
        match (self, ty.class()) {
            (Value::Bool(_), Class::Bool) => true,
            (Value::Float(_), Class::Number) => ty == Type::Double,
            (Value::Int(_), Class::Number) => ty.width().is_some_and(|w| w.signed),
            (Value::Uint(_), Class::Number) => ty.width().is_some_and(|w| !w.signed),
            (Value::Text(_), Class::Text) | (Value::Bytes(_), Class::Bytes) => true,
            (Value::Ip(_), Class::Ip | Class::Net) | (Value::Net(_), Class::Net) => true,
            (_, Class::Opaque) => true,
            _ => false,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text.as_bytes())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

/// The value as plain text: numbers in decimal, text as it is (invalid UTF-8 replaced), bytes as they are, addresses in
/// their usual form.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Uint(n) => write!(f, "{n}"),
            Value::Float(n) => write!(f, "{n}"),
            Value::Text(t) | Value::Bytes(t) => f.write_str(&String::from_utf8_lossy(t)),
            Value::Ip(ip) => write!(f, "{ip}"),
            Value::Net(net) => write!(f, "{net}"),
        }
    }
}
