//! The configured catalog: streams, sync modes, generations; the only protocol types the core needs.
