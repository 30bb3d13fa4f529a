//! The level at which DuckDB compresses by zstd, which it has no setting for.
//!
//! DuckDB asks its own copy of zstd for the default level, 3. Records' texts take half the time at level 1, for some
//! percent more bytes. On Linux, what an executable defines goes before what a shared library does, in the library's own
//! calls, too; so `default_level` answers in the place of zstd's function. Wherever it does not, as in a static link,
//! DuckDB asks zstd as ever: nothing but speed and size hangs on it.

// A function takes the place of another by its symbol's name.
#![allow(unsafe_code)]

use std::ffi::c_int;

const LEVEL: c_int = 1;

#[cfg(test)]
static ASKED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// `int duckdb_zstd::ZSTD_defaultCLevel()`, which any thread may call at any time.
// SAFETY: nothing else has this symbol in a link with the shared library, and zstd's function has this signature.
#[unsafe(export_name = "_ZN11duckdb_zstd18ZSTD_defaultCLevelEv")]
extern "C" fn default_level() -> c_int {
    #[cfg(test)]
    ASKED.store(true, std::sync::atomic::Ordering::Relaxed);
    LEVEL
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::Ordering;

    use super::*;
    use crate::warehouse::duckdb::open::STORAGE_VERSION;

    #[test]
    fn duckdb_asks_us_for_the_level() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("texts.duckdb");
        let statements = format!(
            "ATTACH '{}' AS texts (STORAGE_VERSION '{STORAGE_VERSION}');
             CREATE TABLE texts.texts (text VARCHAR USING COMPRESSION zstd);
             INSERT INTO texts.texts SELECT repeat('text ' || i, 9) FROM range(3000) AS rows (i);
             CHECKPOINT texts;",
            file.display()
        );
        duckdb::Connection::open_in_memory().unwrap().execute_batch(&statements).unwrap();
        assert!(ASKED.load(Ordering::Relaxed));
    }
}
