//! Lands Airbyte streams in SQL warehouses: raw, typed and unnested.

/// Why a run failed, and who must act.
mod failure;
/// The Airbyte protocol: lines in, messages out.
mod protocol;

fn main() {}
