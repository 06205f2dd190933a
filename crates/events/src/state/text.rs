//! Text that the state keeps: [`Text`], bytes that any number of threads and descriptors share, and [`TextList`], arguments,
//! variables and control groups as the kernel has them, one after another with NULs between.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Bytes that are shared: a copy costs a count. Usually text, not necessarily UTF-8.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Option<Arc<[u8]>>);

impl Text {
    /// No bytes.
    pub const EMPTY: Text = Text(None);

    /// The same bytes: `known` again if it has them, so that what is equal is kept once.
    pub fn same_or_new(known: &Text, bytes: &[u8]) -> Text {
        if **known == *bytes { known.clone() } else { Text::from(bytes) }
    }

    /// Whether two texts are one and the same piece of memory.
    pub fn is(&self, other: &Text) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// How many bytes of memory this text accounts for, when all who share it share the cost.
    pub(crate) fn share(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| (bytes.len() + 16) / Arc::strong_count(bytes).max(1))
    }
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// As its bytes, so that tables can be asked for bytes.
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Text((!bytes.is_empty()).then(|| bytes.into()))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self))
    }
}

/// Several texts in one piece of memory.
///
/// ```
/// use eyrie_events::state::TextList;
///
/// let args = TextList::from_nul_separated(b"-x\0\0file\0");
/// assert_eq!(args.iter().collect::<Vec<_>>(), [&b"-x"[..], b"", b"file"]);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TextList(Text);

impl TextList {
    /// No texts.
    pub const EMPTY: TextList = TextList(Text::EMPTY);

    /// The texts between the NULs. A last NUL ends the last text and begins no other.
    pub fn from_nul_separated(bytes: &[u8]) -> TextList {
        TextList(Text::from(trim_nul(bytes)))
    }

    /// The same texts: `known` again if it has them.
    pub fn same_or_new(known: &TextList, bytes: &[u8]) -> TextList {
        TextList(Text::same_or_new(&known.0, trim_nul(bytes)))
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let all: Option<&[u8]> = (!self.0.is_empty()).then_some(&self.0);
        all.into_iter().flat_map(|all| all.split(|byte| *byte == 0))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.iter().nth(index)
    }

    /// The bytes: the texts with a NUL between each two.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether two lists are one and the same piece of memory.
    pub fn is(&self, other: &TextList) -> bool {
        self.0.is(&other.0)
    }

    pub(crate) fn text(&self) -> &Text {
        &self.0
    }

    pub(crate) fn share(&self) -> usize {
        self.0.share()
    }
}

impl fmt::Debug for TextList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(String::from_utf8_lossy)).finish()
    }
}

fn trim_nul(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(&[0]).unwrap_or(bytes)
}
