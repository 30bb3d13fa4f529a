//! What a warehouse holds, in the reference's words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::layout::{Path, Storage};
use super::rows::Row;
use super::schema::Scalar;
use super::typed::{Typed, list, moment};
use super::versions::{change_shown, system_shown};
use super::{decimals, moments};
use crate::warehouse::{ExistingTable, Warehouse};

/// A table with its rows by column.
struct Table {
    described: ExistingTable,
    rows: Vec<BTreeMap<String, String>>,
}

/// The tables of one stream.
pub(super) struct Found {
    name: String,
    storage: Storage,
    raw: Option<Table>,
    history: Option<Table>,
    /// The stream's own has the empty path.
    typed: BTreeMap<Path, Table>,
    numbers: BTreeMap<String, usize>,
    /// What is wrong whatever was sent.
    pub(super) problems: Vec<String>,
}

impl Found {
    /// `arrivals`: the numbers of the raw rows, in the order of their ids.
    pub(super) fn read(
        warehouse: &mut dyn Warehouse,
        tables: &[ExistingTable],
        name: &str,
        storage: Storage,
        arrivals: &[usize],
    ) -> Self {
        let mut found = Self {
            name: name.to_owned(),
            storage,
            raw: None,
            history: None,
            typed: BTreeMap::new(),
            numbers: BTreeMap::new(),
            problems: Vec::new(),
        };
        for described in tables {
            let Some(comment) = &described.comment else { continue };
            let path: Vec<String> = serde_json::from_str(comment).unwrap();
            if path[1] != name {
                continue;
            }
            let table = Table { rows: rows(warehouse, described), described: described.clone() };
            match path[0].as_str() {
                "raw" => found.raw = Some(table),
                _ if described.name.name == format!("{name}_scd") => found.history = Some(table),
                _ => drop(found.typed.insert(path[2..].to_vec(), table)),
            }
        }
        if let Some(raw) = &mut found.raw {
            raw.rows.sort_by(|one, other| one["_airbyte_ab_id"].cmp(&other["_airbyte_ab_id"]));
            let ids = raw.rows.iter().map(|row| row["_airbyte_ab_id"].clone());
            found.numbers = ids.zip(arrivals.iter().copied()).collect();
        }
        found
    }

    /// The raw rows, in the order of their ids.
    pub(super) fn raw(&self) -> Vec<String> {
        let row = |row: &BTreeMap<String, String>| {
            let data: Value = serde_json::from_str(&row["_airbyte_data"]).unwrap();
            format!("{data} {}", system(row))
        };
        self.raw.iter().flat_map(|table| table.rows.iter().map(row)).collect()
    }

    /// The rows of the stream's own table with all below them, sorted.
    pub(super) fn roots(&mut self) -> Vec<String> {
        for (path, table) in &self.typed {
            let id = hash_id(&self.name, path);
            let ids: BTreeSet<&String> = table.rows.iter().filter_map(|row| row.get(&id)).collect();
            if ids.len() != table.rows.len() {
                self.problems.push(format!("{path:?} has {} rows and {} ids", table.rows.len(), ids.len()));
            }
        }
        let mut used = 0;
        let Some(root) = self.typed.get(&Vec::new()) else { return vec!["no table".to_owned()] };
        let mut shown = Vec::new();
        let mut keys = BTreeSet::new();
        for row in &root.rows {
            let tree = self.tree(&[], row, &mut used);
            let id = &row["_airbyte_ab_id"];
            shown.push(format!("{}{} {}", self.number(id), tree.shown(), system(row)));
            if let Some(key) = row.get("_airbyte_unique_key")
                && !keys.insert(key)
            {
                self.problems.push(format!("two rows of the key {key}"));
            }
        }
        let rows: usize = self.typed.values().map(|table| table.rows.len()).sum();
        if used != rows {
            self.problems.push(format!("{} rows have no parent", rows - used));
        }
        shown.sort();
        shown
    }

    fn number(&self, id: &str) -> String {
        match (&self.raw, self.numbers.get(id)) {
            (None, _) => String::new(),
            (Some(_), Some(number)) => format!("#{number} "),
            (Some(_), None) => "not in raw ".to_owned(),
        }
    }

    fn tree(&self, path: &[String], row: &BTreeMap<String, String>, used: &mut usize) -> Row {
        *used += 1;
        let mut tree = self.own(&self.typed[path], row);
        let id = hash_id(&self.name, path);
        for (below, table) in &self.typed {
            let is_child = below.len() > path.len() && below.starts_with(path);
            for child in table.rows.iter().filter(|_| is_child) {
                if child.get(&id) == row.get(&id)
                    && child["_airbyte_ab_id"] == row["_airbyte_ab_id"]
                    && child["_airbyte_emitted_at"] == row["_airbyte_emitted_at"]
                {
                    tree.children.push((below.clone(), self.tree(below, child, used)));
                }
            }
        }
        tree
    }

    fn own(&self, table: &Table, row: &BTreeMap<String, String>) -> Row {
        let mut own =
            Row { position: row.get("_airbyte_position").map(|text| text.parse().unwrap()), ..Row::default() };
        for column in &table.described.columns {
            let Some(text) = row.get(&column.name) else { continue };
            let Some(label) = label(&column.name, column.comment.as_deref()) else { continue };
            own.cells.push((label, shown(self.storage, &column.sql_type, text)));
        }
        own
    }

    /// Every version of every key, sorted.
    pub(super) fn history(&self) -> Vec<String> {
        let Some(table) = &self.history else { return vec!["no history".to_owned()] };
        let ends = ["_airbyte_start_at", "_airbyte_end_at"];
        let end = |row: &BTreeMap<String, String>, name: &str| {
            let column = table.described.columns.iter().find(|column| column.name == name).unwrap();
            row.get(name).map(|text| shown(self.storage, &column.sql_type, text))
        };
        let row = |row: &BTreeMap<String, String>| {
            let [start, finish] = ends.map(|name| end(row, name));
            let is_active = row["_airbyte_active_row"].starts_with('t');
            let own = self.own(table, row).shown();
            format!(
                "{}{own} {} from {start:?} to {finish:?} {is_active}",
                self.number(&row["_airbyte_ab_id"]),
                system(row)
            )
        };
        let mut rows: Vec<String> = table.rows.iter().map(row).collect();
        rows.sort();
        rows
    }

    /// Tables that there are.
    pub(super) fn tables(&self) -> BTreeSet<Path> {
        self.typed.keys().filter(|path| !path.is_empty()).cloned().collect()
    }

    /// The type of a property's column.
    pub(super) fn type_of(&self, table: &Path, column: &str) -> Option<String> {
        let mut columns = self.typed.get(table)?.described.columns.iter();
        let named = |name: &str, comment: Option<&str>| label(name, comment).as_deref() == Some(column);
        let found = columns.find(|found| named(&found.name, found.comment.as_deref()))?;
        Some(found.sql_type.to_lowercase())
    }
}

/// The source path of a property's column; what has made way has none any more.
fn label(name: &str, comment: Option<&str>) -> Option<String> {
    if let Some(comment) = comment {
        return Some(serde_json::from_str::<Vec<String>>(comment).unwrap().join("."));
    }
    let (retired, hash) = name.rsplit_once('_')?;
    let is_retired =
        !name.starts_with("_airbyte_") && hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_retired.then(|| format!("{} retired", retired.replace('_', ".")))
}

fn hash_id(stream: &str, path: &[String]) -> String {
    let parts: Vec<&str> = std::iter::once(stream).chain(path.iter().map(String::as_str)).collect();
    format!("_airbyte_{}_hashid", parts.join("_"))
}

fn rows(warehouse: &mut dyn Warehouse, table: &ExistingTable) -> Vec<BTreeMap<String, String>> {
    let quoted = |name: &str| format!("\"{name}\"");
    let columns = table.columns.iter().map(|column| {
        let name = quoted(&column.name);
        let is_list = column.sql_type.ends_with("[]");
        let value =
            if is_list { format!("CAST(to_json({name}) AS VARCHAR)") } else { format!("CAST({name} AS VARCHAR)") };
        format!("{value} AS {name}")
    });
    let columns = columns.collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT {columns} FROM {}.{}", quoted(&table.name.schema), quoted(&table.name.name));
    let found = warehouse.query(&sql).unwrap();
    let row = |values: Vec<Option<String>>| {
        let values = table.columns.iter().zip(values);
        values.filter_map(|(column, value)| Some((column.name.clone(), value?))).collect()
    };
    found.rows.into_iter().map(row).collect()
}

fn system(row: &BTreeMap<String, String>) -> String {
    let emitted_at = moments::read(&row["_airbyte_emitted_at"]).unwrap().in_utc().unwrap() / 1000;
    let meta: Value = serde_json::from_str(&row["_airbyte_meta"]).unwrap();
    let changes = meta["changes"].as_array().unwrap().iter().map(change_shown).collect();
    system_shown(emitted_at, row["_airbyte_generation_id"].parse().unwrap(), &meta["sync_id"], changes)
}

/// A value's text as the warehouse writes it, in the reference's words.
fn shown(storage: Storage, sql_type: &str, text: &str) -> String {
    let sql_type = sql_type.to_lowercase();
    let kinds = [
        Scalar::Date,
        Scalar::Timestamp { with_zone: true },
        Scalar::Timestamp { with_zone: false },
        Scalar::Time { with_zone: true },
        Scalar::Time { with_zone: false },
    ];
    let temporal = kinds.into_iter().find(|kind| storage.type_of(super::layout::ColumnKind::Scalar(*kind)) == sql_type);
    if let Some(kind) = temporal {
        // DuckDB names the era behind the date
        let (text, era) =
            if text.contains("(BC)") { (text.replace(" (BC)", ""), " BC") } else { (text.to_owned(), "") };
        return moment(kind, &format!("{text}{era}")).map_or(text, |moment| moment.shown());
    }
    if let Some(element_type) = sql_type.strip_suffix("[]") {
        let is_text = ["varchar", "text"].contains(&element_type);
        let elements: Vec<Option<String>> = if is_text {
            serde_json::from_str(text).unwrap()
        } else {
            // numbers that JSON does not have or that no float holds
            let elements = text.trim_matches(['[', ']']).split(',').map(|text| text.trim().trim_matches('"'));
            let elements = elements.filter(|text| !text.is_empty());
            elements.map(|text| (text != "null").then(|| text.to_owned())).collect()
        };
        let element = |element: Option<String>| element.map(|text| Typed::Text(shown(storage, element_type, &text)));
        return list(&elements.into_iter().map(element).collect::<Vec<_>>());
    }
    match sql_type.as_str() {
        "json" | "jsonb" => Typed::Json(serde_json::from_str(text).unwrap()).shown(),
        "varchar" | "text" | "boolean" => text.to_owned(),
        _ => match (decimals::read(text), text) {
            (Some(number), _) => number.shown(),
            (None, "inf" | "Infinity") => "infinity".to_owned(),
            (None, "-inf" | "-Infinity") => "-infinity".to_owned(),
            (None, other) => other.to_lowercase(),
        },
    }
}
