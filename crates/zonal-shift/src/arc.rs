//! ARC's API as plain values. This is the only place in Evac that names its SDK.
//!
//! Enum values that this version of the SDK does not know are kept by name: AWS adds some every
//! year, and none of them may stop an evacuation.

use std::sync::{Mutex, PoisonError};

use aws_sdk_arczonalshift::Client;
use aws_sdk_arczonalshift::config;
use aws_sdk_arczonalshift::config::http::HttpResponse;
use aws_sdk_arczonalshift::error::SdkError;
use aws_sdk_arczonalshift::operation::get_managed_resource::GetManagedResourceOutput;
use aws_sdk_arczonalshift::operation::start_zonal_shift::StartZonalShiftError;
use aws_sdk_arczonalshift::primitives::DateTime;
use aws_sdk_arczonalshift::types::{
    AppliedStatus, AutoshiftAppliedStatus, AutoshiftInResource, ShiftType, ZonalShiftInResource,
    ZonalShiftStatus,
};
use domain::failure::{Class, Failure};
use domain::incident::Marker;
use domain::shift::{ActiveShift, ResourceReading, ResourceState, ShiftKind};
use domain::{ResourceArn, ZoneId};
use futures_util::future::OptionFuture;
use jiff::Timestamp;
use runtime::clients::{Connections, next_page, retries};
use runtime::failure::of_call;
use runtime::turn::{Outside, Turn};
use tokio::time::{Duration, Instant};

/// Cancelled shifts of a resource are read up to so many pages of 100, so that the reading ends.
const MOST_PAGES: usize = 20;

/// So long after a call was throttled, the next ones are likely to be.
const CONGESTED: Duration = Duration::from_secs(60);

/// Two readings of which the second was answered no later than this after the first.
const AT_THE_SAME_TIME: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
pub(crate) struct Arc {
    client: Client,
    congestion: Congestion,
}

/// Whether ARC throttled lately, as far as this process has seen.
#[derive(Debug, Clone, Default)]
struct Congestion(std::sync::Arc<Mutex<Option<Instant>>>);

impl Congestion {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_likely(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < CONGESTED)
    }
}

impl Arc {
    pub(crate) fn new(connections: &Connections) -> Self {
        let config = config::Builder::from(&connections.to("ARC_ZONAL_SHIFT"));
        let config = config.retry_partition(retries()).retry_classifier(Outside);
        Self {
            client: Client::from_conf(config.build()),
            congestion: Congestion::default(),
        }
    }

    /// Reads what is in force on a resource and, if asked, which shifts of Evac were cancelled on it.
    ///
    /// A shift that is cancelled between the two readings must not be missing in both. So what was cancelled
    /// is read last, or at the same time, which saves a round trip, and once more where the other reading
    /// came later after all. While ARC throttles that is likely, so it is not tried then.
    pub(crate) async fn read(
        &self,
        resource: &ResourceArn,
        with_cancelled: bool,
        turn: &Turn,
    ) -> ResourceReading {
        let managed = turn.take(|| async {
            let asked_at = Instant::now();
            Ok((self.managed(resource).await?, asked_at..Instant::now()))
        });
        let early = async {
            let early = with_cancelled && !self.congestion.is_likely();
            let cancelled = OptionFuture::from(early.then(|| self.cancelled(resource, turn)));
            (cancelled.await, Instant::now())
        };
        let (managed, (early, read_at)) = tokio::join!(managed, early);
        if turn.was_throttled() {
            self.congestion.note();
        }
        let (managed, asked) = match managed {
            Ok(managed) => managed,
            Err(failure) if failure.class == Class::NotFound => return ResourceReading::NotManaged,
            Err(failure) => return ResourceReading::Failed(failure),
        };
        let is_late = asked.start > read_at || asked.end > read_at + AT_THE_SAME_TIME;
        let cancelled = match early {
            Some(cancelled) if !is_late => cancelled,
            _ if with_cancelled => self.cancelled(resource, turn).await,
            _ => Ok(Vec::new()),
        };
        match cancelled {
            Ok(cancelled) => ResourceReading::Managed(state(&managed, cancelled)),
            Err(failure) => ResourceReading::Failed(failure),
        }
    }

    async fn managed(&self, resource: &ResourceArn) -> Result<GetManagedResourceOutput, Failure> {
        let asked = self.client.get_managed_resource();
        let asked = asked.resource_identifier(resource.as_str());
        asked.send().await.map_err(|error| {
            let call = format!("GetManagedResource of {}", resource.short());
            of_call(&call, &error)
        })
    }

    async fn cancelled(&self, resource: &ResourceArn, turn: &Turn) -> Result<Vec<Marker>, Failure> {
        let mut markers = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = turn.take(|| async {
                let asked = self
                    .client
                    .list_zonal_shifts()
                    .resource_identifier(resource.as_str())
                    .status(ZonalShiftStatus::Canceled)
                    .max_results(100)
                    .set_next_token(token.clone());
                asked.send().await.map_err(|error| {
                    of_call(&format!("ListZonalShifts of {}", resource.short()), &error)
                })
            });
            let page = page.await?;
            // The service filters by status; what it does not filter must not be taken for a decision.
            let cancelled = page
                .items()
                .iter()
                .filter(|shift| *shift.status() == ZonalShiftStatus::Canceled);
            markers.extend(cancelled.filter_map(|shift| Marker::from_comment(shift.comment())));
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(markers);
            }
        }
        tracing::warn!(
            resource = resource.as_str(),
            "more than {MOST_PAGES} pages of cancelled shifts, the rest is not read"
        );
        Ok(markers)
    }

    /// Starts a shift; its id, and when it ends by itself.
    pub(crate) async fn start(
        &self,
        resource: &ResourceArn,
        zone: &ZoneId,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Result<(String, Option<Timestamp>), Failure> {
        let call = self
            .client
            .start_zonal_shift()
            .resource_identifier(resource.as_str())
            .away_from(zone.as_str())
            .expires_in(expires_in)
            .comment(comment);
        let failed = |error: SdkError<StartZonalShiftError, HttpResponse>| {
            let reason = error.as_service_error().and_then(|service| match service {
                StartZonalShiftError::ConflictException(conflict) => Some(format!(
                    " ({}, shift {})",
                    conflict.reason().as_str(),
                    conflict.zonal_shift_id().unwrap_or("unknown")
                )),
                StartZonalShiftError::ValidationException(invalid) => {
                    Some(format!(" ({})", invalid.reason().as_str()))
                }
                _ => None,
            });
            let mut failure = of_call(&format!("StartZonalShift on {}", resource.short()), &error);
            failure.message.push_str(&reason.unwrap_or_default());
            failure
        };
        let started = turn.take(|| async { call.clone().send().await.map_err(failed) });
        let started = started.await?;
        Ok((
            started.zonal_shift_id().to_owned(),
            timestamp(started.expiry_time()),
        ))
    }

    /// Updates a shift's comment and its expiry; when it ends by itself now.
    pub(crate) async fn update(
        &self,
        resource: &ResourceArn,
        id: &str,
        expires_in: &str,
        comment: &str,
        turn: &Turn,
    ) -> Result<Option<Timestamp>, Failure> {
        let call = self
            .client
            .update_zonal_shift()
            .zonal_shift_id(id)
            .expires_in(expires_in)
            .comment(comment);
        let updated = turn.take(|| async {
            call.clone().send().await.map_err(|error| {
                let call = format!("UpdateZonalShift {id} on {}", resource.short());
                of_call(&call, &error)
            })
        });
        Ok(timestamp(updated.await?.expiry_time()))
    }

    /// Ends a shift.
    pub(crate) async fn cancel(
        &self,
        resource: &ResourceArn,
        id: &str,
        turn: &Turn,
    ) -> Result<(), Failure> {
        let call = self.client.cancel_zonal_shift().zonal_shift_id(id);
        let cancelled = turn.take(|| async {
            call.clone().send().await.map_err(|error| {
                let call = format!("CancelZonalShift {id} on {}", resource.short());
                of_call(&call, &error)
            })
        });
        cancelled.await.map(|_| ())
    }
}

fn state(managed: &GetManagedResourceOutput, cancelled: Vec<Marker>) -> ResourceState {
    let customers = managed.zonal_shifts().iter().map(active_shift);
    let autoshifts = managed.autoshifts().iter().map(autoshift);
    ResourceState {
        weights: managed
            .applied_weights()
            .iter()
            .map(|(zone, weight)| (zone.clone(), f64::from(*weight)))
            .collect(),
        shifts: customers.chain(autoshifts).collect(),
        cancelled,
    }
}

fn active_shift(shift: &ZonalShiftInResource) -> ActiveShift {
    ActiveShift {
        zone: shift.away_from().to_owned(),
        kind: kind(shift.shift_type()),
        id: Some(shift.zonal_shift_id().to_owned()),
        applied: *shift.applied_status() == AppliedStatus::Applied,
        started_at: timestamp(shift.start_time()),
        expires_at: timestamp(shift.expiry_time()),
        comment: Some(shift.comment().to_owned()),
    }
}

fn kind(shift_type: Option<&ShiftType>) -> ShiftKind {
    match shift_type {
        // Without a type it is from before there were types; and the CLI's documentation shows
        // "MANUAL", which the model does not have.
        None | Some(ShiftType::ZonalShift) => ShiftKind::Customer,
        Some(ShiftType::PracticeRun) => ShiftKind::PracticeRun,
        Some(ShiftType::FisExperiment) => ShiftKind::FisExperiment,
        Some(ShiftType::ZonalAutoshift) => ShiftKind::Autoshift,
        Some(other) if other.as_str() == "MANUAL" => ShiftKind::Customer,
        Some(other) => ShiftKind::Other(other.as_str().to_owned()),
    }
}

fn autoshift(shift: &AutoshiftInResource) -> ActiveShift {
    ActiveShift {
        zone: shift.away_from().to_owned(),
        kind: ShiftKind::Autoshift,
        id: None,
        applied: *shift.applied_status() == AutoshiftAppliedStatus::Applied,
        started_at: timestamp(shift.start_time()),
        expires_at: None,
        comment: None,
    }
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_the_model_does_not_have_is_kept_by_name() {
        let of = |name: &str| kind(Some(&ShiftType::from(name)));
        assert_eq!(of("MANUAL"), ShiftKind::Customer);
        assert_eq!(of("ZONAL_SHIFT"), ShiftKind::Customer);
        assert_eq!(of("LUNAR"), ShiftKind::Other("LUNAR".to_owned()));
    }
}
