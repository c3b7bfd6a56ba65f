//! Lambda: whether a function may run.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config;
use runtime::clients::retries;
use runtime::failure::of_call;

use super::{Account, Unread, patience};

/// The functions of an account.
#[derive(Debug, Clone)]
pub(crate) struct Functions {
    client: Client,
}

impl Functions {
    /// The functions of this account.
    pub(crate) fn of(account: &Account) -> Self {
        let config = config::Builder::from(&account.connections().to("LAMBDA"));
        let config = config.timeout_config(patience()).retry_partition(retries());
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// Whether a function is stopped: its reserved concurrency is 0, so nothing of it runs.
    ///
    /// # Errors
    /// Where `GetFunctionConcurrency` fails.
    pub(crate) async fn is_stopped(&self, function: &str) -> Result<bool, Unread> {
        let asked = (self.client.get_function_concurrency()).function_name(function);
        let answer = asked.send().await.map_err(|error| {
            let call = format!("GetFunctionConcurrency of {}", name_of(function));
            Unread::new(of_call(&call, &error), "lambda:GetFunctionConcurrency")
        })?;
        Ok(answer.reserved_concurrent_executions() == Some(0))
    }
}

/// The name of a function in its ARN; what is no ARN is a name.
pub(crate) fn name_of(function: &str) -> &str {
    function.split(':').nth(6).unwrap_or(function)
}
