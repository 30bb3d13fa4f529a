//! Which tables and columns the properties of a stream become.
