//! From a configured Airbyte catalog to tables: the plan, the rows and the SQL.
//!
//! This crate has no I/O, no clock, no environment and no async. It decides, as data; the binary acts.
//! Dependencies inside it point one way: `kind` <- `shape` <- `names` <- `plan` <- {`shred`, `sql` <- `describe`}.

/// One JSON value into one typed value, with the change that it cost.
pub mod cast;
/// The configured catalog: streams, sync modes, generations; the only protocol types the core needs.
pub mod catalog;
/// The `_airbyte_*` system columns, spelled once.
pub mod columns;
/// Plan x dialect -> what is read of it before anything is done.
pub mod describe;
/// Records -> schemas: what a stream's records have in common, as a configured catalog.
pub mod infer;
/// Column kinds: what a column holds, how kinds widen, the Arrow type of each.
pub mod kind;
/// What a warehouse can hold: plain facts that planning and casting ask for.
pub mod limits;
/// Identifiers: cleaned, cut, and kept apart whatever the order they come in.
pub mod names;
/// Catalog x options x limits -> tables, columns and the tree that records are walked by.
pub mod plan;
/// Raw tables, whoever wrote them: where they are and which of their columns hold what.
pub mod raw;
/// JSON Schema -> shape; nothing downstream sees a schema again.
pub mod shape;
/// Plan x record bytes -> Arrow batches, one per table.
pub mod shred;
/// Plan x dialect -> statements.
pub mod sql;
/// A cursor over JSON text that is known to be valid.
pub mod walk;
