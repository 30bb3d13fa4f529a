//! How much address space the process is given (`ulimit -v`).
//!
//! Where memory that is asked for is refused, nobody can be told any more: the process aborts. So a limit under which a sync
//! can't run to its end is refused before it begins.

use rustix::process::{Resource, getrlimit};

use crate::failure::Failure;

/// What the libraries and all that is on its way between the input and the warehouse take.
const SHARED: u64 = 768 << 20;

/// What each thread that shreds, and what the warehouse runs beside it, takes: stacks, and the ranges that the system's
/// allocator reserves for each of them.
const PER_WORKER: u64 = 192 << 20;

/// Refuses a limit of the address space that is too low for these many threads that shred.
pub(crate) fn check(workers: usize) -> Result<(), Failure> {
    match getrlimit(Resource::As).current {
        Some(limit) => refuse(limit, workers),
        None => Ok(()),
    }
}

fn refuse(limit: u64, workers: usize) -> Result<(), Failure> {
    let needed = SHARED + workers as u64 * PER_WORKER;
    if limit >= needed {
        return Ok(());
    }
    let [limit, needed] = [limit, needed].map(|bytes| bytes >> 20);
    Err(Failure::config(format!(
        "the limit of the process's address space ({limit} MB) is too low: it needs at least {needed} MB (`ulimit -v`)"
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::refuse;

    #[test]
    fn more_threads_need_more() {
        assert!(refuse(1_152 << 20, 2).is_ok());
        let refusal = refuse((1_152 << 20) - 1, 2).unwrap_err().to_string();
        assert!(refusal.contains("(1151 MB)") && refusal.contains("1152 MB"), "{refusal}");
        assert!(refuse(1_152 << 20, 3).is_err());
    }
}
