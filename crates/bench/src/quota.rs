//! A share of a processor, as Lambda gives it by memory: a control group with a quota.
//!
//! Lambda gives a whole processor at 1,769 MB and a share in proportion below. The kernel's bandwidth
//! control does the same for a control group: so much time in each period of 100 ms. Both versions of the
//! interface are known, because machines have either.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Memory at which a function has a whole processor, in MB.
pub const WHOLE: u32 = 1_769;
/// The period of the quota, in microseconds: the kernel's default.
const PERIOD_US: u32 = 100_000;

/// A control group whose processes together have the share of so much memory. It is removed with this,
/// where its processes have ended by then.
#[derive(Debug)]
pub struct Quota {
    directory: PathBuf,
}

/// Why there is no quota.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// The system has no control groups for processor time, as far as this process sees.
    #[error("no control group for processor time is mounted, expected cgroup v2 with cpu, or v1")]
    None,
    /// It is not for us to make one.
    #[error("{path}: {source}; a quota needs the right to make control groups, such as root's")]
    Refused {
        /// What could not be made or written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Where the control groups are, and which interface they have.
struct Hierarchy {
    root: PathBuf,
    version: u8,
}

impl Quota {
    /// A new control group with the share of so many MB of memory.
    ///
    /// # Errors
    /// Where the system has none, or does not let us make one.
    pub fn of(megabytes: u32) -> Result<Self, QuotaError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let hierarchy = hierarchy(&mounts).ok_or(QuotaError::None)?;
        let name = format!(
            "evac-bench-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let directory = hierarchy.root.join(name);
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| QuotaError::Refused { path, source }
        };
        if hierarchy.version == 2 {
            // Where the controller is handed on already, this changes nothing.
            let _ = fs::write(hierarchy.root.join("cgroup.subtree_control"), "+cpu");
        }
        fs::create_dir(&directory).map_err(refused(&directory))?;
        let quota = Self { directory };
        for (file, text) in limits(hierarchy.version, megabytes) {
            let file = quota.directory.join(file);
            fs::write(&file, text).map_err(refused(&file))?;
        }
        Ok(quota)
    }

    /// Puts a process into it, with all of its threads.
    ///
    /// # Errors
    /// Where the process is gone.
    pub fn take(&self, process: u32) -> io::Result<()> {
        fs::write(self.directory.join("cgroup.procs"), process.to_string())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // Only an empty one can be removed, and one that is left costs nothing.
        let _ = fs::remove_dir(&self.directory);
    }
}

/// The files that make a control group's quota, and what they hold.
fn limits(version: u8, megabytes: u32) -> Vec<(&'static str, String)> {
    let quota = PERIOD_US * megabytes / WHOLE;
    match version {
        2 => vec![("cpu.max", format!("{quota} {PERIOD_US}"))],
        _ => vec![
            ("cpu.cfs_period_us", PERIOD_US.to_string()),
            ("cpu.cfs_quota_us", quota.to_string()),
        ],
    }
}

/// Finds the hierarchy for processor time among the mounts, as `/proc/self/mounts` lists them.
fn hierarchy(mounts: &str) -> Option<Hierarchy> {
    let fields = |line: &'_ str| -> Option<(PathBuf, String, String)> {
        let mut fields = line.split(' ').skip(1);
        let mut next = || fields.next().map(str::to_owned);
        Some((next()?.into(), next()?, next()?))
    };
    let all: Vec<_> = mounts.lines().filter_map(fields).collect();
    let first = all.iter().find(|(_, kind, options)| {
        kind == "cgroup" && options.split(',').any(|option| option == "cpu")
    });
    let second = all.iter().find(|(root, kind, _)| {
        let has = |text: String| text.split_whitespace().any(|name| name == "cpu");
        kind == "cgroup2" && fs::read_to_string(root.join("cgroup.controllers")).is_ok_and(has)
    });
    let found = |version| {
        move |(root, _, _): &(PathBuf, String, String)| Hierarchy {
            root: root.clone(),
            version,
        }
    };
    first.map(found(1)).or_else(|| second.map(found(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_goes_with_memory() {
        assert_eq!(limits(2, 1_769), [("cpu.max", "100000 100000".to_owned())]);
        assert_eq!(limits(2, 128), [("cpu.max", "7235 100000".to_owned())]);
        assert_eq!(limits(1, 128)[1], ("cpu.cfs_quota_us", "7235".to_owned()));
    }

    #[test]
    fn the_first_interface_is_found_by_its_options_and_others_are_left() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
            cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n\
            cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0\n";
        let found = hierarchy(mounts).unwrap();
        assert_eq!(found.root, PathBuf::from("/sys/fs/cgroup/cpu"));
        assert_eq!(found.version, 1);
        assert!(hierarchy("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n").is_none());
    }
}
