//! ARC: the zonal shifts of a resource, those that are over included.

use aws_sdk_arczonalshift::Client;
use aws_sdk_arczonalshift::config;
use aws_sdk_arczonalshift::types::{ZonalShiftStatus, ZonalShiftSummary};
use domain::ResourceArn;
use jiff::Timestamp;
use runtime::clients::{next_page, retries};
use runtime::failure::of_call;

use super::{Account, MOST_PAGES, Unread, endless, patience, timestamp};

/// The zonal shifts of an account.
#[derive(Debug, Clone)]
pub(crate) struct Shifts {
    client: Client,
}

/// How a shift stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShiftStanding {
    /// It is in force.
    Active,
    /// It ended by itself.
    Expired,
    /// Somebody ended it; ARC does not say when.
    Cancelled,
}

/// A zonal shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ZonalShift {
    /// The resource.
    pub(crate) resource: ResourceArn,
    /// The AZ ID that traffic was moved away from.
    pub(crate) zone: String,
    /// ARC's id.
    pub(crate) id: String,
    /// Its kind in ARC's words, such as `ZONAL_SHIFT` or `ZONAL_AUTOSHIFT`, where that is told.
    pub(crate) kind: Option<String>,
    /// What whoever began it wrote.
    pub(crate) comment: String,
    /// When it began.
    pub(crate) began: Timestamp,
    /// When it ends, or would have ended, by itself.
    pub(crate) expires: Timestamp,
    /// How it stands.
    pub(crate) standing: ShiftStanding,
}

impl Shifts {
    /// The shifts of this account.
    pub(crate) fn of(account: &Account) -> Self {
        let config = config::Builder::from(&account.connections().to("ARC_ZONAL_SHIFT"));
        let config = config.timeout_config(patience()).retry_partition(retries());
        Self {
            client: Client::from_conf(config.build()),
        }
    }

    /// The shifts of a resource that were in force, or may have been, between two moments; the oldest
    /// first.
    ///
    /// # Errors
    /// Where `ListZonalShifts` fails.
    pub(crate) async fn between(
        &self,
        resource: &ResourceArn,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ZonalShift>, Unread> {
        let mut shifts = Vec::new();
        for standing in [
            ShiftStanding::Active,
            ShiftStanding::Expired,
            ShiftStanding::Cancelled,
        ] {
            shifts.extend(self.list(resource, standing).await?);
        }
        shifts.retain(|shift| shift.began <= to && shift.expires >= from);
        shifts.sort_by_key(|shift| shift.began);
        Ok(shifts)
    }

    /// The shifts of a resource that are in force now.
    ///
    /// # Errors
    /// Where `ListZonalShifts` fails.
    pub(crate) async fn in_force(&self, resource: &ResourceArn) -> Result<Vec<ZonalShift>, Unread> {
        self.list(resource, ShiftStanding::Active).await
    }

    async fn list(
        &self,
        resource: &ResourceArn,
        standing: ShiftStanding,
    ) -> Result<Vec<ZonalShift>, Unread> {
        let status = match standing {
            ShiftStanding::Active => ZonalShiftStatus::Active,
            ShiftStanding::Expired => ZonalShiftStatus::Expired,
            ShiftStanding::Cancelled => ZonalShiftStatus::Canceled,
        };
        let call = format!("ListZonalShifts of {}", resource.short());
        let unread = |failure| Unread::new(failure, "arc-zonal-shift:ListZonalShifts");
        let mut shifts = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self
                .client
                .list_zonal_shifts()
                .resource_identifier(resource.as_str())
                .status(status.clone())
                .max_results(100)
                .set_next_token(token);
            let page = (asked.send().await).map_err(|error| unread(of_call(&call, &error)))?;
            let listed = page.items().iter();
            shifts.extend(listed.filter_map(|listed| shift(resource, standing, listed)));
            token = next_page(page.next_token());
            if token.is_none() {
                return Ok(shifts);
            }
        }
        Err(unread(endless(&call)))
    }
}

fn shift(
    resource: &ResourceArn,
    standing: ShiftStanding,
    listed: &ZonalShiftSummary,
) -> Option<ZonalShift> {
    Some(ZonalShift {
        resource: resource.clone(),
        zone: listed.away_from().to_owned(),
        id: listed.zonal_shift_id().to_owned(),
        kind: listed.shift_type().map(|kind| kind.as_str().to_owned()),
        comment: listed.comment().to_owned(),
        began: timestamp(listed.start_time())?,
        expires: timestamp(listed.expiry_time())?,
        standing,
    })
}
