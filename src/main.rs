//! Lands Airbyte streams in SQL warehouses: raw, typed and unnested.
#![allow(dead_code)]

mod warehouse;

fn main() {}
