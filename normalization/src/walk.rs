//! A cursor over JSON text that is known to be valid.
