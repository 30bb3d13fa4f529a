//! Plan x dialect -> statements.
