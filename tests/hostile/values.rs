//! Values that are meant to be too much: numbers, depth, width, and text that ends quotations.

use serde_json::{Value, json};

use super::{catalog, record, verb};
use crate::landing::{Destination, line, state};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    numbers_beyond_everything_are_told_and_never_computed,
    text_that_ends_a_quotation_is_text,
    objects_of_very_many_members_are_read_in_their_time,
    changes_beyond_their_room_are_counted,
    an_emitted_at_that_is_no_moment_is_the_time_of_arrival,
}

/// A column for each way to read a value.
fn every_kind() -> Value {
    let kinds = [
        ("boolean", json!({"type": "boolean"})),
        ("big", json!({"type": "string", "airbyte_type": "big_integer"})),
        ("whole", json!({"type": "integer"})),
        ("number", json!({"type": "number"})),
        ("text", json!({"type": "string"})),
        ("date", json!({"type": "string", "format": "date"})),
        ("instant", json!({"type": "string", "format": "date-time"})),
        ("clock", json!({"type": "string", "format": "time"})),
        ("list", json!({"type": "array", "items": {"type": "number"}})),
        ("json", json!({})),
        ("child", json!({"type": "object", "properties": {"number": {"type": "number"}}})),
    ];
    kinds.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// A record with this text of a value in each of its columns.
fn filled(value: &str) -> String {
    let members: Vec<_> = every_kind().as_object().unwrap().keys().map(|name| format!("\"{name}\":{value}")).collect();
    format!(
        "{{\"type\":\"RECORD\",\"record\":{{\"stream\":\"s\",\"data\":{{{}}},\"emitted_at\":0}}}}\n",
        members.join(",")
    )
}

fn numbers_beyond_everything_are_told_and_never_computed<W: TestWarehouse>() {
    let digits = "7".repeat(100_000);
    let numbers = [
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        "1e99999999999999999999999999",
        "1e-99999999999999999999999999",
        "0e999999999",
        "1e131071",
        "1e131072",
        "1e-16383",
        "1e-16384",
        "0.1e308",
        "9007199254740993",
        "-0",
        "-0.0e-0",
        "170141183460469231731687303715884105728",
        "1.7976931348623159e308",
        "4.9e-324",
        "2e-324",
    ];
    let numbers = numbers.map(str::to_owned).into_iter().chain([
        digits.clone(),
        format!("-{digits}"),
        format!("0.{digits}"),
        format!("{digits}e-100000"),
        format!("1e{digits}"),
        format!("0.{}1e100001", "0".repeat(100_000)),
    ]);
    // alone, as text, and inside of something
    let values: Vec<_> = numbers
        .flat_map(|number| {
            [number.clone(), format!("\"{number}\""), format!("[{number}]"), format!("{{\"number\":{number}}}")]
        })
        .collect();
    for number in ["native", "double", "decimal"] {
        for scalar_arrays in ["csv", "list", "json"] {
            let keys = json!({"normalization": {"number": number, "scalar_arrays": scalar_arrays}});
            let destination = Destination::of::<W>(&keys);
            let input: String = values.iter().map(|value| filled(value)).collect();
            destination.write(&catalog(&[("s", every_kind())]), &input).succeeded();
            let landed = destination.query("SELECT count(*) FROM s");
            assert_eq!(landed, [[Some(values.len().to_string())]]);
        }
    }
}

fn text_that_ends_a_quotation_is_text<W: TestWarehouse>() {
    let texts = [
        "'; DROP TABLE s; --",
        "\"; DROP TABLE s; --",
        "$$; DROP TABLE s; $$",
        "\\",
        "\\'",
        "\\.",
        "\\N",
        "\u{2028}",
        "\u{202e}",
        "\u{feff}",
        "\t\n\r\u{b}\u{85}",
        "{\"a\": \"b\"}",
        "[1,'x']",
        "NULL",
        "\u{1b}[2J",
        "$1",
        "%s",
    ];
    let destination = Destination::of::<W>(&json!({}));
    let input: String = texts.iter().map(|text| filled(&json!(text).to_string())).collect();
    destination.write(&catalog(&[("s", every_kind())]), &input).succeeded();
    for column in ["text", "list"] {
        let landed = destination.query(&format!("SELECT {column} FROM s ORDER BY _airbyte_ab_id"));
        let quoted = |text: &str| match column {
            "list" if text.contains([',', '"', '\r', '\n']) || text.starts_with('\t') => {
                format!("\"{}\"", text.replace('"', "\"\""))
            }
            _ => text.to_owned(),
        };
        assert_eq!(landed, texts.map(|text| vec![Some(quoted(text))]), "{column}");
    }
}

fn objects_of_very_many_members_are_read_in_their_time<W: TestWarehouse>() {
    let many: Value = (0..50_000).map(|number| (format!("undeclared{number}"), json!(number))).collect();
    let twice = format!("{{{}\"id\":1}}", "\"id\":0,".repeat(50_000));
    let destination = Destination::of::<W>(&json!({"normalization": {"additional_properties": "column"}}));
    let catalog =
        catalog(&[("s", json!({"id": {"type": "integer"}, "o": {"type": "object", "properties": {"x": {}}}}))]);
    let input = record("s", None, &json!({"id": 1, "o": many}))
        + &record("s", None, &many)
        + &line(&json!({"type": "RECORD", "record": {"stream": "s", "data": "DATA"}})).replace("\"DATA\"", &twice)
        + &state(1);
    let run = destination.write(&catalog, &input).succeeded();
    assert_eq!(run.states(), [1]);
    assert_eq!(destination.query("SELECT count(*), count(id) FROM s"), [[Some("3".to_owned()), Some("2".to_owned())]]);
}

/// Each of so many elements is told by a path of 200 characters.
fn changes_beyond_their_room_are_counted<W: TestWarehouse>() {
    let (records, elements, name) = (100, 2_000, "n".repeat(200));
    let items = json!({"type": "object", "properties": {"x": {"type": "integer"}}});
    let catalog = catalog(&[("s", json!({&name: {"type": "array", "items": items}, "id": {"type": "integer"}}))]);
    let data = |id: i32| json!({"id": id, &name: vec![1; elements]});
    let input: String = (0..records).map(|id| record("s", None, &data(id))).collect();
    let destination = Destination::of::<W>(&json!({}));
    let run = destination.write(&catalog, &(input + &state(1))).succeeded();
    assert_eq!(run.states(), [1]);
    let report = serde_json::to_string(&run.messages).unwrap();
    assert!(report.contains(&format!("nulled={}", 100 * elements)), "{report}");

    let metas = || destination.query("SELECT CAST(_airbyte_meta AS text) FROM s ORDER BY id");
    let landed = metas();
    assert_eq!(landed.len(), 100);
    for meta in landed.iter().flatten().flatten() {
        assert!((65_000..66_000).contains(&meta.len()), "{}", meta.len());
        let meta: Value = serde_json::from_str(meta).unwrap();
        let told = meta["changes"].as_array().unwrap();
        assert_eq!(told[7]["field"], json!(format!("{name}[7]")));
        assert_eq!(meta["omitted_changes"], json!(elements - told.len()));
    }
    verb(&destination, &["normalize"]);
    assert_eq!(metas(), landed);
}

fn an_emitted_at_that_is_no_moment_is_the_time_of_arrival<W: TestWarehouse>() {
    let moments = [-210_866_803_200_000_i64, i64::MAX / 1_000];
    let others = [moments[0] - 1, moments[1] + 1, -1_000_000_000_000_000, i64::MIN / 1_000, i64::MIN, i64::MAX];
    let input: String = moments
        .iter()
        .chain(&others)
        .zip(0..)
        .map(|(emitted_at, id)| {
            line(&json!({"type": "RECORD", "record": {"stream": "s", "data": {"id": id}, "emitted_at": emitted_at}}))
        })
        .collect();
    let destination = Destination::of::<W>(&json!({}));
    destination.write(&catalog(&[("s", json!({"id": {"type": "integer"}}))]), &input).succeeded();
    let landed = |table: &str| {
        let sql = format!(
            "SELECT CASE WHEN _airbyte_emitted_at < '0001-01-01' THEN 'first' WHEN _airbyte_emitted_at > '9999-12-31' \
             THEN 'last' WHEN _airbyte_emitted_at > '2020-01-01' THEN 'arrival' END FROM {table} ORDER BY _airbyte_ab_id"
        );
        destination.query(&sql).into_iter().flatten().map(Option::unwrap).collect::<Vec<_>>()
    };
    let expected: Vec<String> =
        [&["first", "last"][..], &["arrival"; 6]].concat().into_iter().map(str::to_owned).collect();
    assert_eq!([landed("s"), landed("_airbyte_raw_s")], [expected.clone(), expected.clone()]);
    verb(&destination, &["normalize"]);
    assert_eq!(landed("s"), expected);
}
