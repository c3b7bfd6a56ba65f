//! An AWS account to look at, the embedded Region included: what every command about a real workload
//! reads with.
//!
//! One file for each service, with its answers as plain values. Nothing here changes anything: a check
//! of the architecture forbids the calls that do. What changes something, a person has the classifier do. What cannot be read is an [`Unread`], which names the
//! permission or the setting that is wanting.

mod alarms;
pub(crate) mod definition;
mod environment;
mod events;
mod functions;
mod groups;
mod latency;
mod logs;
mod network;
mod question;
mod shifts;
mod unread;
mod upkeep;

use std::time::Duration;

use aws_sdk_cloudwatch::Client as CloudWatch;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::primitives::DateTime;
use domain::failure::{Class, Failure};
use domain::workload::Workload;
use jiff::Timestamp;
use runtime::clients::{Connections, retries};
use runtime::settings::{Habitat, Settings, Variables};

pub(crate) use self::alarms::{AlarmChange, AlarmStanding, Alarms};
pub(crate) use self::events::{Events, RuleStanding};
pub(crate) use self::functions::Configured;
pub(crate) use self::functions::{Functions, name_of};
pub(crate) use self::groups::{GroupStanding, Groups, ScalingActivity};
pub(crate) use self::latency::{AnswerTimes, Latencies};
pub(crate) use self::logs::{LogLine, Logs};
pub(crate) use self::network::{SubnetStanding, TargetGroupStanding};
pub(crate) use self::shifts::{ShiftStanding, Shifts, ZonalShift};
pub(crate) use self::unread::Unread;
pub(crate) use self::upkeep::Subscriber;
use crate::arguments::UsageError;

/// To connect; a person waits, and no customer.
const CONNECT: Duration = Duration::from_secs(3);
/// For one attempt: a search of logs takes its time.
const ATTEMPT: Duration = Duration::from_secs(20);
/// For a call with all of its attempts.
const OPERATION: Duration = Duration::from_secs(60);
/// No list has so many pages: whoever sends more sends them for ever.
const MOST_PAGES: usize = 1_000;

/// An account in one Region, and how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    settings: Settings,
    connections: Connections,
}

impl Account {
    /// The account that the environment names: `AWS_REGION`, the credentials in `AWS_ACCESS_KEY_ID` and
    /// its like, and `AWS_ENDPOINT_URL` where it is not AWS's own. Where the workload is known already,
    /// the Region has to be its.
    ///
    /// # Errors
    /// Everything that is missing or wrong, with the variable and what it expects.
    pub(crate) fn open(
        variables: &Variables,
        workload: Option<&Workload>,
    ) -> Result<Self, UsageError> {
        let settings = environment::read(variables, workload)?;
        Ok(Self {
            connections: Connections::open(&settings),
            settings,
        })
    }

    /// The Region.
    pub(crate) fn region(&self) -> &str {
        &self.settings.region
    }

    /// Whether it is the embedded Region, whose clock is not ours.
    pub(crate) fn is_embedded(&self) -> bool {
        self.settings.habitat == Habitat::Embedded
    }

    /// How it is reached, for what the functions read with as well.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }
}

/// The limits of a call that a person waits for.
fn patience() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

fn endless(call: &str) -> Failure {
    Failure::new(
        Class::BadAnswer,
        format!("{call}: more than {MOST_PAGES} pages"),
    )
}

fn cloudwatch(account: &Account) -> CloudWatch {
    let config = aws_sdk_cloudwatch::config::Builder::from(&account.connections().to("CLOUDWATCH"));
    let config = config.timeout_config(patience()).retry_partition(retries());
    CloudWatch::from_conf(config.build())
}

fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

fn timestamp(date: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(date.to_millis().ok()?).ok()
}
