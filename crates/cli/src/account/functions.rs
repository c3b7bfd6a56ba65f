//! Lambda: whether a function may run.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config;
use domain::failure::Class;
use runtime::clients::retries;
use runtime::failure::of_call;

use super::{Account, Unread, patience};

/// How a function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configured {
    /// The ARN of the role that it runs with.
    pub(crate) role: Option<String>,
    /// Its environment.
    pub(crate) variables: HashMap<String, String>,
    /// The ARN of where an event goes that it failed with for good.
    pub(crate) on_failure: Option<String>,
}

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

    /// How a function is configured.
    ///
    /// # Errors
    /// Where `GetFunctionConfiguration` or `GetFunctionEventInvokeConfig` fails, also for want of the function.
    pub(crate) async fn configured(&self, function: &str) -> Result<Configured, Unread> {
        let name = name_of(function);
        let asked = (self.client.get_function_configuration()).function_name(function);
        let answer = asked.send().await.map_err(|error| {
            let call = format!("GetFunctionConfiguration of {name}");
            Unread::new(of_call(&call, &error), "lambda:GetFunctionConfiguration")
        })?;
        let asked = (self.client.get_function_event_invoke_config()).function_name(function);
        let on_failure = match asked.send().await {
            Ok(config) => config
                .destination_config()
                .and_then(|destinations| destinations.on_failure()?.destination())
                .map(str::to_owned),
            Err(error) => {
                let call = format!("GetFunctionEventInvokeConfig of {name}");
                let failure = of_call(&call, &error);
                if failure.class != Class::NotFound {
                    return Err(Unread::new(failure, "lambda:GetFunctionEventInvokeConfig"));
                }
                None
            }
        };
        let environment = answer.environment();
        Ok(Configured {
            role: answer.role().map(str::to_owned),
            variables: environment
                .and_then(|environment| environment.variables())
                .cloned()
                .unwrap_or_default(),
            on_failure,
        })
    }
}

/// The name of a function in its ARN; what is no ARN is a name.
pub(crate) fn name_of(function: &str) -> &str {
    function.split(':').nth(6).unwrap_or(function)
}
