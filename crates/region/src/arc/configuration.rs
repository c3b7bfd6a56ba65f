//! How resources practise: the configurations of practice runs.
//!
//! A configuration names alarms that tell whether a run fails (outcome alarms), alarms that keep a run
//! from starting or end it (blocking alarms), and dates and windows. Source: ARC API reference,
//! `PracticeRunConfiguration`; ARC developer guide, "Blocked windows and allowed windows (in UTC)".

use domain::ResourceArn;

use super::window::{Window, blocked_date};
use super::{ZonalShifts, validate};
use crate::error::ServiceError;

/// How a resource practises. Alarms are named by their ARNs; dates and windows are in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PracticeRunConfiguration {
    /// A run fails when one of them goes into `ALARM`; 1 to 10.
    pub outcome_alarms: Vec<String>,
    /// A run does not start, or is interrupted, when one of them is in `ALARM`; up to 10.
    pub blocking_alarms: Vec<String>,
    /// Dates on which no run starts, such as `2026-05-01`; up to 15.
    pub blocked_dates: Vec<String>,
    /// Windows in which no run starts, such as `Mon:10:00-Mon:10:30`; up to 15.
    pub blocked_windows: Vec<String>,
    /// The only windows in which a run starts, where there are any; up to 15.
    pub allowed_windows: Vec<String>,
}

impl PracticeRunConfiguration {
    /// A configuration with this outcome alarm and nothing else.
    #[must_use]
    pub fn of_alarm(arn: String) -> Self {
        Self {
            outcome_alarms: vec![arn],
            ..Self::default()
        }
    }
}

/// An update of a configuration; what is `None` stays as it is, and a list replaces the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PracticeRunUpdate {
    /// `outcomeAlarms`, with type and ARN of each.
    pub outcome_alarms: Option<Vec<(String, String)>>,
    /// `blockingAlarms`, with type and ARN of each.
    pub blocking_alarms: Option<Vec<(String, String)>>,
    /// `blockedDates`.
    pub blocked_dates: Option<Vec<String>>,
    /// `blockedWindows`.
    pub blocked_windows: Option<Vec<String>>,
    /// `allowedWindows`.
    pub allowed_windows: Option<Vec<String>>,
}

impl ZonalShifts {
    /// Has a resource practise.
    ///
    /// # Errors
    /// `ValidationException`; `ResourceNotFoundException`; `ConflictException` where the resource has
    /// a configuration.
    pub fn create_practice_run(
        &mut self,
        identifier: &str,
        input: PracticeRunUpdate,
    ) -> Result<ResourceArn, ServiceError> {
        if input.outcome_alarms.is_none() {
            return Err(validate::missing("outcomeAlarms"));
        }
        let configuration = self.updated(PracticeRunConfiguration::default(), input)?;
        let view = self.resource(identifier)?;
        let arn = view.managed.arn.clone();
        if view.practice.is_some() {
            return Err(validate::conflict(
                "PracticeConfigurationAlreadyExists",
                format!("{arn} has a practice run configuration"),
                None,
            ));
        }
        self.set_practice_run(&arn, Some(configuration));
        Ok(arn)
    }

    /// Changes how a resource practises.
    ///
    /// # Errors
    /// `ValidationException`; `ResourceNotFoundException`; `ConflictException` where the resource has
    /// no configuration.
    pub fn update_practice_run(
        &mut self,
        identifier: &str,
        input: PracticeRunUpdate,
    ) -> Result<ResourceArn, ServiceError> {
        let (arn, held) = self.practising(identifier)?;
        let configuration = self.updated(held, input)?;
        self.set_practice_run(&arn, Some(configuration));
        Ok(arn)
    }

    /// Has a resource practise no longer. A run that is under way goes on.
    ///
    /// # Errors
    /// `ValidationException`; `ResourceNotFoundException`; `ConflictException` where the resource has
    /// no configuration, or AWS may shift it.
    pub fn delete_practice_run(&mut self, identifier: &str) -> Result<ResourceArn, ServiceError> {
        let (arn, _) = self.practising(identifier)?;
        if self.resource(identifier)?.managed.autoshift {
            return Err(validate::conflict(
                "AutoShiftEnabled",
                format!("autoshift is enabled for {arn}, and requires practice runs"),
                None,
            ));
        }
        self.set_practice_run(&arn, None);
        Ok(arn)
    }

    /// Sets a resource's configuration, unchecked, as a scenario has it.
    pub fn set_practice_run(
        &mut self,
        resource: &ResourceArn,
        configuration: Option<PracticeRunConfiguration>,
    ) {
        if let Some(managed) = self.resources.get_mut(resource) {
            managed.practice = configuration;
        }
    }

    /// A resource that practises, and how.
    pub(super) fn practising(
        &self,
        identifier: &str,
    ) -> Result<(ResourceArn, PracticeRunConfiguration), ServiceError> {
        let view = self.resource(identifier)?;
        let arn = view.managed.arn.clone();
        match view.practice {
            Some(configuration) => Ok((arn, configuration.clone())),
            None => Err(validate::conflict(
                "PracticeConfigurationDoesNotExist",
                format!("{arn} has no practice run configuration"),
                None,
            )),
        }
    }

    fn updated(
        &self,
        mut held: PracticeRunConfiguration,
        input: PracticeRunUpdate,
    ) -> Result<PracticeRunConfiguration, ServiceError> {
        if let Some(alarms) = input.outcome_alarms {
            if alarms.is_empty() {
                return Err(validate::missing("outcomeAlarms"));
            }
            held.outcome_alarms = self.alarms("outcomeAlarms", alarms)?;
        }
        if let Some(alarms) = input.blocking_alarms {
            held.blocking_alarms = self.alarms("blockingAlarms", alarms)?;
        }
        if let Some(dates) = input.blocked_dates {
            validate::at_most("blockedDates", &dates, 15, "InvalidPracticeBlocker")?;
            dates.iter().try_for_each(|date| blocked_date(date))?;
            held.blocked_dates = dates;
        }
        let reasons = ["InvalidPracticeBlocker", "InvalidPracticeAllowedWindow"];
        if let Some(windows) = input.blocked_windows {
            validate::at_most("blockedWindows", &windows, 15, reasons[0])?;
            held.blocked_windows = windows;
        }
        if let Some(windows) = input.allowed_windows {
            validate::at_most("allowedWindows", &windows, 15, reasons[1])?;
            held.allowed_windows = windows;
        }
        let blocked = Window::parse_all("blockedWindows", &held.blocked_windows, reasons[0])?;
        let allowed = Window::parse_all("allowedWindows", &held.allowed_windows, reasons[1])?;
        if allowed
            .iter()
            .any(|one| blocked.iter().any(|other| one.overlaps(other)))
        {
            return Err(validate::invalid(
                "InvalidPracticeWindows",
                "an allowed window and a blocked window overlap",
            ));
        }
        Ok(held)
    }

    /// The ARNs of control conditions: CloudWatch alarms of this Region.
    fn alarms(
        &self,
        field: &str,
        conditions: Vec<(String, String)>,
    ) -> Result<Vec<String>, ServiceError> {
        validate::at_most(field, &conditions, 10, "InvalidAlarmCondition")?;
        let arn = |(kind, arn): (String, String)| {
            if kind != "CLOUDWATCH" {
                let message = format!("{field}: type \"{kind}\" is not CLOUDWATCH");
                return Err(validate::invalid("InvalidConditionType", message));
            }
            let begin = self.alarm_arn("");
            if arn.len() > begin.len() && arn.len() <= 1024 && arn.starts_with(&begin) {
                return Ok(arn);
            }
            let message = format!("{field}: \"{arn}\" is no alarm of {}", self.region);
            Err(validate::invalid("InvalidAlarmCondition", message))
        };
        conditions.into_iter().map(arn).collect()
    }

    pub(super) fn alarm_arn(&self, name: &str) -> String {
        format!(
            "arn:aws:cloudwatch:{}:{}:alarm:{name}",
            self.region, self.account
        )
    }
}
