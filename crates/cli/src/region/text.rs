//! What a user of the Region has to know, as a shell file: the settings, and everything else as
//! comments.

use std::fmt::Write;

use domain::AccountId;
use jiff::Timestamp;
use region::scenario::Scenario;
use region::stage::REGION;

use super::holdings::Holdings;

/// The key of a client that has none of its own; the Region logs calls by it and verifies nothing.
const KEY: &str = "embedded";

/// What is told.
pub(crate) struct Introduction<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) begin: Timestamp,
    pub(crate) endpoint: &'a str,
    pub(crate) holdings: &'a Holdings,
}

pub(crate) fn introduction(told: &Introduction<'_>) -> String {
    let Introduction {
        scenario,
        begin,
        endpoint,
        holdings,
    } = told;
    let account = AccountId::embedded();
    let mut text = String::new();
    let mut line = |content: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{content}");
    };
    line("# An embedded AWS Region. Give these settings to the shell that runs your client:");
    line(&format!("export AWS_ENDPOINT_URL={endpoint}"));
    line(&format!("export AWS_REGION={REGION}"));
    line(&format!("export AWS_DEFAULT_REGION={REGION}"));
    line(&format!("export AWS_ACCESS_KEY_ID={KEY}"));
    line(&format!("export AWS_SECRET_ACCESS_KEY={KEY}"));
    line("#");
    line(&format!("# account          {account}"));
    line(&format!("# clock            begins at {begin}"));
    line(&format!(
        "# scenario         {}: {}",
        scenario.name, scenario.title
    ));
    if let Some(first) = scenario
        .faults
        .iter()
        .map(|fault| fault.in_drill(*begin))
        .map(|fault| fault.from)
        .min()
    {
        line(&format!("#                  goes wrong from {first}"));
    }
    for (kind, names) in [
        ("zones", &holdings.zones),
        ("load balancers", &holdings.resources),
        ("groups", &holdings.groups),
        ("metric alarms", &holdings.metric_alarms),
        ("composite alarms", &holdings.composite_alarms),
        ("topics", &holdings.topics),
        ("functions", &holdings.functions),
    ] {
        listed(&mut line, kind, names);
    }
    line("#");
    line(&format!("# Ready: listens on {endpoint} until Ctrl-C."));
    text
}

/// A list with its kind in front of the first name.
fn listed(line: &mut impl FnMut(&str), kind: &str, names: &[String]) {
    if names.is_empty() {
        line(&format!("# {kind:<16} none"));
    }
    for (index, name) in names.iter().enumerate() {
        let kind = if index == 0 { kind } else { "" };
        line(&format!("# {kind:<16} {name}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_settings_is_a_comment() {
        let holdings = Holdings {
            groups: vec!["web".to_owned(), "api".to_owned()],
            ..Holdings::default()
        };
        let text = introduction(&Introduction {
            scenario: &region::scenario::healthy().unwrap(),
            begin: Timestamp::UNIX_EPOCH,
            endpoint: "http://127.0.0.1:4599",
            holdings: &holdings,
        });
        insta::assert_snapshot!(text, @r"
        # An embedded AWS Region. Give these settings to the shell that runs your client:
        export AWS_ENDPOINT_URL=http://127.0.0.1:4599
        export AWS_REGION=us-east-1
        export AWS_DEFAULT_REGION=us-east-1
        export AWS_ACCESS_KEY_ID=embedded
        export AWS_SECRET_ACCESS_KEY=embedded
        #
        # account          000000000000
        # clock            begins at 1970-01-01T00:00:00Z
        # scenario         healthy: Nothing goes wrong
        # zones            none
        # load balancers   none
        # groups           web
        #                  api
        # metric alarms    none
        # composite alarms none
        # topics           none
        # functions        none
        #
        # Ready: listens on http://127.0.0.1:4599 until Ctrl-C.
        ");
    }
}
