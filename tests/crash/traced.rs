//! A process that is killed at one of its system calls that write: of a file, or of stdout, where states are acknowledged.
//!
//! All threads' calls are counted together, in the order in which they happen. `strace` can kill too, but counts each
//! thread's calls by themselves, and so never comes to most of them.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Child, Command};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use crate::landing::{Run, after, signal, until_stopped};

/// What changes what others see. `fsync` does not: whatever was written outlives a process that is killed.
const WRITES: &[libc::c_long] = &[
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
];

/// Whether a process may be watched here.
pub(super) fn is_permitted() -> bool {
    let child = after("kill -STOP $$", &Command::new("true")).spawn().unwrap();
    watch(child, usize::MAX).is_ok()
}

/// Runs a command over an input and kills it when it comes to its `nth` call that writes, counted from 1, before the call is
/// carried out. Gives what the run did, and how many calls there were.
pub(super) fn killed_at(nth: usize, command: &Command, input: &str) -> (Run, usize) {
    let mut child = after("kill -STOP $$", command).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
        let (child, calls) = watch(child, nth).unwrap();
        (Run::of(child), calls)
    })
}

/// Lets a stopped process go on up to its nth call or its end.
fn watch(mut child: Child, nth: usize) -> Result<(Child, usize), Errno> {
    until_stopped(&mut child);
    let leader = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL;
    if let Err(refusal) = ptrace::seize(leader, options) {
        child.kill().unwrap();
        child.wait().unwrap();
        return Err(refusal);
    }
    signal(&child, "-CONT");
    let (mut calls, mut within) = (0, HashSet::new());
    // only what this thread watches; other tests have children too
    let ours = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
    let look = ours | WaitPidFlag::WEXITED | WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT;
    loop {
        let status = waitid(Id::All, look)?;
        if matches!(status, WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) if pid == leader) {
            // left to who waits for the child
            return Ok((child, calls));
        }
        let Some(thread) = status.pid() else { continue };
        let sent = match waitpid(thread, Some(ours))? {
            WaitStatus::PtraceSyscall(_) => {
                // it stops at the beginning and at the end of each call
                let begins = within.insert(thread) || !within.remove(&thread);
                if begins && is_write(thread) {
                    calls += 1;
                    if calls == nth {
                        child.kill().unwrap();
                        continue;
                    }
                }
                None
            }
            WaitStatus::Stopped(_, signal) => Some(signal),
            WaitStatus::PtraceEvent(..) => None,
            _ => continue,
        };
        match ptrace::syscall(thread, sent) {
            // it was killed in the meantime
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the call of a stopped thread writes.
fn is_write(thread: Pid) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{thread}/syscall")).unwrap_or_default();
    call.split(' ').next().is_some_and(|number| number.parse().is_ok_and(|number| WRITES.contains(&number)))
}
