//! `normalize`: typed tables again, from raw tables.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};

use alluvium_normalization::catalog::{ConfiguredCatalog, StreamName};
use alluvium_normalization::infer::configured_catalog;
use alluvium_normalization::limits::Limits;
use alluvium_normalization::plan::{Options, schema_of};

use crate::address_space;
use crate::cli;
use crate::config::Config;
use crate::failure::Failure;
use crate::sync::Settings;
use crate::sync::foreseen::{Foreseen, foresee};
use crate::sync::rebuild::{Rebuild, Rebuilding};
use crate::terminal::style::{Style, Tone};
use crate::terminal::table::{Cell, Side, Table};
use crate::terminal::{Audience, Size, count};
use crate::verbs::catalog::{named, read_catalog};
use crate::verbs::inference::findings::Wanted;
use crate::verbs::inference::raw::read_raw;
use crate::verbs::printed::printed;
use crate::verbs::reading::{connect_to_existing, connect_to_read};
use crate::verbs::signals::stop_on_signals;
use crate::verbs::watching::watch;
use crate::warehouse::{TableName, Warehouse};

/// Rebuilds the typed tables of the catalog's streams, or of those that are named, and tells what it did. Without a catalog
/// it says first what it inferred from the raw tables. A dry run only tells what would be done.
pub(crate) fn normalize(arguments: &cli::Normalize, audience: &Audience) -> Result<(), Failure> {
    let config = Config::load(&arguments.config)?;
    let given = arguments.catalog.as_deref().map(read_catalog).transpose()?;
    let options = config.options();
    let properties = given.as_ref().map_or(0, ConfiguredCatalog::mean_properties);
    let mut warehouse =
        if arguments.dry_run { connect_to_read(&config)? } else { connect_to_existing(&config, properties)? };
    let (catalog, only) = match given {
        Some(catalog) => {
            let only = selected(&catalog, arguments, &options, warehouse.dialect().limits())?;
            (catalog, only)
        }
        None => (inferred(warehouse.as_mut(), arguments, &options, audience)?, None),
    };
    // names of streams that are not wanted count too, where they are known
    let is_whole = arguments.streams.is_empty() && arguments.schema.is_none();
    let all = || catalog.streams.iter().map(|stream| stream.name.clone()).collect();
    let only = only.or_else(|| (!is_whole).then(all));
    if arguments.dry_run {
        return print(&foresee(warehouse.as_mut(), &catalog, &options, only.as_deref())?);
    }
    let stop = stop_on_signals()?;
    let settings = Settings { on_bad_input: config.loading.on_bad_input, ..Settings::default() };
    address_space::check(settings.workers)?;
    let rebuilding = Rebuilding::live(only, arguments.accept_losses);
    let rebuild = Rebuild { catalog: &catalog, options: &options, settings: &settings, stop: &stop, rebuilding };
    watch(&stop, audience, |progress| {
        let (report, outcome) = rebuild.run(warehouse, progress);
        (report, outcome.map(drop))
    })
}

/// Prints what a rebuild would do, a line a stream.
fn print(foreseen: &[Foreseen]) -> Result<(), Failure> {
    let out = io::stdout();
    let (style, room) = (Style::of(&out), out.is_terminal().then(|| Size::of_stdout().columns));
    let left = |name| (name, Side::Left);
    let right = |name| (name, Side::Right);
    let mut table =
        Table::new([left("stream"), left("raw table"), right("records"), right("lost"), left("typed tables")]);
    let called = |TableName { schema, name }: &TableName| format!("{schema}.{name}");
    for stream in foreseen {
        let lost = if stream.missing > 0 { Tone::Warning } else { Tone::Plain };
        table.push(vec![
            Cell::new(&stream.stream.to_string()),
            Cell::new(&called(&stream.raw)),
            Cell::new(&count(stream.records)),
            Cell::toned(&count(stream.missing), lost),
            Cell::new(&stream.tables.iter().map(called).collect::<Vec<_>>().join(", ")),
        ]);
    }
    let mut lines = table.uncut().render(room, style).lines;
    if foreseen.iter().any(|stream| stream.missing > 0) {
        let told = "lost: rows whose records the raw table does not hold any more; only `--accept-losses` lets them go";
        lines.push(style.paint(Tone::Warning, told));
    }
    printed(writeln!(out.lock(), "{}", lines.join("\n")))
}

/// The catalog that the raw tables suggest; what it is, is told.
fn inferred(
    warehouse: &mut dyn Warehouse,
    arguments: &cli::Normalize,
    options: &Options,
    audience: &Audience,
) -> Result<ConfiguredCatalog, Failure> {
    let wanted = Wanted { streams: &arguments.streams, sample: None };
    let inferred = read_raw(warehouse, options, arguments.schema.as_deref(), &wanted)?.conclude(&wanted)?;
    audience.inferred(&inferred);
    let catalog = configured_catalog(&inferred.streams, arguments.dedup).to_string();
    ConfiguredCatalog::parse(&catalog)
        .map_err(|error| Failure::internal(format!("the inferred catalog can't be used: {error}")))
}

/// The streams of the catalog that are asked for, if not all are.
fn selected(
    catalog: &ConfiguredCatalog,
    arguments: &cli::Normalize,
    options: &Options,
    limits: &Limits,
) -> Result<Option<Vec<StreamName>>, Failure> {
    let mut selected: Vec<&StreamName> = catalog.streams.iter().map(|stream| &stream.name).collect();
    if let Some(schema) = &arguments.schema {
        let wanted = StreamName { namespace: Some(schema.clone()), name: String::new() };
        let wanted = schema_of(&wanted, options, limits);
        let schemas: BTreeSet<String> = selected.iter().map(|stream| schema_of(stream, options, limits)).collect();
        selected.retain(|stream| schema_of(stream, options, limits) == wanted);
        if selected.is_empty() {
            let schemas = schemas.into_iter().collect::<Vec<_>>().join(", ");
            let told = format!("the catalog has no stream of the schema `{schema}`; there are those of {schemas}");
            return Err(Failure::config(told));
        }
    }
    let selected = named(selected, &arguments.streams)?;
    let is_whole = selected.len() == catalog.streams.len();
    Ok((!is_whole).then(|| selected.into_iter().cloned().collect()))
}
