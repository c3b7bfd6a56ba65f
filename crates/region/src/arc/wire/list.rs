//! ARC's three lists.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use winterbaume_arczonalshift::wire;
use winterbaume_core::{MockRequest, MockResponse, extract_query_string};

use super::write;
use crate::arc::page::{Asked, Page, page};
use crate::arc::{Autoshift, ResourceView, Shift, Status, ZonalShifts, validate};
use crate::error::ServiceError;
use crate::text::form;

type Query = HashMap<String, String>;

fn query(request: &MockRequest) -> (Query, Asked) {
    let mut query = form(extract_query_string(&request.uri).as_bytes());
    let asked = Asked {
        max_results: query.remove("maxResults"),
        next_token: query.remove("nextToken"),
    };
    (query, asked)
}

fn bad_status(status: &str) -> ServiceError {
    validate::invalid(
        "InvalidStatus",
        format!("status: \"{status}\" is not known"),
    )
}

/// The newest first; the active ones unless another status is asked for.
pub(super) fn shifts(
    arc: &ZonalShifts,
    request: &MockRequest,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let (query, asked) = query(request);
    let status = match query.get("status").map(String::as_str) {
        None | Some("ACTIVE") => Status::Active,
        Some("EXPIRED") => Status::Expired,
        Some("CANCELED") => Status::Canceled,
        Some(other) => return Err(bad_status(other)),
    };
    let of = query.get("resourceIdentifier");
    of.map_or(Ok(()), |of| validate::identifier(of))?;
    let of = of.map(|of| match arc.resource(of) {
        Ok(view) => view.managed.arn.as_str(),
        Err(_) => of,
    });
    let mut found: Vec<&Shift> = arc
        .every()
        .filter(|shift| shift.status == status)
        .filter(|shift| of.is_none_or(|of| shift.resource.as_str() == of))
        .collect();
    found.sort_by_key(|shift| Reverse(shift.number));
    let page = numbered("shifts", found, |shift| shift.number, &asked)?;
    let items = page
        .items
        .into_iter()
        .map(|shift| write::summary(shift, now));
    Ok(wire::serialize_list_zonal_shifts_response(
        &wire::ListZonalShiftsResponse {
            items: Some(items.collect()),
            next_token: page.next_token,
        },
    ))
}

/// The newest first; the active ones unless the completed ones are asked for.
pub(super) fn autoshifts(
    arc: &ZonalShifts,
    request: &MockRequest,
) -> Result<MockResponse, ServiceError> {
    let (query, asked) = query(request);
    let active = match query.get("status").map(String::as_str) {
        None | Some("ACTIVE") => true,
        Some("COMPLETED") => false,
        Some(other) => return Err(bad_status(other)),
    };
    let list = if active { "active" } else { "completed" };
    let mut found: Vec<(u64, &Autoshift)> = (0..)
        .zip(arc.autoshifts())
        .filter(|(_, shift)| shift.ended.is_none() == active)
        .collect();
    found.reverse();
    let page = numbered(list, found, |(number, _)| *number, &asked)?;
    let items = page
        .items
        .into_iter()
        .map(|(_, shift)| write::autoshift(shift));
    Ok(wire::serialize_list_autoshifts_response(
        &wire::ListAutoshiftsResponse {
            items: Some(items.collect()),
            next_token: page.next_token,
        },
    ))
}

/// By ARN.
pub(super) fn resources(
    arc: &ZonalShifts,
    request: &MockRequest,
    now: Timestamp,
) -> Result<MockResponse, ServiceError> {
    let (_, asked) = query(request);
    let key = |view: &ResourceView<'_>| view.managed.arn.to_string();
    let codec = (String::clone, |text: &str| Some(text.to_owned()));
    let page = page("resources", arc.all_resources(), key, codec, &asked)?;
    let items = page
        .items
        .iter()
        .map(|view| write::resource_summary(view, now));
    let answer =
        wire::serialize_list_managed_resources_response(&wire::ListManagedResourcesResponse {
            items: Some(items.collect()),
            next_token: page.next_token,
        });
    Ok(write::in_order(answer))
}

/// A page of a list of which the highest number comes first.
fn numbered<T>(
    list: &str,
    items: Vec<T>,
    number: impl Fn(&T) -> u64,
    asked: &Asked,
) -> Result<Page<T>, ServiceError> {
    let codec = (
        |key: &Reverse<u64>| key.0.to_string(),
        |text: &str| text.parse().ok().map(Reverse),
    );
    page(
        list,
        items.into_iter(),
        |item| Reverse(number(item)),
        codec,
        asked,
    )
}
