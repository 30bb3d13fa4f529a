//! Plan x record bytes -> Arrow batches, one per table.
