//! What a Region holds, by the names that a client calls it by.

use region::autoscaling::{DescribeGroups, Paging};
use region::cloudwatch::{Alarm, AlarmType, DescribeAlarms};
use region::stage::Stage;
use region::state::State;

/// The names, ordered as the services order them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    /// ARNs of what ARC manages.
    pub(crate) resources: Vec<String>,
    /// AZ IDs, each with the account's AZ name in brackets.
    pub(crate) zones: Vec<String>,
    /// Names of the Auto Scaling groups.
    pub(crate) groups: Vec<String>,
    /// Names of the metric alarms.
    pub(crate) metric_alarms: Vec<String>,
    /// Names of the composite alarms.
    pub(crate) composite_alarms: Vec<String>,
    /// ARNs of the topics.
    pub(crate) topics: Vec<String>,
    /// Names of the functions.
    pub(crate) functions: Vec<String>,
}

impl Holdings {
    pub(crate) fn of(stage: &Stage) -> anyhow::Result<Self> {
        let state = &*stage.region.state();
        let mut holdings = Self {
            resources: state
                .arc
                .all_resources()
                .map(|view| view.managed.arn.to_string())
                .collect(),
            zones: state
                .world
                .spec()
                .zones
                .iter()
                .map(|(id, name)| format!("{id} ({name})"))
                .collect(),
            topics: vec![stage.topic.clone()],
            functions: state
                .lambda
                .function_names()
                .map(ToOwned::to_owned)
                .collect(),
            ..Self::default()
        };
        holdings.add_groups(state)?;
        holdings.add_alarms(state)?;
        Ok(holdings)
    }

    fn add_groups(&mut self, state: &State) -> anyhow::Result<()> {
        let mut describe = DescribeGroups {
            include_instances: Some(false),
            ..DescribeGroups::default()
        };
        loop {
            let page = state.auto_scaling.describe_auto_scaling_groups(&describe)?;
            self.groups
                .extend(page.items.iter().map(|group| group.name.to_owned()));
            let Some(next_token) = page.next_token else {
                return Ok(());
            };
            describe.paging = Paging {
                max_records: None,
                next_token: Some(next_token),
            };
        }
    }

    fn add_alarms(&mut self, state: &State) -> anyhow::Result<()> {
        let mut describe = DescribeAlarms {
            types: Some(vec![AlarmType::Metric, AlarmType::Composite]),
            ..DescribeAlarms::default()
        };
        loop {
            let (page, _) = state.cloudwatch.describe_alarms(&describe)?;
            for alarm in page.items {
                let names = match alarm {
                    Alarm::Metric(_) => &mut self.metric_alarms,
                    Alarm::Composite(_) => &mut self.composite_alarms,
                };
                names.push(alarm.name().to_owned());
            }
            let Some(next_token) = page.next_token else {
                return Ok(());
            };
            describe.next_token = Some(next_token);
        }
    }
}
