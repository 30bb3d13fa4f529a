//! Our bookkeeping is taken away, as a backup without it does.

use crate::landing::{Destination, catalog, record, records};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! { a_sync_goes_on_without_what_was_remembered }

fn a_sync_goes_on_without_what_was_remembered<W: TestWarehouse>() {
    let destination = Destination::of::<W>(&serde_json::json!({}));
    let catalog = catalog(&[("s", "append_dedup")]);
    destination.write(&catalog, &records("s", 0..10)).succeeded();
    destination.execute("DROP SCHEMA _airbyte_internal CASCADE");
    // known still, by its row: an older version of 3 changes nothing
    let older = record("s", 3).replace("\"at\":3", "\"at\":2");
    destination.write(&catalog, &(records("s", 5..15) + &older)).succeeded();
    let mut ids = destination.typed_ids("s");
    ids.sort_unstable();
    assert_eq!(ids, (0..15).collect::<Vec<_>>());
    assert_eq!(destination.query("SELECT \"at\" FROM s WHERE id = 3"), [[Some("3".to_owned())]]);
}
