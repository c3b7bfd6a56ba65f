//! CloudWatch of the embedded Region: metrics that arrive late, alarms over them, and alarms over
//! alarms.
//!
//! What matters for an evacuation is kept as AWS has it: when a datapoint can be seen, when an alarm
//! is looked at, what becomes of missing data, how a composite alarm follows its children, and the
//! exact event that EventBridge gets. Each module says where it simplifies.
//!
//! # Time
//!
//! Nothing here reads a clock. [`CloudWatch::evaluate`] is called with every second of the Region's
//! clock and does something only when something is due:
//! - alarms with periods of a minute or more: once a minute, [`EVALUATION_OFFSET`] after it, over
//!   periods that end with that minute. A period of five minutes slides along by one minute at a time,
//!   as the user guide has it;
//! - alarms with shorter periods: every ten seconds, over periods that end there;
//! - composite alarms: right after them, children before parents, so that one round is consistent:
//!   when it ends, every rule agrees with the states that it refers to.
//!
//! Simplified: all alarms have the same phase within their minute. In AWS each has its own, so that of
//! two zones that fail together one alarm can be seen alone for most of a minute.
//!
//! If the clock jumps over a turn, the turn is taken late, once, as of the new time.
//!
//! # Contributor Insights
//!
//! Rules exist as soon as somebody contributes to them ([`CloudWatch::contribute`]); they are not
//! configured over the API.

mod alarm;
mod composite;
mod data;
mod describe;
pub(crate) mod embedded;
mod event;
mod expression;
mod grammar;
mod grid;
mod history;
mod insight;
mod listing;
mod metric;
mod mute;
mod operations;
mod page;
mod query;
mod reason;
mod round;
mod rule;
mod search;
mod state;
mod statistic;
mod threshold;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::arn::AccountId;
use jiff::Timestamp;

pub use alarm::{Actions, MetricAlarm, MetricAlarmConfig, Watch};
pub use composite::{CompositeAlarm, CompositeAlarmConfig, SuppressedBy, Suppressor};
pub use data::{Datum, DatumValues, GetMetricData, MetricData, MetricDataResult};
pub use describe::{Alarm, AlarmType, DescribeAlarms, Detail};
pub use event::StateChange;
pub use grammar::SyntaxError;
pub use history::{DescribeHistory, HistoryItem};
pub use listing::{Datapoint, GetMetricStatistics, ListMetrics};
pub use metric::{MetricId, RETENTION, Resolution, StatisticSet};
pub use mute::{MuteRule, MuteStatus};
pub use operations::ListMuteRules;
pub use page::Page;
pub use query::{MetricStat, Query, QueryError, Source};
pub use round::EVALUATION_OFFSET;
pub use rule::RuleError;
pub use state::{AlarmState, StateValue, StateValueError};
pub use statistic::{Statistic, StatisticError};
pub use threshold::{ChoiceError, Comparison, EXTRA_PERIODS, MissingData, Threshold};

use history::History;
use insight::InsightStore;
use metric::MetricStore;
use round::Turns;
use state::Home;

/// The CloudWatch of one account in one Region.
#[derive(Debug, Clone)]
pub struct CloudWatch {
    home: Home,
    metrics: MetricStore,
    insight: InsightStore,
    alarms: BTreeMap<String, MetricAlarm>,
    composites: BTreeMap<String, CompositeAlarm>,
    /// The composite alarms, children before parents.
    order: Vec<String>,
    mute_rules: BTreeMap<String, (MuteRule, Timestamp)>,
    history: History,
    turns: Turns,
    /// Alarms whose value has changed since the last round of composite alarms.
    changed: BTreeSet<String>,
    /// Whether a composite alarm waits for its first evaluation.
    any_fresh: bool,
    /// Transitions that [`CloudWatch::evaluate`] has not returned yet.
    transitions: Vec<StateChange>,
    /// How many events there have been.
    events: u64,
}

impl CloudWatch {
    /// A CloudWatch without metrics and alarms.
    #[must_use]
    pub fn new(account: AccountId, region: &str) -> Self {
        Self {
            home: Home {
                account,
                region: region.to_owned(),
            },
            metrics: MetricStore::default(),
            insight: InsightStore::default(),
            alarms: BTreeMap::new(),
            composites: BTreeMap::new(),
            order: Vec::new(),
            mute_rules: BTreeMap::new(),
            history: History::default(),
            turns: Turns::default(),
            changed: BTreeSet::new(),
            any_fresh: false,
            transitions: Vec::new(),
            events: 0,
        }
    }

    /// Records values with their counts into the minute of `at`. Nobody sees them before `visible_at`.
    /// Values that are not finite and counts that are not positive are left out.
    pub fn record(
        &mut self,
        metric: MetricId,
        at: Timestamp,
        values: &[(f64, f64)],
        visible_at: Timestamp,
    ) {
        let resolution = Resolution::Standard;
        self.metrics
            .record(metric, at, resolution, values, visible_at);
    }

    /// Adds `n` to what a contributor has contributed to a Contributor Insights rule in the minute of
    /// `at`. Nobody sees it before `visible_at`.
    pub fn contribute(
        &mut self,
        rule: &str,
        at: Timestamp,
        contributor: &str,
        n: f64,
        visible_at: Timestamp,
    ) {
        self.insight
            .contribute(rule, at, contributor, n, visible_at);
    }

    /// The ARN of the alarm of a name.
    #[must_use]
    pub fn alarm_arn(&self, name: &str) -> String {
        self.home.alarm_arn(name)
    }
}
