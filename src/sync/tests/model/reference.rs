//! One stream as the contract has it: semantics §6, §7 and §9.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::case::Sync;
use super::layout::{ColumnKind, Layout, Path, Storage};
use super::schema::Scalar;
use super::text;
use super::versions::{Dedup, Record, Version, newest};

/// What one sync asks for.
struct Plan {
    layout: Layout,
    dedup: Option<Dedup>,
    keeps_history: bool,
    keeps_raw: bool,
    backfills: bool,
}

/// Rows that are read together: what is live, or what an unfinished replacement has loaded.
#[derive(Default)]
pub(super) struct Pile {
    /// By what the rows were typed last.
    pub(super) layout: Option<Layout>,
    pub(super) dedup: Option<Dedup>,
    pub(super) keeps_history: bool,
    /// Columns that there are, also of gone properties: by table and source path there.
    pub(super) columns: BTreeMap<(Path, String), (ColumnKind, Storage)>,
    /// Child tables that there are, also of gone properties; `true`: of an array.
    pub(super) tables: BTreeMap<Path, bool>,
    pub(super) raw: Vec<Rc<Record>>,
    /// Rows that no key tells apart.
    rows: Vec<Version>,
    /// Every version of every key.
    pub(super) versions: Vec<Version>,
    /// The contract does not say what typed rows are now.
    pub(super) is_lost: bool,
    /// The same of the history.
    pub(super) is_history_lost: bool,
}

/// A stream from its first sync on.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) live: Pile,
    staged: Option<(i64, Pile)>,
    replaced: Option<i64>,
    arrivals: usize,
}

/// What a sync does to what is there.
enum Replacement {
    Keep,
    /// Starting from nothing whatever was loaded before.
    Always,
    Generation(i64),
}

impl Stream {
    pub(super) fn sync(&mut self, sync: &Sync, storage: Storage) {
        let (stream, config) = (&sync.stream, &sync.config);
        let layout = Layout::of(&stream["stream"]["json_schema"], config);
        let plan = Plan {
            dedup: Dedup::of(stream, &layout, config, storage),
            keeps_history: config["history"] == true && stream["destination_sync_mode"] == "append_dedup",
            keeps_raw: config["raw"] != "none",
            backfills: config["backfill"] == true,
            layout,
        };
        let records = sync.records.iter().map(|record| {
            self.arrivals += 1;
            Rc::new(Record {
                data: text::data(record),
                emitted_at: record["emitted_at"].as_i64().unwrap(),
                arrival: self.arrivals,
                generation: stream["generation_id"].as_i64().unwrap_or(0),
                sync_id: stream["sync_id"].clone(),
                changes: record["meta"]["changes"].as_array().cloned().unwrap_or_default(),
            })
        });
        let records: Vec<Rc<Record>> = records.collect();

        let is_overwrite = stream["destination_sync_mode"] == "overwrite";
        let generation = match replacement(stream) {
            Replacement::Keep => None,
            Replacement::Always => {
                self.staged = None;
                Some(0)
            }
            Replacement::Generation(generation) => {
                self.staged = self.staged.take().filter(|(staged, _)| *staged == generation);
                let is_done = self.replaced == Some(generation) && self.staged.is_none();
                (!is_done || is_overwrite).then_some(generation)
            }
        };
        match generation {
            None => {
                let unfinished = self.staged.take().filter(|(generation, _)| *generation > 0);
                self.live.adapt(&plan, storage);
                if let Some((_, mut staged)) = unfinished {
                    staged.adapt(&plan, storage);
                    staged.forget_undeclared(&plan.layout);
                    self.live.absorb(staged);
                }
                self.live.add(&records, &plan, storage);
            }
            Some(generation) => {
                let (_, mut staged) = self.staged.take().unwrap_or_default();
                staged.adapt(&plan, storage);
                staged.add(&records, &plan, storage);
                self.live.extend(&plan.layout, storage);
                if sync.is_complete {
                    staged.forget_undeclared(&plan.layout);
                    for (column, kind) in std::mem::take(&mut self.live.columns) {
                        if column.0.is_empty() || staged.tables.contains_key(&column.0) {
                            staged.columns.entry(column).or_insert(kind);
                        }
                    }
                    staged.tables = plan.layout.tables.clone();
                    self.live = staged;
                    self.replaced = Some(generation);
                } else {
                    if self.live.layout.is_none() {
                        self.live.adapt(&plan, storage);
                    }
                    self.staged = Some((generation, staged));
                }
            }
        }
    }
}

fn replacement(stream: &Value) -> Replacement {
    let (generation, minimum) = (stream["generation_id"].as_i64(), stream["minimum_generation_id"].as_i64());
    match (generation, minimum) {
        (Some(generation), Some(minimum)) if minimum > 0 && minimum == generation => {
            Replacement::Generation(generation)
        }
        (Some(1..), Some(_)) => Replacement::Keep,
        _ if stream["destination_sync_mode"] == "overwrite" => Replacement::Always,
        _ => Replacement::Keep,
    }
}

impl Pile {
    /// The rows of the typed tables.
    pub(super) fn present(&self) -> Vec<Version> {
        [self.rows.clone(), newest(&self.versions)].concat()
    }

    fn add(&mut self, records: &[Rc<Record>], plan: &Plan, storage: Storage) {
        self.raw.extend(records.iter().cloned());
        let versions = records.iter().map(|record| Version::new(record, &plan.layout, plan.dedup.as_ref(), storage));
        if plan.dedup.is_some() { self.versions.extend(versions) } else { self.rows.extend(versions) }
    }

    /// Takes up what an unfinished replacement had loaded.
    fn absorb(&mut self, staged: Self) {
        self.raw.extend(staged.raw);
        self.rows.extend(staged.rows);
        self.versions.extend(staged.versions);
        for (column, kind) in staged.columns {
            self.columns.entry(column).or_insert(kind);
        }
        self.is_lost |= staged.is_lost;
        self.is_history_lost |= staged.is_history_lost;
    }

    /// What an unfinished replacement had typed for properties that have changed or gone since: whether it outlasts the
    /// replacement is left open.
    fn forget_undeclared(&mut self, layout: &Layout) {
        let is_declared = |table: &Path, column: &str| {
            layout.columns.iter().any(|(path, (of, _))| of == table && path[table.len()..].join(".") == column)
        };
        self.is_lost |= self.columns.keys().any(|(table, column)| !is_declared(table, column));
        self.is_lost |= self.tables.keys().any(|path| !layout.tables.contains_key(path));
        let mut versions = self.rows.iter().chain(&self.versions);
        self.is_lost |= versions.any(|version| version.row.shown().contains(" retired="));
        self.columns.retain(|(table, column), _| is_declared(table, column));
        self.tables.retain(|path, _| layout.tables.contains_key(path));
    }

    /// New columns and tables are there even before a replacement takes effect.
    fn extend(&mut self, layout: &Layout, storage: Storage) {
        for (path, (table, kind)) in &layout.columns {
            let column = path[table.len()..].join(".");
            self.columns.entry((table.clone(), column)).or_insert((*kind, storage));
        }
        for (path, is_array) in &layout.tables {
            self.tables.entry(path.clone()).or_insert(*is_array);
        }
    }

    /// Brings the rows to what a sync asks for: semantics §7.
    fn adapt(&mut self, plan: &Plan, storage: Storage) {
        let is_typed_again = self.layout.is_some() && self.is_stale(plan, storage);
        if is_typed_again && plan.keeps_raw {
            let stored =
                |record: &Rc<Record>| Rc::new(Record { data: text::stored(&record.data), ..Record::clone(record) });
            let all: Vec<Rc<Record>> = std::mem::take(&mut self.raw).iter().map(stored).collect();
            (self.rows, self.versions) = (Vec::new(), Vec::new());
            self.tables = BTreeMap::new();
            (self.is_lost, self.is_history_lost) = (false, false);
            self.add(&all, plan, storage);
            self.columns.retain(|(table, _), _| table.is_empty() || plan.layout.tables.contains_key(table));
            for (path, (table, kind)) in &plan.layout.columns {
                self.columns.insert((table.clone(), path[table.len()..].join(".")), (*kind, storage));
            }
        } else if is_typed_again {
            self.follow(plan, storage);
        }
        if plan.dedup.is_none() {
            self.rows = self.present();
            self.versions = Vec::new();
        }
        self.extend(&plan.layout, storage);
        self.layout = Some(plan.layout.clone());
        self.dedup.clone_from(&plan.dedup);
        self.keeps_history = plan.keeps_history;
    }

    fn is_stale(&self, plan: &Plan, storage: Storage) -> bool {
        let (before, now) = (self.layout.as_ref().unwrap(), &plan.layout);
        let is_table_alone =
            |layout: &Layout, path: &Path| layout.tables.contains_key(path) && !layout.columns.contains_key(path);
        let column = |(path, (table, kind)): (&Path, &(Path, ColumnKind))| {
            let present = self.columns.get(&(table.clone(), path[table.len()..].join(".")));
            present.is_some_and(|(present, held)| held.type_of(*present) != storage.type_of(*kind))
                || match before.columns.get(path) {
                    Some(known) => known != &(table.clone(), *kind),
                    None => plan.backfills || (is_table_alone(before, path) && !now.tables.contains_key(path)),
                }
        };
        let table = |(path, is_array): (&Path, &bool)| {
            let becomes_array = *is_array && self.tables.get(path) == Some(&false);
            becomes_array
                || match before.tables.get(path) {
                    Some(known) => known != is_array,
                    None => before.columns.contains_key(path) && is_table_alone(now, path),
                }
        };
        now.columns.iter().any(column)
            || now.tables.iter().any(table)
            || (plan.dedup.is_some() && plan.dedup != self.dedup)
            || (plan.keeps_history && !self.keeps_history)
    }

    /// Without raw, rows stay as they were typed: columns are widened, or make way.
    fn follow(&mut self, plan: &Plan, storage: Storage) {
        self.is_lost |= plan.dedup.is_some() && plan.dedup != self.dedup;
        self.is_history_lost |= plan.keeps_history && !self.keeps_history;
        for (path, (table, kind)) in &plan.layout.columns {
            let column = path[table.len()..].join(".");
            let known = self.layout.as_ref().and_then(|layout| layout.columns.get(path));
            self.is_lost |= known.is_some_and(|(known, _)| known != table);
            let now = (*kind, storage);
            let Some((present, _)) = self.columns.insert((table.clone(), column.clone()), now) else { continue };
            if storage.type_of(present) == storage.type_of(*kind) {
                continue;
            }
            if widens(present, *kind) {
                // what the warehouse's cast makes of other kinds is the warehouse's
                self.is_lost |= present != ColumnKind::Scalar(Scalar::Integer);
                self.is_lost |= storage.is_double() && *kind == ColumnKind::Scalar(Scalar::Number);
                continue;
            }
            for version in self.rows.iter_mut().chain(&mut self.versions) {
                version.row.each_of(table, &mut |row| {
                    let cells = row.cells.iter_mut().filter(|(name, _)| *name == column);
                    cells.for_each(|(name, _)| name.push_str(" retired"));
                });
            }
        }
    }
}

fn widens(from: ColumnKind, to: ColumnKind) -> bool {
    let (ColumnKind::Scalar(from), ColumnKind::Scalar(to)) = (from, to) else { return false };
    to == Scalar::Text || (from < to && to <= Scalar::Number)
}
