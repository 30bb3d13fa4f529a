//! Lands Airbyte streams in SQL warehouses: raw, typed and unnested.

fn main() {}
