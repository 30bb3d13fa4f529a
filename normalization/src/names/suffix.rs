//! The `_` + 8 hex that keeps two names apart.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

/// Characters (and bytes) of every suffix.
pub(super) const LENGTH: usize = "_01234567".len();

/// A suffix made of what it stands for, so that it is the same in every program and on every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suffix(u32);

impl Suffix {
    /// The suffix of a name that was cut: says what the identifier no longer does.
    pub(super) fn of_name(name: &str) -> Self {
        Self::of_parts(b"name", [name])
    }

    /// The suffix of a path that could not have its plain name.
    pub(super) fn of_path(path: &[String]) -> Self {
        Self::of_parts(b"path", path.iter().map(String::as_str))
    }

    /// The suffix to try after this one. Every suffix comes up once before one comes up again: a search for a free
    /// one ends.
    pub(super) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Hashes parts behind their lengths, so that `["a", "bc"]` and `["ab", "c"]` differ, and behind their domain, so
    /// that a path of one part and a name do.
    fn of_parts<'a>(domain: &[u8], parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Xxh3::new();
        hash.update(domain);
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let [a, b, c, d, ..] = hash.digest().to_be_bytes();
        Self(u32::from_be_bytes([a, b, c, d]))
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "_{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|&part| part.to_owned()).collect()
    }

    /// Warehouses hold these: a change of the hash would rename columns.
    #[test]
    fn suffixes_never_change() {
        assert_eq!(Suffix::of_name("Order ID").to_string(), "_30eb9972");
        assert_eq!(Suffix::of_path(&path(&["orders", "line_items"])).to_string(), "_622bb8fe");
    }

    #[test]
    fn parts_and_domains_are_kept_apart() {
        assert_ne!(Suffix::of_path(&path(&["a", "bc"])), Suffix::of_path(&path(&["ab", "c"])));
        assert_ne!(Suffix::of_path(&path(&["a"])), Suffix::of_path(&path(&["a", ""])));
        assert_ne!(Suffix::of_path(&path(&["a"])), Suffix::of_name("a"));
    }

    #[test]
    fn suffixes_are_all_of_one_length_and_come_round() {
        assert_eq!(Suffix(7).to_string(), "_00000007");
        assert_eq!(Suffix(u32::MAX).to_string().len(), LENGTH);
        assert_eq!(Suffix(u32::MAX).next(), Suffix(0));
    }
}
