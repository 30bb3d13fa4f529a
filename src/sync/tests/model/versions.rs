//! One row a key, and every version of every key: semantics §6.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::layout::{ColumnKind, Layout, Path, Storage};
use super::rows::{Row, Shredder};
use super::schema::{self, Kind, Scalar};
use super::typed::{Changes, Typed, cast};

/// A record as the source sent it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) data: Map<String, Value>,
    pub(super) emitted_at: i64,
    pub(super) arrival: usize,
    pub(super) generation: i64,
    pub(super) sync_id: Value,
    /// The source's changes.
    pub(super) changes: Vec<Value>,
}

/// What tells rows apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dedup {
    key: Vec<(Path, ColumnKind)>,
    cursor: Option<(Path, ColumnKind)>,
    /// What orders after the cursor.
    log: Vec<(Path, ColumnKind)>,
    /// `true`: the row goes.
    deleted_at: Option<(Path, ColumnKind, bool)>,
    /// The type that numbers have, if there are any among them: settings that give the same type tell keys apart alike.
    numbers: Option<String>,
}

/// A record typed.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) record: Rc<Record>,
    pub(super) row: Row,
    pub(super) changes: Changes,
    identity: Option<Identity>,
}

#[derive(Debug, Clone)]
struct Identity {
    key: Vec<String>,
    /// Later is newer; what is not known is oldest.
    order: Vec<Option<(i128, String)>>,
    is_gone: bool,
    /// What the cursor shows.
    cursor: Option<String>,
}

impl Dedup {
    /// `None`: a row a record.
    pub(super) fn of(stream: &Value, layout: &Layout, config: &Value, storage: Storage) -> Option<Self> {
        if stream["destination_sync_mode"] != "append_dedup" {
            return None;
        }
        let declared = |name: &str| {
            let path = vec![name.to_owned()];
            layout.columns.get(&path).map(|(_, kind)| (path, *kind))
        };
        // wherever their objects go
        let scalar = |path: &Value| {
            let path: Path = path.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
            let schema = &stream["stream"]["json_schema"];
            let schema = path.iter().fold(schema, |schema, name| &schema["properties"][name]);
            match schema::kind(schema) {
                Kind::Scalar(kind) => Some((path, ColumnKind::Scalar(kind))),
                _ => None,
            }
        };
        let key: Vec<_> = stream["primary_key"].as_array().unwrap().iter().filter_map(scalar).collect();
        let cursor = scalar(&stream["cursor_field"]);
        let names = ["_ab_cdc_updated_at", "_ab_cdc_log_file", "_ab_cdc_log_pos", "_ab_cdc_lsn"];
        let is_hard = config["cdc_deletion_mode"] != "soft";
        let deleted_at = declared("_ab_cdc_deleted_at").map(|(path, kind)| (path, kind, is_hard));
        let log: Vec<_> = names.into_iter().filter_map(declared).collect();
        let number = ColumnKind::Scalar(Scalar::Number);
        let has_numbers = key.iter().chain(&cursor).chain(&log).any(|(_, kind)| *kind == number);
        let numbers = has_numbers.then(|| storage.type_of(number));
        Some(Self { key, cursor, log, deleted_at, numbers })
    }

    fn identify(&self, record: &Record, storage: Storage) -> Identity {
        let typed = |path: &Path, kind: ColumnKind| {
            let mut changes = Changes::new();
            let value = path[1..].iter().try_fold(record.data.get(&path[0])?, |value, name| value.get(name));
            let typed = cast(kind, storage, value, "", &mut changes);
            let is_nulled = typed.is_none() && !changes.is_empty();
            if is_nulled { Some(Err(value?.to_string())) } else { typed.map(Ok) }
        };
        let held = |path: &Path, kind| typed(path, kind).and_then(Result::ok);
        let part = |(path, kind): &(Path, ColumnKind)| match typed(path, *kind) {
            None => "null".to_owned(),
            Some(Ok(value)) => format!("value {}", value.shown()),
            Some(Err(json)) => format!("json {json}"),
        };
        let cursor = self.cursor.as_ref().and_then(|(path, kind)| held(path, *kind));
        let mut order = vec![cursor.as_ref().map(Typed::order)];
        order.extend(self.log.iter().map(|(path, kind)| held(path, *kind).as_ref().map(Typed::order)));
        order.push(Some((i128::from(record.emitted_at), String::new())));
        order.push(Some((i128::try_from(record.arrival).unwrap(), String::new())));
        let deleted_at = self.deleted_at.as_ref();
        let is_gone = deleted_at.is_some_and(|(path, kind, is_hard)| *is_hard && held(path, *kind).is_some());
        let cursor = cursor.as_ref().map(Typed::shown);
        Identity { key: self.key.iter().map(part).collect(), order, is_gone, cursor }
    }
}

impl Version {
    pub(super) fn new(record: &Rc<Record>, layout: &Layout, dedup: Option<&Dedup>, storage: Storage) -> Self {
        let mut shredder = Shredder { layout, storage, changes: Changes::new() };
        let row = shredder.root(&record.data);
        let identity = dedup.map(|dedup| dedup.identify(record, storage));
        Self { record: Rc::clone(record), row, changes: shredder.changes, identity }
    }

    /// As text; `with_id`: with the record's number.
    pub(super) fn shown(&self, with_id: bool) -> String {
        let Record { emitted_at, arrival, generation, sync_id, changes, .. } = &*self.record;
        let id = if with_id { format!("#{arrival} ") } else { String::new() };
        let ours = self.changes.iter().map(|(at, change, reason)| format!("{at} {change} {reason}"));
        let sources = changes.iter().map(change_shown);
        format!(
            "{id}{} {}",
            self.row.shown(),
            system_shown(*emitted_at, *generation, sync_id, sources.chain(ours).collect())
        )
    }
}

/// A change as text.
pub(super) fn change_shown(change: &Value) -> String {
    ["field", "change", "reason"].map(|key| change[key].as_str().unwrap_or("?").to_owned()).join(" ")
}

/// System columns as text.
pub(super) fn system_shown(emitted_at: i64, generation: i64, sync_id: &Value, mut changes: Vec<String>) -> String {
    changes.sort();
    format!("at {emitted_at} of generation {generation} sync {sync_id} {changes:?}")
}

/// The versions of each key, the oldest first.
fn by_key(versions: &[Version]) -> BTreeMap<&[String], Vec<(&Identity, &Version)>> {
    let mut keys: BTreeMap<&[String], Vec<(&Identity, &Version)>> = BTreeMap::new();
    for version in versions {
        let identity = version.identity.as_ref().unwrap();
        keys.entry(&identity.key).or_default().push((identity, version));
    }
    for versions in keys.values_mut() {
        versions.sort_by(|(one, _), (other, _)| one.order.cmp(&other.order));
    }
    keys
}

/// The newest version of each key whose row is not deleted.
pub(super) fn newest(versions: &[Version]) -> Vec<Version> {
    let newest = by_key(versions).into_values().filter_map(|versions| versions.last().copied());
    newest.filter(|(identity, _)| !identity.is_gone).map(|(_, version)| version.clone()).collect()
}

/// Every version that is another than the one before it, as text, with its range.
pub(super) fn history(versions: &[Version], has_cursor: bool, with_id: bool) -> Vec<String> {
    let mut rows = Vec::new();
    for versions in by_key(versions).into_values() {
        let mut events: Vec<(&Identity, &Version)> = Vec::new();
        let mut before: Option<&Version> = None;
        for (identity, version) in versions {
            if before.is_none_or(|before| own(before) != own(version)) {
                events.push((identity, version));
            }
            before = Some(version);
        }
        let start = |(identity, version): &(&Identity, &Version)| {
            if has_cursor { identity.cursor.clone() } else { Some((version.record.emitted_at * 1000).to_string()) }
        };
        for (index, event) in events.iter().enumerate().filter(|(_, (identity, _))| !identity.is_gone) {
            let later = &events[index + 1..];
            // log positions may order otherwise than the times that ranges are made of
            let end = if has_cursor {
                later.first().and_then(start)
            } else {
                later.iter().map(|(_, version)| version.record.emitted_at * 1000).min().map(|end| end.to_string())
            };
            let root = Version { row: own_row(event.1), ..event.1.clone() };
            rows.push(format!("{} from {:?} to {end:?} {}", root.shown(with_id), start(event), later.is_empty()));
        }
    }
    rows
}

fn own(version: &Version) -> String {
    own_row(version).shown()
}

fn own_row(version: &Version) -> Row {
    Row { children: Vec::new(), ..version.row.clone() }
}

impl Dedup {
    /// Whether a cursor orders versions.
    pub(super) fn has_cursor(&self) -> bool {
        self.cursor.is_some()
    }
}
