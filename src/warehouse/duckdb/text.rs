//! Text in SQL and SQL in messages.

/// Text as a SQL literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What a statement is for, in its own first words: `INSERT INTO "main"."users"`. It ends before anything that could be
/// a value.
pub(super) fn purpose(sql: &str) -> String {
    const STOPS: &[&str] = &["SELECT", "VALUES", "SET", "USING", "WHERE", "AS", "IS", "FROM"];
    let mut quoted = false;
    let is_end = |character: char| {
        quoted ^= character == '"';
        !quoted && matches!(character, '(' | '\'' | ';' | '\n')
    };
    let head = sql.trim_start().split(is_end).next().unwrap_or_default();
    let words = words(head);
    let kept = words
        .iter()
        .enumerate()
        // DELETE FROM names its table after a stop
        .take_while(|(index, word)| !STOPS.contains(word) || (**word == "FROM" && *index == 1))
        .map(|(_, word)| *word);
    kept.collect::<Vec<_>>().join(" ")
}

/// The table, as SQL names it, from which a statement deletes some of the rows.
pub(super) fn deletes_from(sql: &str) -> Option<&str> {
    match words(sql).as_slice() {
        ["DELETE", "FROM", table, "WHERE", ..] => Some(table),
        _ => None,
    }
}

/// Splits at blanks outside of quoted identifiers.
fn words(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character: char| {
        quoted ^= character == '"';
        !quoted && character.is_whitespace()
    })
    .filter(|word| !word.is_empty())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{deletes_from, literal, purpose};

    #[test]
    fn literals_hold_quotes() {
        assert_eq!(literal("it's"), "'it''s'");
    }

    #[test]
    fn where_some_rows_are_deleted_is_told() {
        assert_eq!(deletes_from("DELETE FROM \"m\".\"a WHERE b\"\nWHERE x IN (1)"), Some("\"m\".\"a WHERE b\""));
        assert_eq!(deletes_from("DELETE FROM \"m\".\"t\""), None);
        assert_eq!(deletes_from("INSERT INTO t SELECT 1 WHERE TRUE"), None);
    }

    #[test]
    fn a_purpose_names_the_table_and_no_value() {
        for (sql, expected) in [
            (r#"INSERT INTO "main"."a (b" ("x") SELECT 1"#, r#"INSERT INTO "main"."a (b""#),
            (
                r#"CREATE TABLE IF NOT EXISTS "m"."my table" AS SELECT 'secret'"#,
                r#"CREATE TABLE IF NOT EXISTS "m"."my table""#,
            ),
            (r#"DELETE FROM "m"."t" WHERE x = 'secret'"#, r#"DELETE FROM "m"."t""#),
            ("UPDATE t SET a = 1", "UPDATE t"),
            ("COMMENT ON TABLE t IS 'secret'", "COMMENT ON TABLE t"),
            ("  SELECT 42", ""),
        ] {
            assert_eq!(purpose(sql), expected);
        }
    }
}
