//! CloudWatch Logs: what functions wrote.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config;
use jiff::Timestamp;
use runtime::clients::{next_page, retries};
use runtime::failure::of_call;

use super::{Account, MOST_PAGES, Unread, endless, patience};

/// The logs of an account.
#[derive(Debug, Clone)]
pub(crate) struct Logs {
    client: Client,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// When it was written.
    pub(crate) at: Timestamp,
    /// The line.
    pub(crate) text: String,
}

impl Logs {
    /// The logs of this account.
    pub(crate) fn of(account: &Account) -> Self {
        let config = config::Builder::from(&account.connections().to("CLOUDWATCH_LOGS"));
        let config = config.timeout_config(patience()).retry_partition(retries());
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The lines of a group between two moments that fit a filter pattern, in the order of time.
    ///
    /// # Errors
    /// Where `FilterLogEvents` fails, also for want of the group.
    pub(crate) async fn lines(
        &self,
        group: &str,
        pattern: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<LogLine>, Unread> {
        let call = format!("FilterLogEvents of {group}");
        let unread = |failure| Unread::new(failure, "logs:FilterLogEvents");
        let mut lines = Vec::new();
        let mut token = None;
        // A page may be empty and have a next one.
        for _ in 0..MOST_PAGES {
            let asked = self
                .client
                .filter_log_events()
                .log_group_name(group)
                .filter_pattern(pattern)
                .start_time(from.as_millisecond())
                .end_time(to.as_millisecond())
                .set_next_token(token);
            let page = (asked.send().await).map_err(|error| unread(of_call(&call, &error)))?;
            lines.extend(page.events().iter().filter_map(|event| {
                Some(LogLine {
                    at: Timestamp::from_millisecond(event.timestamp()?).ok()?,
                    text: event.message()?.to_owned(),
                })
            }));
            token = next_page(page.next_token());
            if token.is_none() {
                lines.sort_by_key(|line| line.at);
                return Ok(lines);
            }
        }
        Err(unread(endless(&call)))
    }
}
