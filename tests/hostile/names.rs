//! Names that try to leave their quotes, wherever a name may stand, through everything that is done with them.

use serde_json::{Value, json};

use super::{CANARY, assert_canary, catalog, files, record, verb};
use crate::landing::Destination;
use crate::support::{Rows, TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    names_stay_in_their_quotes_whatever_is_done,
    schemas_of_the_config_stay_in_their_quotes,
    no_stream_has_its_tables_among_those_of_our_bookkeeping,
    a_long_name_is_told_by_its_beginning,
}

/// Names made to end a quotation, to begin a comment, to be taken for a file, to be cut, not to be seen.
fn names(folder: &str) -> Vec<String> {
    let mut names = [
        r#""; DROP TABLE main.canary; --"#,
        r"\'; DROP TABLE main.canary; --",
        "\0\"; DROP TABLE main.canary; --",
        "$$;$body$; DROP TABLE main.canary; $body$ */",
        "\u{feff}\u{2028}\"\u{85}'\u{1b}[2J\u{202e}yranac\u{200b}",
        "%s%n{}$1:name?.. U&\"\\0022",
        "FOLDER/canary.csv",
        "read_csv('FOLDER/canary.csv')",
        "\"; ATTACH 'FOLDER/stolen.duckdb' AS stolen; --",
        "'; COPY main.canary TO PROGRAM 'touch FOLDER/stolen'; --",
        "[]\",\"root\\",
    ]
    .map(|name| name.replace("FOLDER", folder))
    .to_vec();
    names.extend(["\"", "'"].map(|character| character.repeat(10_000 / character.len())));
    names
}

/// A stream whose name, namespace, properties, key and cursor are all this name.
fn stream(name: &str) -> Value {
    let object = json!({"type": "object", "properties": {name: {"type": "integer"}}});
    json!({
        "stream": {"name": name, "namespace": name, "json_schema": {"type": "object", "properties": {
            name: {"type": "string"}, "o": object, "a": {"type": "array", "items": object},
            "_ab_cdc_deleted_at": {"type": "string"}, "_ab_cdc_lsn": {"type": "number"},
        }}},
        "sync_mode": "incremental", "destination_sync_mode": "append_dedup",
        "primary_key": [[name]], "cursor_field": ["o", name],
    })
}

fn row(name: &str, key: &str, cursor: i64, deleted: Option<&str>) -> String {
    let object = json!({name: cursor});
    let data =
        json!({name: key, "o": object, "a": [object, object], "_ab_cdc_deleted_at": deleted, "_ab_cdc_lsn": cursor});
    record(name, Some(name), &data)
}

/// How many rows each table of the streams has, by what its COMMENT says it is.
fn counts(destination: &Destination) -> Vec<(String, usize)> {
    let tables = destination.tables().into_iter().filter(|table| table.comment.is_some());
    let mut counts: Vec<_> = tables.map(|table| (table.comment.unwrap_or_default(), table.rows.len())).collect();
    counts.sort();
    counts
}

fn names_stay_in_their_quotes_whatever_is_done<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&json!({"normalization": {"naming": "exact", "history": true}}));
    destination.write(&catalog(&[("first", json!({}))]), "").succeeded();
    destination.execute(CANARY);
    destination.file("canary.csv", "canary\nalive\n");
    let names = names(&destination.folder().display().to_string());
    let catalog = json!({"streams": names.iter().map(|name| stream(name)).collect::<Vec<_>>()});
    destination.command(&catalog);
    let before = files(destination.folder());
    // every name is a key's value as well: one that stays, one that is deleted
    let rows = |cursor: i64, deleted: bool| -> String {
        let of_name = |name: &String| {
            row(name, name, cursor, None) + &row(name, "gone", cursor, deleted.then_some(name.as_str()))
        };
        names.iter().map(of_name).collect()
    };
    destination.write(&catalog, &rows(1, false)).succeeded();
    destination.write(&catalog, &rows(2, true)).succeeded();
    let landed = counts(&destination);
    let of = |role: &str, rows: usize| {
        landed.iter().filter(|(comment, count)| comment.starts_with(role) && *count == rows).count()
    };
    let found =
        [of("[\"raw\"", 4), of("[\"stream\"", 1), of("[\"history\"", 3), of("[\"child\"", 1), of("[\"child\"", 2)];
    assert_eq!(found, [names.len(); 5], "{landed:?}");

    for arguments in [
        &["plan"][..],
        &["plan", "--format", "sql"],
        &["plan", "--format", "mermaid"],
        &["plan", "--format", "json"],
        &["tables"],
        &["compact", "--dry-run"],
        &["normalize", "--dry-run"],
        &["normalize"],
    ] {
        let told = verb(&destination, arguments);
        assert!(!told.contains(['\0', '\u{1b}', '\u{202e}']) || arguments.contains(&"--format"), "{arguments:?}");
        assert_eq!(counts(&destination), landed, "{arguments:?}");
    }
    for name in names.iter().take(1) {
        verb(&destination, &["infer", &format!("--schema={}", name.replace('\0', ""))]);
    }
    verb(&destination, &["compact", "--keep-versions", "1"]);
    assert_canary(&destination);
    assert_eq!(files(destination.folder()), before);
}

fn schemas_of_the_config_stay_in_their_quotes<W: TestWarehouse>() {
    let mut destination = Destination::of::<W>(&json!({"normalization": {"naming": "exact"}}));
    let catalog = catalog(&[("s", json!({"id": {"type": "integer"}}))]);
    destination.write(&catalog, "").succeeded();
    destination.execute(CANARY);
    for name in names(&destination.folder().display().to_string()) {
        destination.reconfigure(&json!({"schema": name, "raw_data_schema": format!("raw{name}")}));
        destination.write(&catalog, &record("s", None, &json!({"id": 1}))).succeeded();
        verb(&destination, &["tables"]);
        verb(&destination, &["normalize"]);
    }
    // two of the names are the same without U+0000; another schema is that of the first sync
    let schemas: Rows =
        destination.query("SELECT count(*) FROM information_schema.tables WHERE table_name = '_airbyte_raw_s'");
    assert_eq!(schemas, [[Some((names("").len()).to_string())]]);
    assert_canary(&destination);
}

fn no_stream_has_its_tables_among_those_of_our_bookkeeping<W: TestWarehouse>() {
    let lower =
        ["_airbyte_internal", "_Airbyte Internal", "_\u{e1}irbyte-internal"].map(|namespace| ("lower", namespace));
    let others = [("exact", "_airbyte\0_internal"), ("basic", "_airbyte_internal")];
    for (naming, namespace) in lower.into_iter().chain(others) {
        let destination = Destination::of::<W>(&json!({"normalization": {"naming": naming}}));
        let mut catalog = catalog(&[("main__s__staging", json!({"id": {"type": "integer"}}))]);
        catalog["streams"][0]["stream"]["namespace"] = json!(namespace);
        let run = destination.write(&catalog, &record("main__s__staging", Some(namespace), &json!({"id": 1})));
        let (kind, told) = run.error();
        assert_eq!(kind, "config_error", "{told}");
        assert!(
            told.ends_with(
                "the schema `_airbyte_internal` is kept for bookkeeping; choose another namespace or schema"
            ),
            "{told}"
        );
        let tables = "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%staging%'";
        assert_eq!(destination.query(tables), [[None::<String>; 0]; 0]);
    }
}

fn a_long_name_is_told_by_its_beginning<W: TestWarehouse>() {
    let long = |number: usize| format!("{number}{}", "z".repeat(100_000));
    let told = |run: &crate::landing::Run| run.messages.iter().map(|message| message.to_string().len()).sum::<usize>();
    let known = catalog(&[("s", json!({"id": {"type": "integer"}}))]);

    let failing = Destination::of::<W>(&json!({}));
    let run = failing.write(&known, &record(&long(7), Some(&long(8)), &json!({"id": 1})));
    let (beginning, other) = (format!("8{}…", "z".repeat(199)), format!("7{}…", "z".repeat(199)));
    let message =
        format!("line 1 of the input is a RECORD of stream `{beginning}.{other}`, which the catalog does not have");
    assert_eq!(run.error(), ("system_error", message.as_str()));
    assert!(told(&run) < 10_000, "{}", told(&run));

    // unknown streams, undeclared properties, and a stream of the catalog
    let skipping = Destination::of::<W>(&json!({"loading": {"on_bad_input": "skip"}}));
    let unknown: String = (0..20).map(|number| record(&long(number), None, &json!({"id": 1}))).collect();
    let undeclared: String = (0..20).map(|number| record("s", None, &json!({long(number): 1}))).collect();
    let run = skipping.write(&known, &(unknown + &undeclared)).succeeded();
    assert!(told(&run) < 40_000, "{}", told(&run));
    let report = run
        .messages
        .iter()
        .find_map(|message| message["log"]["message"].as_str().filter(|message| message.contains("sync report")));
    assert!(report.unwrap().contains(&format!("19{}…", "z".repeat(198))), "{report:?}");

    let mut catalog = catalog(&[(&long(9), json!({"id": {"type": "integer"}}))]);
    let stream = &mut catalog["streams"][0];
    (stream["destination_sync_mode"], stream["primary_key"]) = (json!("append_dedup"), json!([[long(3)]]));
    let run = failing.write(&catalog, "");
    let (kind, message) = run.error();
    assert_eq!((kind, message.chars().filter(|character| *character == 'z').count()), ("config_error", 2 * 199));
}
