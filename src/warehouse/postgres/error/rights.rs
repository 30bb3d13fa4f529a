//! A right that the role lacks, and the statement that gives it.
//!
//! The server names the object in its message and nowhere else. In another language than English the message is passed on.

/// Starts of the server's messages, what is missing, and the statement that gives it: `{}` is the object's name, `{role}`
/// the role's. The first that fits counts.
const RIGHTS: &[(&str, &str, &str)] = &[
    ("permission denied for schema ", "may not create in the schema {}", "GRANT CREATE, USAGE ON SCHEMA {} TO {role}"),
    // quoted only when the role may not even connect
    (
        "permission denied for database \"",
        "may not connect to the database {}",
        "GRANT CONNECT ON DATABASE {} TO {role}",
    ),
    (
        "permission denied for database ",
        "may not create schemas in the database {}",
        "GRANT CREATE ON DATABASE {} TO {role}",
    ),
    (
        "permission denied to create temporary tables in database \"",
        "may not create temporary tables in the database {}",
        "GRANT TEMPORARY ON DATABASE {} TO {role}",
    ),
    ("permission denied for table ", "may not use the table {}", "ALTER TABLE {} OWNER TO {role}"),
    ("permission denied for view ", "may not use the view {}", "GRANT SELECT ON {} TO {role}"),
    ("permission denied for sequence ", "may not use the sequence {}", "GRANT USAGE ON SEQUENCE {} TO {role}"),
    ("permission denied for function ", "may not call the function {}", "GRANT EXECUTE ON FUNCTION {} TO {role}"),
    (
        "permission denied for tablespace ",
        "may not create in the tablespace {}",
        "GRANT CREATE ON TABLESPACE {} TO {role}",
    ),
    ("must be owner of table ", "may not change the table {}, only its owner may", "ALTER TABLE {} OWNER TO {role}"),
    ("must be owner of view ", "may not change the view {}, only its owner may", "ALTER VIEW {} OWNER TO {role}"),
    ("must be owner of schema ", "may not change the schema {}, only its owner may", "ALTER SCHEMA {} OWNER TO {role}"),
];

/// What the role lacks for what it was doing.
pub(super) fn explain(role: &str, doing: &str, message: &str) -> String {
    let known = RIGHTS.iter().find_map(|(start, lacks, gives)| Some((message.strip_prefix(start)?, lacks, gives)));
    let Some((name, lacks, gives)) = known else {
        return format!("{doing}: the role `{role}` lacks a right: {message}");
    };
    let name = name.trim_end_matches('"');
    let gives = gives.replace("{role}", &quoted(role)).replace("{}", &quoted(name));
    let lacks = lacks.replace("{}", &format!("`{name}`"));
    format!("{doing}: the role `{role}` {lacks}: {gives}")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_is_named_and_how_it_is_given() {
        for (message, expected) in [
            (
                "permission denied for schema my shop",
                "the role `lo\"ader` may not create in the schema `my shop`: GRANT CREATE, USAGE ON SCHEMA \"my shop\" TO \"lo\"\"ader\"",
            ),
            (
                "permission denied for database shop",
                "the role `lo\"ader` may not create schemas in the database `shop`: GRANT CREATE ON DATABASE \"shop\" TO \"lo\"\"ader\"",
            ),
            (
                "permission denied for database \"shop\"",
                "the role `lo\"ader` may not connect to the database `shop`: GRANT CONNECT ON DATABASE \"shop\" TO \"lo\"\"ader\"",
            ),
            (
                "must be owner of table orders",
                "the role `lo\"ader` may not change the table `orders`, only its owner may: ALTER TABLE \"orders\" OWNER TO \"lo\"\"ader\"",
            ),
            ("keine Berechtigung für Schema x", "the role `lo\"ader` lacks a right: keine Berechtigung für Schema x"),
        ] {
            assert_eq!(explain("lo\"ader", "creating", message), format!("creating: {expected}"));
        }
    }
}
