//! The functions' executables.

use std::path::{Path, PathBuf};

use region::stage::{ASG_PRUNING, CLASSIFIER, ZONAL_SHIFT};

use crate::arguments::UsageError;

/// Where each function's executable is.
#[derive(Debug, Clone)]
pub(crate) struct Functions {
    directory: PathBuf,
}

impl Functions {
    pub(crate) fn path(&self, function: &str) -> PathBuf {
        self.directory.join(function)
    }
}

/// Finds the executables: in the directory that was named, or beside this program.
pub(crate) fn find(named: Option<&Path>) -> anyhow::Result<Functions> {
    let directory = match named {
        Some(directory) => directory.to_owned(),
        None => {
            let program = std::env::current_exe()?;
            program.parent().map(Path::to_owned).unwrap_or_default()
        }
    };
    let functions = Functions { directory };
    for function in [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING] {
        let path = functions.path(function);
        if !path.is_file() {
            let message = format!(
                "--functions: {} does not exist; build the functions with make build, or name the directory that holds them",
                path.display()
            );
            return Err(UsageError(message).into());
        }
    }
    Ok(functions)
}
