//! Evac as it is, and variants of it that are broken on purpose: a harness that finds nothing wrong
//! with these would find nothing wrong with anything. They are broken at the seam, between the
//! functions and the Region; no function knows of them.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use region::lambda::FunctionFailure;
use region::stage::ZONAL_SHIFT;
use serde_json::{Value, json};

use crate::seam::{Desk, Perform, Request, later};

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Nothing.
    Sound,
    /// Each resource is shifted by itself, whoever holds the lead.
    NoLeadLock,
    /// The groups are pruned first, and traffic follows.
    PruneBeforeShift,
    /// What is removed is written down afterwards.
    TagsAfterUpdate,
    /// Every customer's shift is taken for one of Evac's own.
    ForeignShiftsCancelled,
    /// What failed is answered as done.
    ErrorSwallowed,
    /// Shifts that were cancelled are not looked at.
    CancelIgnored,
    /// Restore gives a group the subnets that it once had, whatever people changed meanwhile.
    OriginalRestored,
    /// A zone that nobody counts anything of is taken for well, and so is an ill one.
    FailBackOnSilence,
}

type Answered = Result<HttpResponse, ConnectorError>;

impl Variant {
    /// Every variant that is broken.
    pub const BROKEN: [Self; 8] = [
        Self::NoLeadLock,
        Self::PruneBeforeShift,
        Self::TagsAfterUpdate,
        Self::ForeignShiftsCancelled,
        Self::ErrorSwallowed,
        Self::CancelIgnored,
        Self::OriginalRestored,
        Self::FailBackOnSilence,
    ];

    /// Runs a function.
    pub(crate) async fn run(
        self,
        function: &'static str,
        perform: Perform,
        payload: Value,
    ) -> Result<Value, FunctionFailure> {
        let shifts = function == ZONAL_SHIFT && payload["action"] == "shift";
        match self {
            Self::NoLeadLock if shifts => one_by_one(&perform, &payload).await,
            Self::PruneBeforeShift if shifts && payload["dryRun"] != true => {
                said_before_done(perform, payload).await
            }
            Self::ErrorSwallowed => {
                let mut answer = perform(payload.clone()).await?;
                say_done(&mut answer, &payload);
                Ok(answer)
            }
            _ => perform(payload).await,
        }
    }

    /// Lets a request pass, changed or not; or answers it itself.
    pub(crate) async fn pass(
        self,
        desk: &Desk,
        inner: &SharedHttpConnector,
        request: &mut HttpRequest,
    ) -> Option<Answered> {
        let read = Request::read(request);
        let action = read.action().filter(|_| read.service == "autoscaling");
        match (self, action) {
            (Self::TagsAfterUpdate, Some("CreateOrUpdateTags")) => {
                let kept = request.try_clone()?;
                desk.log().kept_back.push((read.group()?, kept));
                Some(Ok(answer(
                    200,
                    "<CreateOrUpdateTagsResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></CreateOrUpdateTagsResponse>",
                )))
            }
            (Self::TagsAfterUpdate, Some("UpdateAutoScalingGroup")) => {
                let group = read.group()?;
                let answered = inner.call(request.try_clone()?).await;
                let kept = {
                    let mut log = desk.log();
                    let at = log.kept_back.iter().position(|(of, _)| *of == group);
                    at.map(|at| log.kept_back.remove(at).1)
                };
                if let Some(kept) = kept {
                    let _ = inner.call(kept).await;
                }
                Some(answered)
            }
            (Self::OriginalRestored, Some("UpdateAutoScalingGroup")) => {
                give_original(desk, &read, request);
                None
            }
            _ => None,
        }
    }

    /// Lets an answer pass, changed or not.
    pub(crate) fn receive(self, request: &Request, answered: HttpResponse) -> HttpResponse {
        if request.service != "arc-zonal-shift" || request.method != "GET" {
            return answered;
        }
        match self {
            Self::CancelIgnored if request.path.contains("CANCELED") => {
                answer(200, r#"{"items": []}"#)
            }
            Self::ForeignShiftsCancelled if request.path.starts_with("/managedresources/") => {
                claim_all(answered)
            }
            _ => answered,
        }
    }
}

async fn one_by_one(perform: &Perform, payload: &Value) -> Result<Value, FunctionFailure> {
    let mut merged: Option<Value> = None;
    for resource in payload["resources"].as_array().into_iter().flatten() {
        let mut alone = payload.clone();
        alone["resources"] = json!([resource]);
        let answer = perform(alone).await?;
        match &mut merged {
            None => merged = Some(answer),
            Some(merged) => {
                let both = merged["inEffect"] == true && answer["inEffect"] == true;
                merged["inEffect"] = json!(both);
                let reports = answer["resources"].as_array().cloned().unwrap_or_default();
                merged["resources"].as_array_mut().unwrap().extend(reports);
            }
        }
    }
    Ok(merged.unwrap())
}

async fn said_before_done(perform: Perform, payload: Value) -> Result<Value, FunctionFailure> {
    let mut rehearsal = payload.clone();
    rehearsal["dryRun"] = json!(true);
    let mut answer = perform(rehearsal).await?;
    let reports = answer["resources"].as_array_mut().unwrap();
    let would = |report: &Value| report["outcome"] == "would";
    if !reports.iter().all(would) {
        return perform(payload).await;
    }
    for report in reports {
        report["outcome"] = json!("started");
        report["zonalShiftId"] = json!("00000000-0000-4000-a000-00000000ffff");
    }
    answer["inEffect"] = json!(true);
    answer["dryRun"] = json!(false);
    later(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let _ = perform(payload).await;
    });
    Ok(answer)
}

fn say_done(answer: &mut Value, payload: &Value) {
    let done = match payload["action"].as_str() {
        Some("shift") => "alreadyShifted",
        Some("extend") => "extended",
        Some("cancel") => "cancelled",
        Some("prune") => "alreadyPruned",
        Some("restore") => "notPruned",
        _ => "read",
    };
    for list in ["resources", "groups"] {
        for report in answer[list].as_array_mut().into_iter().flatten() {
            if report["outcome"] == "failed" {
                report["outcome"] = json!(done);
                report["zonalShiftId"] = json!("00000000-0000-4000-a000-00000000ffff");
                report["kind"] = json!("customer");
                report["ours"] = json!(true);
            }
        }
    }
}

/// Where an update gives a group subnets that it lacks, it is given those that it was made with.
fn give_original(desk: &Desk, read: &Request, request: &mut HttpRequest) {
    let wanted = read.field("VPCZoneIdentifier").unwrap_or_default();
    let restores = {
        let state = desk.place.region.state();
        let group = read.group().and_then(|name| {
            let group = state.auto_scaling.group(&name)?;
            Some(group.subnets.to_vec())
        });
        let has = group.unwrap_or_default();
        wanted
            .split(',')
            .any(|wanted| !has.iter().any(|has| has.as_str() == wanted))
    };
    if !restores {
        return;
    }
    let original: Vec<String> = desk
        .place
        .subnets
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let original = original.join("%2C");
    let body = String::from_utf8(read.body.clone()).unwrap();
    let fields = body.split('&').map(|field| {
        if field.starts_with("VPCZoneIdentifier=") {
            format!("VPCZoneIdentifier={original}")
        } else {
            field.to_owned()
        }
    });
    let body = fields.collect::<Vec<_>>().join("&");
    request
        .headers_mut()
        .insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
}

/// Marks every customer's shift as Evac's own.
fn claim_all(answered: HttpResponse) -> HttpResponse {
    let Some(mut body) = answered
        .body()
        .bytes()
        .and_then(|body| serde_json::from_slice::<Value>(body).ok())
    else {
        return answered;
    };
    for shift in body["zonalShifts"].as_array_mut().into_iter().flatten() {
        let ours = shift["comment"]
            .as_str()
            .is_some_and(|comment| comment.starts_with("evac: "));
        if !ours && let Some(zone) = shift["awayFrom"].as_str() {
            shift["comment"] = json!(format!("evac: wildrydes/{zone}/20260115T030000Z evacuate"));
        }
    }
    answer(answered.status().as_u16(), &body.to_string())
}

fn answer(status: u16, body: &str) -> HttpResponse {
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}
