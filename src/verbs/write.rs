//! `write`: lands the messages from stdin.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use crate::address_space;
use crate::config::Config;
use crate::failure::Failure;
use crate::protocol::writer::ProtocolWriter;
use crate::sync::{ReadAhead, Settings, Sync};
use crate::terminal::Audience;
use crate::verbs::catalog::read_catalog;
use crate::verbs::signals::stop_on_signals;
use crate::verbs::watching::watch;
use crate::warehouse::{self, Access};

/// Runs a sync, shows its progress and tells what it did.
pub(crate) fn write(config: &Config, catalog: &Path, out: &ProtocolWriter, audience: &Audience) -> Result<(), Failure> {
    let catalog = read_catalog(catalog)?;
    let settings = Settings {
        on_bad_input: config.loading.on_bad_input,
        max_line_bytes: config.loading.max_record_bytes,
        ..Settings::default()
    };
    address_space::check(settings.workers)?;
    let mut input = ReadAhead::start(io::stdin(), settings.max_line_bytes)?;
    let options = config.options();
    let warehouse = warehouse::connect(&config.warehouse, Access::Write(input.width(&catalog, &options)))?;
    let stop = stop_on_signals()?;
    if io::stdin().is_terminal() {
        audience.hint("reading messages from the terminal; Ctrl-D ends the input");
    }
    let sync = Sync { catalog: &catalog, options: &options, settings: &settings, writer: out, stop: &stop };
    watch(&stop, audience, |progress| sync.run(input, warehouse, progress))
}
