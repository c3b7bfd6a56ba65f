//! EventBridge: the rules, and what their targets get.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config;
use runtime::clients::{next_page, retries};
use runtime::failure::of_call;

use super::{Account, MOST_PAGES, Unread, endless, patience};

/// EventBridge of an account.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    client: Client,
}

/// A target of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleTarget {
    /// What is invoked.
    pub(crate) arn: String,
    /// What it gets in place of the event, where that is said: a constant, or the template of an input
    /// transformer.
    pub(crate) input: Option<String>,
}

/// How a rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleStanding {
    /// Whether it does anything.
    pub(crate) enabled: bool,
    /// How often it comes, such as `rate(1 minute)`, where it goes by a schedule.
    pub(crate) schedule: Option<String>,
    /// Which events it takes, as JSON, where it goes by events.
    pub(crate) pattern: Option<String>,
}

impl Events {
    /// EventBridge of this account.
    pub(crate) fn of(account: &Account) -> Self {
        let config = config::Builder::from(&account.connections().to("EVENTBRIDGE"));
        let config = config.timeout_config(patience()).retry_partition(retries());
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The names of all rules of the default bus, in their order.
    ///
    /// # Errors
    /// Where `ListRules` fails.
    pub(crate) async fn rules(&self) -> Result<Vec<String>, Unread> {
        let unread = |failure| Unread::new(failure, "events:ListRules");
        let mut names = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = (self.client.list_rules().set_next_token(token).send().await)
                .map_err(|error| unread(of_call("ListRules", &error)))?;
            let rules = page.rules().iter();
            names.extend(rules.filter_map(|rule| rule.name().map(str::to_owned)));
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(names);
            }
        }
        Err(unread(endless("ListRules")))
    }

    /// How a rule of the default bus stands.
    ///
    /// # Errors
    /// Where `DescribeRule` fails, also for want of the rule.
    pub(crate) async fn rule(&self, rule: &str) -> Result<RuleStanding, Unread> {
        let asked = self.client.describe_rule().name(rule).send().await;
        let answer = asked.map_err(|error| {
            let call = format!("DescribeRule of {rule}");
            Unread::new(of_call(&call, &error), "events:DescribeRule")
        })?;
        Ok(RuleStanding {
            enabled: answer
                .state()
                .is_some_and(|state| state.as_str().starts_with("ENABLED")),
            schedule: answer.schedule_expression().map(str::to_owned),
            pattern: answer.event_pattern().map(str::to_owned),
        })
    }

    /// The targets of a rule of the default bus.
    ///
    /// # Errors
    /// Where `ListTargetsByRule` fails, also for want of the rule.
    pub(crate) async fn targets(&self, rule: &str) -> Result<Vec<RuleTarget>, Unread> {
        let call = format!("ListTargetsByRule of {rule}");
        let unread = |failure| Unread::new(failure, "events:ListTargetsByRule");
        let mut targets = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self.client.list_targets_by_rule().rule(rule);
            let page = (asked.set_next_token(token).send().await)
                .map_err(|error| unread(of_call(&call, &error)))?;
            targets.extend(page.targets().iter().map(|target| {
                let template = target
                    .input_transformer()
                    .map(aws_sdk_eventbridge::types::InputTransformer::input_template);
                RuleTarget {
                    arn: target.arn().to_owned(),
                    input: template.or(target.input()).map(str::to_owned),
                }
            }));
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(targets);
            }
        }
        Err(unread(endless(&call)))
    }
}
