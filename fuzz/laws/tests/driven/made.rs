//! Inputs made for one law, by the grammar that it is about.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::mutations::changed;

fn text(strategy: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Vec<u8>> {
    changed(strategy.prop_map(String::into_bytes))
}

fn lines_of(line: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Vec<u8>> {
    text(prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n")))
}

fn pick(words: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    select(words.to_vec()).prop_map(str::to_owned)
}

fn number() -> impl Strategy<Value = String> {
    let near_an_end = (select(vec!["-", ""]), any::<u128>(), 0_u32..128, select(vec!["", ".0", "e0", ".5", "e-1"]))
        .prop_map(|(sign, number, bits, rest)| format!("{sign}{}{rest}", number >> bits));
    prop_oneof![
        "-?(0|[1-9][0-9]{0,45})(\\.[0-9]{1,45})?([eE][+-]?[0-9]{1,3})?",
        "-?[0-9]{1,3}(\\.[05]{1,12})?(e-?(131[0-9]{3}|163[0-9]{2}|30[0-9]|32[0-9]|[0-9]{9,25}))?",
        any::<f64>().prop_map(|double| format!("{double:e}")),
        near_an_end,
    ]
}

fn moment() -> impl Strategy<Value = String> {
    let date = prop_oneof![
        "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        "\\+?0{0,3}[0-9]{4,8}-(02-2[89]|12-31|01-01)",
        "-?[0-9]{4,6}-(0[1-9]|1[0-2])-(0[1-9]|2[0-9])",
    ];
    let clock = prop_oneof!["[0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.,][0-9]{0,12})?)?", "23:59:(59|60)(\\.9{1,9})?"];
    let zone = "( ?[+-][01][0-9](:?[0-5][0-9])?|Z|z)?";
    prop_oneof![
        date.clone(),
        (date, select(vec!["T", "t", " "]), clock.clone(), zone, pick(&["", "", "", " BC"]))
            .prop_map(|(date, between, clock, zone, era)| format!("{date}{between}{clock}{zone}{era}")),
        (clock, zone).prop_map(|(clock, zone)| clock + &zone),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        pick(&[
            "",
            "_",
            "a",
            "A",
            "id",
            "ID",
            "É",
            "é",
            "1st",
            "rowid",
            "ctid",
            "_airbyte_ab_id",
            "a_scd",
            "İ",
            "ß",
            "K"
        ]),
        "[aAbB_ .é1-]{0,5}",
        any::<String>(),
        ("[xXé]", 20_usize..90).prop_map(|(part, times)| part.repeat(times)),
    ]
}

pub(super) fn numbers() -> BoxedStrategy<Vec<u8>> {
    text(number())
}

pub(super) fn moments() -> BoxedStrategy<Vec<u8>> {
    text(moment())
}

pub(super) fn names() -> BoxedStrategy<Vec<u8>> {
    lines_of(name())
}

pub(super) fn copy() -> BoxedStrategy<Vec<u8>> {
    let decimal = "-?[0-9]{1,40}(\\.[0-9]{1,40})?";
    let time = "[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}";
    lines_of(prop_oneof![
        decimal,
        time,
        pick(&["NULL", ""]),
        ".{0,20}",
        any::<f64>().prop_map(|double| double.to_string())
    ])
}

/// Any value: mostly of the kinds that [`schema`] asks for.
fn value(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        2 => number().prop_map(|number| serde_json::from_str(&number).unwrap_or(Value::Null)),
        1 => number().prop_map(Value::from),
        2 => moment().prop_map(Value::from),
        2 => ".{0,12}".prop_map(Value::from),
        2 => select(vec![json!(null), json!(true), json!("TRUE"), json!(7), json!(""), json!("a,b"), json!("\0")]),
    ];
    leaf.prop_recursive(depth, 30, 5, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            2 => members(inner).prop_map(Value::Object),
        ]
    })
    .boxed()
}

fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let key = prop_oneof![6 => pick(&["a", "b", "c", "d"]), 1 => name()];
    prop::collection::vec((key, inner), 0..6).prop_map(|members| members.into_iter().collect())
}

fn schema() -> BoxedStrategy<Value> {
    let leaf = select(vec![
        json!({"type": "boolean"}),
        json!({"type": ["null", "integer"]}),
        json!({"type": "string", "airbyte_type": "big_integer"}),
        json!({"type": "number"}),
        json!({"type": "string"}),
        json!({"type": "string", "format": "date"}),
        json!({"type": "string", "format": "date-time"}),
        json!({"type": "string", "airbyte_type": "timestamp_without_timezone"}),
        json!({"type": "string", "format": "time"}),
        json!({"type": "string", "airbyte_type": "time_with_timezone"}),
        json!({"enum": [1, "x", null]}),
        json!({"$ref": "#/properties/a"}),
        json!({}),
        json!(true),
        json!(null),
    ]);
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            3 => members(inner.clone()).prop_map(|properties| json!({"type": ["null", "object"], "properties": properties})),
            2 => inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            1 => (select(vec!["oneOf", "anyOf", "allOf"]), prop::collection::vec(inner, 0..4))
                .prop_map(|(union, branches)| json!({union: branches})),
        ]
    })
    .boxed()
}

pub(super) fn records() -> BoxedStrategy<Vec<u8>> {
    let records = prop::collection::vec(members(value(4)).prop_map(|record| Value::Object(record).to_string()), 0..5);
    let schema = members(schema()).prop_map(|properties| json!({"properties": properties}).to_string());
    text((schema, records).prop_map(|(schema, records)| format!("{schema}\n{}", records.join("\n"))))
}

pub(super) fn catalogs() -> BoxedStrategy<Vec<u8>> {
    let stream = (name(), select(vec![None, Some("shop"), Some("main")]), members(schema()));
    let stream = (stream, select(vec!["append", "overwrite", "append_dedup"]), prop::collection::vec(name(), 0..3));
    let stream = stream.prop_map(|((name, namespace, properties), mode, path)| {
        let key = properties.keys().next().cloned().unwrap_or_default();
        json!({
            "stream": {"name": name, "namespace": namespace, "json_schema": {"properties": properties}},
            "destination_sync_mode": mode, "primary_key": [[key]], "cursor_field": path, "generation_id": 1,
        })
    });
    let streams = prop::collection::vec(stream, 1..5);
    text(streams.prop_map(|streams| json!({"streams": streams}).to_string()))
}

pub(super) fn lines() -> BoxedStrategy<Vec<u8>> {
    let stream = || prop_oneof![3 => name().prop_map(Value::from), 1 => value(1)];
    let emitted_at = || {
        let ends =
            [-210_866_803_200_000, i64::MAX / 1_000].map(|end: i64| (end - 3..end + 3).prop_map(|at| at.to_string()));
        let [first, last] = ends;
        prop_oneof![2 => number(), 1 => first, 1 => last]
    };
    let record = (stream(), stream(), members(value(3)), value(2), emitted_at()).prop_map(
        |(name, namespace, data, changes, emitted_at)| {
            let emitted_at: Value = serde_json::from_str(&emitted_at).unwrap_or_default();
            json!({"type": "RECORD", "record": {
                "stream": name, "namespace": namespace, "data": data, "emitted_at": emitted_at, "meta": {"changes": changes},
            }})
        },
    );
    let state = (pick(&["STREAM", "GLOBAL", "LEGACY"]), stream(), value(3), value(2)).prop_map(|(kind, name, data, stats)| {
        json!({"type": "STATE", "state": {
            "type": kind, "stream": {"stream_descriptor": {"name": name}, "stream_state": data}, "destinationStats": stats,
        }, "id": data})
    });
    let status = (pick(&["STARTED", "COMPLETE", "INCOMPLETE", "x"]), stream()).prop_map(|(status, name)| {
        json!({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "stream_status": {
            "status": status, "stream_descriptor": {"name": name},
        }}})
    });
    let line = prop_oneof![record, state, status, value(4)].prop_map(|message| message.to_string());
    let end = pick(&["\n", "\r\n", "\n\n", " "]);
    text(prop::collection::vec((line, end).prop_map(|(line, end)| line + &end), 0..6).prop_map(|lines| lines.concat()))
}

pub(super) fn configs() -> BoxedStrategy<Vec<u8>> {
    let place = || prop_oneof![".{0,12}", "[a-z.:/@?&=%\\[\\]0-9]{0,16}"];
    let secret = || "[a-z/@:?%]{6,12}".prop_map(|secret| format!("hunter2{secret}"));
    let url = (pick(&["postgres", "postgresql", "jdbc:postgresql"]), place(), secret(), place()).prop_map(
        |(scheme, user, secret, rest)| json!({"destination_path": format!("{scheme}://{user}:{secret}@{rest}")}),
    );
    let path = place().prop_map(|path| json!({"destination_path": path, "motherduck_api_key": "hunter2hunter2"}));
    let ssl_mode = pick(&["disable", "require", "verify-ca", "verify-full", "x"]);
    let parts = (place(), 0_u32..70_000, place(), secret(), ssl_mode, place()).prop_map(
        |(host, port, user, secret, mode, parameters)| {
            json!({
                "host": host, "port": port, "database": "d", "username": user, "password": secret,
                "ssl_mode": {"mode": mode, "client_key": secret}, "jdbc_url_params": parameters,
                "tunnel_method": {"tunnel_method": "SSH_PASSWORD_AUTH", "tunnel_user_password": secret},
            })
        },
    );
    let config = (prop_oneof![url, path, parts], members(value(2)), value(1)).prop_map(|(mut config, more, size)| {
        config["normalization"] = json!({"max_depth": size, "history": true});
        config.as_object_mut().unwrap().extend(more);
        config.to_string()
    });
    text(config)
}
