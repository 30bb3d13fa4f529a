//! Columns that tell records apart, or order them.

use xxhash_rust::xxh3::xxh3_64;

use super::MOST_KEYS;
use super::object::{Member, Object};
use crate::cast;
use crate::kind::ScalarKind;
use crate::walk::{self, JsonType};

/// Names of keys, the likeliest first.
const KEYS: [&str; 7] = ["id", "_id", "uuid", "guid", "uid", "key", "pk"];
/// Ends of the names of ids, the record's own or another's.
const ENDS: [&str; 4] = ["_id", "_uuid", "_guid", "_key"];
/// Where more names than this end so, none of them is a key.
const MOST_IDS: usize = 8;

/// Names of cursors without `_` and in lower case, the likeliest first; also the ends of longer names.
const CURSORS: [&str; 18] = [
    "updatedat",
    "updated",
    "updatedon",
    "updatedtime",
    "updatetime",
    "updateddate",
    "dateupdated",
    "lastupdated",
    "lastupdatedat",
    "lastupdatetime",
    "modifiedat",
    "modified",
    "modifiedon",
    "modifiedtime",
    "modifieddate",
    "datemodified",
    "lastmodified",
    "systemmodstamp",
];

/// How likely a name is that of a key, less is likelier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likelihood {
    /// One of the names that keys have: its place among them.
    Named(usize),
    /// The id of something.
    IdOf,
}

impl Likelihood {
    fn of(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if let Some(place) = KEYS.iter().position(|key| *key == lower) {
            return Some(Self::Named(place));
        }
        let is_camel = name.strip_suffix("Id").or(name.strip_suffix("ID")).is_some_and(|stem| !stem.is_empty());
        (is_camel || ENDS.iter().any(|end| lower.ends_with(end))).then_some(Self::IdOf)
    }
}

/// The values of a property, as far as they may be those of a key: scalars, each only once.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// No two that were compared are equal.
    Distinct {
        /// Their hashes; the first `compared` are sorted and differ.
        hashes: Vec<u64>,
        /// How many have been compared.
        compared: usize,
    },
    /// One is null or no scalar, or came twice.
    Unfit,
    /// There are too many to compare.
    TooMany,
}

impl Default for Values {
    fn default() -> Self {
        Self::Distinct { hashes: Vec::new(), compared: 0 }
    }
}

impl Values {
    /// Values are equal as text: the kind that holds a number and the same digits in quotes is text.
    #[inline]
    pub(super) fn see(&mut self, json: &str) {
        let Self::Distinct { hashes, compared } = self else { return };
        let hash = match walk::kind_of(json) {
            JsonType::Number if json == "-0" => xxh3_64(b"0"),
            JsonType::Number => xxh3_64(json.as_bytes()),
            JsonType::String => {
                let text = cast::key(walk::string_inner(json).unwrap_or_default());
                xxh3_64(text.as_bytes())
            }
            _ => {
                *self = Self::Unfit;
                return;
            }
        };
        hashes.push(hash);
        if hashes.len() >= (2 * *compared).clamp(64, MOST_KEYS + 1) {
            self.compare();
        }
    }

    fn compare(&mut self) {
        let Self::Distinct { hashes, compared } = self else { return };
        hashes.sort_unstable();
        if hashes.array_windows().any(|[one, next]| one == next) {
            *self = Self::Unfit;
        } else if hashes.len() > MOST_KEYS {
            *self = Self::TooMany;
        } else {
            *compared = hashes.len();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Unfit, _) | (_, Self::Unfit) => *self = Self::Unfit,
            (Self::TooMany, _) | (_, Self::TooMany) => *self = Self::TooMany,
            (Self::Distinct { hashes, .. }, Self::Distinct { hashes: others, .. }) => {
                hashes.extend(others);
                self.compare();
            }
        }
    }
}

/// Chooses the members of a record that may be keys. Only those of the `first` may be in every record, so others are never added.
///
/// Law: how many members it keeps values of is bounded, and which ones depends on the names alone that have come.
pub(super) fn choose(members: &mut [Member], first: bool) {
    let ids = members.iter().filter(|member| Likelihood::of(&member.name) == Some(Likelihood::IdOf)).count();
    for member in members {
        match Likelihood::of(&member.name) {
            Some(Likelihood::IdOf) if ids > MOST_IDS => member.values = None,
            Some(_) if first => member.values = Some(Box::default()),
            _ => {}
        }
    }
}

/// What may tell records apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// It does.
    Unique(String),
    /// It may.
    Unproven(String),
}

/// The likeliest key of the stream called `stream`; what is proven goes before what is not.
pub(super) fn primary_key(root: &mut Object, stream: &str) -> Option<Key> {
    let (count, members) = (root.count, root.members.as_mut()?);
    let mut found: Vec<(bool, Likelihood, bool, &Member)> = Vec::new();
    for member in &mut members.list {
        let (is_whole, likelihood) = (is_always_set(member, count), Likelihood::of(&member.name));
        let is_scalar =
            matches!(member.place.scalar, Some(ScalarKind::Integer | ScalarKind::BigInteger | ScalarKind::String));
        let (Some(values), Some(likelihood)) = (&mut member.values, likelihood) else { continue };
        values.compare();
        let is_proven = match **values {
            Values::Distinct { compared, .. } if compared as u64 == count => true,
            Values::TooMany => false,
            _ => continue,
        };
        if is_whole && is_scalar {
            let is_other = likelihood == Likelihood::IdOf && !is_id_of(&member.name, stream);
            found.push((!is_proven, likelihood, is_other, member));
        }
    }
    let position = |member: &Member| u128::from(member.positions); // each is in every record
    let key = found.into_iter().min_by(|one, other| {
        let rank = |found: &(bool, Likelihood, bool, &Member)| (found.0, found.1, found.2, position(found.3));
        rank(one).cmp(&rank(other)).then_with(|| one.3.name.cmp(&other.3.name))
    });
    key.map(|(is_unproven, _, _, member)| {
        let name = member.name.to_string();
        if is_unproven { Key::Unproven(name) } else { Key::Unique(name) }
    })
}

/// The likeliest cursor.
pub(super) fn cursor(root: &Object) -> Option<String> {
    let members = root.members.as_ref()?;
    let likeliest = members.list.iter().filter(|member| is_always_set(member, root.count)).filter_map(|member| {
        let name = letters(&member.name);
        let whole = CURSORS.iter().position(|cursor| *cursor == name);
        let end = CURSORS.iter().position(|cursor| name.ends_with(cursor)).map(|end| CURSORS.len() + end);
        let rank = match member.place.scalar? {
            ScalarKind::TimestampTz | ScalarKind::Timestamp | ScalarKind::Date => whole.or(end),
            // seconds since some day, or a number that grows; `rows_updated` is neither
            ScalarKind::Integer => whole,
            _ => None,
        };
        rank.map(|rank| (rank, &member.name))
    });
    likeliest.min().map(|(_, name)| name.to_string())
}

/// Whether every record has a scalar there.
fn is_always_set(member: &Member, records: u64) -> bool {
    let place = &member.place;
    member.present == records && place.nulls == 0 && place.object.is_none() && place.elements.is_none()
}

/// Whether a name is that of the id of what the stream is called after: `customer_id` of `customers`.
fn is_id_of(name: &str, stream: &str) -> bool {
    let (name, stream) = (letters(name), letters(stream));
    let stems = [Some(stream.as_str()), stream.strip_suffix('s'), stream.strip_suffix("es")];
    let starts = |stem: &str| !stem.is_empty() && name.strip_prefix(stem).is_some_and(|end| end.len() <= 4);
    stems.into_iter().flatten().any(starts)
        || stream.strip_suffix("ies").is_some_and(|stem| name.strip_prefix(stem).is_some_and(|end| end == "yid"))
}

fn letters(name: &str) -> String {
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
