//! Instance refreshes: begun, told, cancelled. None replaces an instance, so none ends by itself.
//!
//! What matters to an evacuation is that a group has one in progress: changing the subnets of such a
//! group is not documented to be safe.

use jiff::Timestamp;

use super::describe::page;
use super::group::{Group, RefreshStatus};
use super::update::check_name;
use super::{AutoScaling, Page, Paging, no_such_group};
use crate::error::ServiceError;
use crate::identifier::uuid;

/// An instance refresh that a group keeps.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) id: String,
    pub(super) status: RefreshStatus,
    pub(super) began: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

/// An instance refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRefresh<'a> {
    /// Its id.
    pub id: &'a str,
    /// The group.
    pub group: &'a str,
    /// Its status, such as `InProgress`.
    pub status: &'static str,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl AutoScaling {
    /// StartInstanceRefresh; its id. It is in progress at once.
    ///
    /// # Errors
    /// `ValidationError`, `InstanceRefreshInProgress` where there is one already, `AccessDenied` for a
    /// group that an AWS service manages, and `ResourceContention`.
    pub fn start_instance_refresh(
        &mut self,
        group: &str,
        now: Timestamp,
    ) -> Result<String, ServiceError> {
        let group = self.group_to_refresh(group)?;
        if group.refresh_in_progress().is_some() {
            return Err(ServiceError::new(
                400,
                "InstanceRefreshInProgress",
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
            ));
        }
        Ok(group.begin_refresh(RefreshStatus::InProgress, now))
    }

    /// CancelInstanceRefresh; the id of the refresh. Nothing is under way that it would wait for.
    ///
    /// # Errors
    /// `ValidationError`, `ActiveInstanceRefreshNotFound` where none is in progress, `AccessDenied` for
    /// a group that an AWS service manages, and `ResourceContention`.
    pub fn cancel_instance_refresh(
        &mut self,
        group: &str,
        now: Timestamp,
    ) -> Result<String, ServiceError> {
        let group = self.group_to_refresh(group)?;
        let Some(refresh) = group.refresh_in_progress() else {
            return Err(ServiceError::new(
                400,
                "ActiveInstanceRefreshNotFound",
                "No in progress or pending Instance Refresh found for Auto Scaling group",
            ));
        };
        refresh.status = RefreshStatus::Cancelled;
        refresh.ended = Some(now);
        Ok(refresh.id.clone())
    }

    /// DescribeInstanceRefreshes, the newest first.
    ///
    /// # Errors
    /// `ValidationError` and `InvalidNextToken`.
    pub fn describe_instance_refreshes(
        &self,
        group: &str,
        ids: &[String],
        paging: &Paging,
    ) -> Result<Page<InstanceRefresh<'_>>, ServiceError> {
        check_name(group)?;
        let group = self.groups.get(group).ok_or_else(no_such_group)?;
        let refreshes = group.refreshes.iter().enumerate().rev();
        let refreshes = refreshes
            .filter(|(_, refresh)| ids.is_empty() || ids.contains(&refresh.id))
            .map(|(number, refresh)| {
                let from_the_newest = usize::MAX - number;
                let view = InstanceRefresh {
                    id: &refresh.id,
                    group: &group.name,
                    status: refresh.status.name(),
                    began: refresh.began,
                    ended: refresh.ended,
                };
                (format!("{from_the_newest:020}"), view)
            });
        page("DescribeInstanceRefreshes", refreshes, paging)
    }

    fn group_to_refresh(&mut self, name: &str) -> Result<&mut Group, ServiceError> {
        check_name(name)?;
        let group = self.group_mut(name)?;
        group.check_caller()?;
        group.check_contention()?;
        Ok(group)
    }
}

impl Group {
    /// Begins a refresh; its id.
    pub(super) fn begin_refresh(&mut self, status: RefreshStatus, now: Timestamp) -> String {
        let number = u64::try_from(self.refreshes.len()).unwrap_or(u64::MAX);
        let id = uuid(&self.arn, number);
        self.refreshes.push(Refresh {
            id: id.clone(),
            status,
            began: now,
            ended: None,
        });
        id
    }

    fn refresh_in_progress(&mut self) -> Option<&mut Refresh> {
        self.refreshes
            .last_mut()
            .filter(|refresh| refresh.ended.is_none())
    }
}
