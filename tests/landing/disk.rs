//! A disk that is soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk of a few megabytes.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`: mounting is not permitted here.
    pub(crate) fn mount(folder: &Path, megabytes: u32) -> Option<Self> {
        let disk = Self(folder.to_owned());
        mount(&format!("size={megabytes}m"), folder).then_some(disk)
    }

    /// Makes room.
    pub(crate) fn grow(&self, megabytes: u32) {
        assert!(mount(&format!("remount,size={megabytes}m"), &self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // whoever still uses it keeps it
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

fn mount(options: &str, folder: &Path) -> bool {
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
    mount.is_ok_and(|mount| mount.status.success())
}
