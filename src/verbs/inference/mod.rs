//! What records suggest, for the verbs that need it.

/// What was found in records: an inference a stream.
pub(super) mod findings;
/// Records out of raw tables.
pub(super) mod raw;

/// Whether the stream of this namespace and name is the one that a person calls `wanted`: by its name, or `namespace.name`.
pub(super) fn is_called(namespace: Option<&str>, name: &str, wanted: &str) -> bool {
    let without_namespace = || wanted.strip_prefix(namespace?)?.strip_prefix('.');
    name == wanted || without_namespace() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::is_called;

    #[test]
    fn a_stream_is_called_by_its_name_with_or_without_its_namespace() {
        for (namespace, name, wanted, is_it) in [
            (None, "orders", "orders", true),
            (Some("shop"), "orders", "orders", true),
            (Some("shop"), "orders", "shop.orders", true),
            (Some("shop.eu"), "a.b", "shop.eu.a.b", true),
            (None, "shop.orders", "shop.orders", true),
            (Some("shop"), "orders", "other.orders", false),
            (Some("shop"), "orders", "shoporders", false),
            (None, "orders", ".orders", false),
            (Some("shop"), "orders", "shop.", false),
        ] {
            assert_eq!(is_called(namespace, name, wanted), is_it, "{namespace:?} {name} {wanted}");
        }
    }
}
