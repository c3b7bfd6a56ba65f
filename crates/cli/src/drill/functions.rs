//! The functions' executables.

use std::path::{Path, PathBuf};

use region::lambda::sandbox::{Executable, LogSink};
use region::stage::{ASG_PRUNING, CANARY, CLASSIFIER, REGION, ZONAL_SHIFT};

use crate::arguments::UsageError;

/// Where each function's executable is.
#[derive(Debug, Clone)]
pub(crate) struct Functions {
    directory: PathBuf,
}

impl Functions {
    fn path(&self, function: &str) -> PathBuf {
        self.directory.join(function)
    }

    /// A function's executable as Lambda runs it, with variables of its own.
    pub(crate) fn executable(
        &self,
        function: &str,
        endpoint: &str,
        log: &LogSink,
        own: &[(&str, &str)],
    ) -> Executable {
        let shared = [
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", endpoint),
            // The Region tells its callers apart by their key.
            ("AWS_ACCESS_KEY_ID", function),
            ("AWS_SECRET_ACCESS_KEY", "embedded"),
        ];
        let variables = shared.iter().chain(own);
        Executable {
            name: function.to_owned(),
            path: self.path(function),
            variables: variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            log: log.clone(),
        }
    }
}

/// Finds the executables: in the directory that was named, or beside this program. The canary's is not
/// needed where the Region plays it.
pub(crate) fn find(named: Option<&Path>, play_canary: bool) -> anyhow::Result<Functions> {
    let directory = match named {
        Some(directory) => directory.to_owned(),
        None => {
            let program = std::env::current_exe()?;
            program.parent().map(Path::to_owned).unwrap_or_default()
        }
    };
    let functions = Functions { directory };
    let canary = (!play_canary).then_some(CANARY);
    let needed = [CLASSIFIER, ZONAL_SHIFT, ASG_PRUNING].into_iter();
    for function in needed.chain(canary) {
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
