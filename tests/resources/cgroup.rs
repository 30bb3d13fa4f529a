//! How much memory a process is given by a control group, as a container gives it: enough for a sync of any length.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::landing::{Destination, after, catalog, line, run, state};
use crate::support::{TestWarehouse, in_every_warehouse};

in_every_warehouse! {
    versions_of_nested_records_land_in_half_a_gigabyte,
}

/// A control group whose processes have so much memory together; gone with this.
struct Cgroup(PathBuf);

impl Cgroup {
    /// `None`: this system or this user can't make one.
    fn of(bytes: u64) -> Option<Self> {
        // of version 1, and of version 2
        let kinds = [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        kinds.into_iter().find_map(|(root, limit)| {
            let folder = Path::new(root).join(format!("alluvium-test-{}", std::process::id()));
            fs::create_dir(&folder).ok()?;
            let made = Self(folder);
            fs::write(made.0.join(limit), bytes.to_string()).ok().map(|()| made)
        })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// Two versions of 5,000 records with 5 children each, 50 MB.
fn versions_of_nested_records_land_in_half_a_gigabyte<W: TestWarehouse>() {
    const RECORDS: i64 = 5_000;
    let Some(cgroup) = Cgroup::of(512 << 20) else {
        #[allow(clippy::print_stderr)] // whoever reads that it passed
        {
            eprintln!("not tried: no memory cgroup can be made here");
        }
        return;
    };
    let mut catalog = catalog(&[("s", "append_dedup")]);
    let text = json!({"type": "string"});
    catalog["streams"][0]["stream"]["json_schema"]["properties"]["children"]["items"]["properties"]["text"] = text;
    let children =
        |at: i64| -> Value { (0..5).map(|owner| json!({"owner": owner + at, "text": "x".repeat(970)})).collect() };
    let input = |at: i64| -> String {
        let children = children(at);
        let record = |id: i64| json!({"id": id, "at": at, "children": children});
        let lines =
            (0..RECORDS).map(|id| line(&json!({"type": "RECORD", "record": {"stream": "s", "data": record(id)}})));
        lines.collect::<String>() + &state(at)
    };
    let destination = Destination::of::<W>(&json!({}));
    let joined = format!("echo $$ > {}/cgroup.procs", cgroup.0.display());
    let command = after(&joined, &destination.command(&catalog));
    let run = run(command, |mut stdin| {
        for at in [1, 2] {
            std::io::Write::write_all(&mut stdin, input(at).as_bytes()).unwrap();
        }
    });
    assert_eq!(run.succeeded().states(), [1, 2]);
    let landed = destination.query("SELECT count(*), min(\"at\") FROM s");
    assert_eq!(landed, [[RECORDS.to_string(), "2".to_owned()].map(Some)]);
    let children = destination.query("SELECT count(*), min(owner) FROM s_children");
    assert_eq!(children, [[(5 * RECORDS).to_string(), "2".to_owned()].map(Some)]);
}
