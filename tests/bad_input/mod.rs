//! Input, files and disks that can't be used: what a person is told, what landed, what was acknowledged.

/// Lines that can't be used, and input that ends or goes silent where it should not.
mod lines;
/// Configs and catalogs that are refused before the first row.
mod refused;
/// Paths, disks and files that the database can't live in.
mod storage;
