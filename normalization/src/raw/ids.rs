//! What tells raw rows apart: uuids in our tables, text in those of other connectors.
//!
//! A typed row carries its raw row's id as a uuid. The law of both halves of this file: [`record_id`] and the SQL of
//! [`Ids::as_uuid`] give the same uuid of the same text.

use md5::{Digest as _, Md5};

use crate::kind::ColumnKind;
use crate::sql::{Described, Dialect};

/// Names of columns of ids: ours, which was Airbyte's before Destinations V2, and that of Destinations V2.
const NAMES: [&str; 2] = ["_airbyte_ab_id", "_airbyte_raw_id"];

/// The columns of a table that hold ids, the one that we fill first. Where a table has those of several connectors, each row
/// has its id in one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    first: (&'static str, String),
    others: Vec<(&'static str, String)>,
}

impl Ids {
    /// The columns of ids among these, if there are any.
    pub(crate) fn of(columns: &[Described]) -> Option<Self> {
        let mut found = NAMES.into_iter().filter_map(|name| {
            columns.iter().find_map(|(column, kind)| (column == name).then(|| (name, kind.clone())))
        });
        Some(Self { first: found.next()?, others: found.collect() })
    }

    /// The column that we fill.
    pub(crate) fn first(&self) -> &'static str {
        self.first.0
    }

    /// The column that we fill is one of ours: called so, and of uuids.
    pub(crate) fn begin_with_ours(&self, dialect: &dyn Dialect) -> bool {
        self.first.0 == NAMES[0] && self.first.1 == dialect.column_type(ColumnKind::Uuid)
    }

    /// Each row has its id in one column, as a uuid.
    pub(crate) fn are_uuids(&self, dialect: &dyn Dialect) -> bool {
        self.others.is_empty() && self.first.1 == dialect.column_type(ColumnKind::Uuid)
    }

    /// A row's id as it is written.
    pub(crate) fn as_text(&self, dialect: &dyn Dialect) -> String {
        self.whichever(&|(name, _)| text(dialect, name))
    }

    /// A row's id as the uuid that typed rows carry.
    pub(crate) fn as_uuid(&self, dialect: &dyn Dialect) -> String {
        let uuid = dialect.column_type(ColumnKind::Uuid);
        self.whichever(&|(name, kind)| {
            if *kind == uuid { dialect.quote(name) } else { uuid_of_text(&text(dialect, name), &uuid) }
        })
    }

    fn whichever(&self, value: &dyn Fn(&(&'static str, String)) -> String) -> String {
        let first = value(&self.first);
        if self.others.is_empty() {
            return first;
        }
        let others = self.others.iter().map(value).collect::<Vec<_>>().join(", ");
        format!("coalesce({first}, {others})")
    }
}

fn text(dialect: &dyn Dialect, name: &str) -> String {
    format!("CAST({} AS {})", dialect.quote(name), dialect.column_type(ColumnKind::CsvArray))
}

/// The regular expression is a plain one: to Postgres one that counts is ten times as dear.
fn uuid_of_text(text: &str, uuid: &str) -> String {
    let digits = format!("replace({text}, '-', '')");
    let hyphens = [8, 4, 4, 4, 12].map(|digits| "_".repeat(digits)).join("-");
    format!(
        "CASE
    WHEN length({digits}) = 32 AND {digits} SIMILAR TO '[0-9A-Fa-f]+'
      AND (length({text}) = 32 OR {text} LIKE '{hyphens}')
    THEN CAST({text} AS {uuid})
    ELSE CAST(md5({text}) AS {uuid})
  END"
    )
}

/// The id of a record whose raw row has this one: the uuid that it is, or its MD5, which warehouses can compute too.
#[must_use]
pub fn record_id(text: &str) -> u128 {
    uuid(text).unwrap_or_else(|| u128::from_be_bytes(Md5::digest(text).into()))
}

/// A uuid of 32 hexadecimal digits, between which all hyphens are or none.
fn uuid(text: &str) -> Option<u128> {
    let is_hyphen = |(index, byte): (usize, u8)| byte == b'-' && [8, 13, 18, 23].contains(&index);
    let mut digits = [0; 32];
    let mut filled = 0;
    for (index, byte) in text.bytes().enumerate() {
        if text.len() == 36 && is_hyphen((index, byte)) {
            continue;
        }
        *digits.get_mut(filled).filter(|_| byte.is_ascii_hexdigit())? = byte;
        filled += 1;
    }
    let digits = std::str::from_utf8(&digits).ok().filter(|_| filled == 32)?;
    u128::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_itself_and_any_other_id_its_digest() {
        let value = 0x6c45_cd8e_51fb_4f47_b0be_59bf_0a8a_8a00;
        for text in [
            "6c45cd8e-51fb-4f47-b0be-59bf0a8a8a00",
            "6C45CD8E-51FB-4F47-B0BE-59BF0A8A8A00",
            "6c45cd8e51fb4f47b0be59bf0a8a8a00",
        ] {
            assert_eq!(record_id(text), value, "{text}");
        }
        for text in [
            "{6c45cd8e-51fb-4f47-b0be-59bf0a8a8a00}",
            "6c45cd8e51fb-4f47-b0be-59bf0a8a8a00",
            "6c45cd8e-51fb-4f47-b0be-59bf0a8a8a0g",
            "6c45cd8e-51fb-4f47-b0be-59bf0a8a8a",
            "6c45cd8e-51fb-4f47-b0be59bf0a8a8a00-",
            "+c45cd8e51fb4f47b0be59bf0a8a8a00",
            "",
            "ä",
        ] {
            assert_ne!(record_id(text), value, "{text}");
            assert_eq!(record_id(text), u128::from_be_bytes(Md5::digest(text).into()), "{text}");
        }
    }
}
