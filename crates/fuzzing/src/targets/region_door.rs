//! Requests at the Region's door, in the protocols of all of its services.
//!
//! An input is up to eight parts, with `%%` on a line between them. Each is a request:
//!
//! ```text
//! autoscaling POST /
//! content-type: application/x-www-form-urlencoded
//!
//! Action=DescribeAutoScalingGroups&Version=2011-01-01
//! ```
//!
//! or `wait 60`, to let so many seconds pass: what was put is looked at then. The first word is the
//! service in the scope of the signature. A request comes by the way of a client in the same process,
//! behind which the decompression of bodies stands as it does behind HTTP.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use domain::AccountId;
use jiff::SignedDuration;
use region::lambda::Handler;
use region::region::Region;
use region::scenario::healthy;
use region::sns::Subscribe;
use region::stage::{CLASSIFIER, REGION, Stage};
use region::state::{Parts, State};
use region::transport::in_process;
use serde_json::json;

use super::now;

const MOST_PARTS: usize = 8;
const BETWEEN: &[u8] = b"\n%%\n";
/// Enough for an alarm to be looked at twice; a second of the Region's time costs much.
const LONGEST_WAIT: i64 = 130;

pub(crate) fn run(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(walk(bytes));
}

async fn walk(bytes: &[u8]) {
    let region = region();
    let mut left = LONGEST_WAIT;
    for part in parts(bytes).take(MOST_PARTS) {
        if let Some(seconds) = wait(part) {
            let seconds = seconds.clamp(0, left);
            left -= seconds;
            region.advance(SignedDuration::from_secs(seconds)).await;
        } else if let Some(request) = Request::read(part) {
            request.send(&region).await;
        }
    }
}

fn parts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let here = rest?;
        let end = here
            .windows(BETWEEN.len())
            .position(|window| window == BETWEEN);
        rest = end.map(|end| &here[end + BETWEEN.len()..]);
        Some(end.map_or(here, |end| &here[..end]))
    })
}

fn wait(part: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(part).ok()?;
    text.trim().strip_prefix("wait ")?.parse().ok()
}

struct Request {
    service: String,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Nothing where this is no request at all: HTTP refuses it before the Region sees it.
    fn read(part: &[u8]) -> Option<Self> {
        let end = part.windows(2).position(|window| window == b"\n\n");
        let (head, body) = match end {
            Some(end) => (&part[..end], &part[end + 2..]),
            None => (part, &[][..]),
        };
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.lines();
        let mut words = lines.next()?.splitn(3, ' ').map(str::to_owned);
        let headers = lines.filter_map(|line| line.split_once(": "));
        Some(Self {
            service: words.next()?,
            method: words.next()?,
            uri: words.next()?,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.to_vec(),
        })
    }

    async fn send(self, region: &Arc<Region>) {
        let shown = format!("{} {} {}", self.service, self.method, self.uri);
        let mut request = HttpRequest::new(self.body.into());
        if request.set_method(&self.method).is_err() || request.set_uri(self.uri).is_err() {
            return;
        }
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=fuzz/20260115/us-east-1/{}/aws4_request, Signature=0",
            self.service
        );
        for (name, value) in self
            .headers
            .into_iter()
            .chain([("authorization".to_owned(), scope)])
        {
            let _ = request.headers_mut().try_append(name, value);
        }
        let Ok(answer) = in_process::send(region, &request).await else {
            panic!("no answer to {shown}");
        };
        let status = answer.status().as_u16();
        // No fault of the Region is in force, so none is an excuse.
        assert!((200..500).contains(&status), "{status} to {shown}");
    }
}

thread_local! {
    /// What a Region is made of once a healthy stage has seen ten minutes of traffic. To set a stage up
    /// takes long; to copy what came of it does not.
    static MADE: OnceCell<Parts> = const { OnceCell::new() };
}

fn region() -> Arc<Region> {
    let parts = MADE.with(|made| copy(made.get_or_init(make)));
    let mut state = State::new(&AccountId::embedded(), REGION, parts);
    let answers: Handler =
        Arc::new(|invoked| Box::pin(async move { Ok(json!({ "got": invoked.payload })) }));
    (state.lambda).put_function(CLASSIFIER, Duration::from_secs(60), answers);
    Region::new(state)
}

fn make() -> Parts {
    let stage = Stage::set(&healthy().unwrap(), 1).unwrap();
    let mut state = stage.region.state();
    let subscribe = Subscribe {
        topic: stage.topic.clone(),
        protocol: "sqs".to_owned(),
        endpoint: "arn:aws:sqs:us-east-1:000000000000:oncall".to_owned(),
        ..Subscribe::default()
    };
    state.sns.subscribe(subscribe, now()).unwrap();
    Parts {
        now: state.now(),
        arc: state.arc.clone(),
        auto_scaling: state.auto_scaling.clone(),
        cloudwatch: state.cloudwatch.clone(),
        sns: state.sns.clone(),
        world: state.world.clone(),
    }
}

fn copy(parts: &Parts) -> Parts {
    Parts {
        now: parts.now,
        arc: parts.arc.clone(),
        auto_scaling: parts.auto_scaling.clone(),
        cloudwatch: parts.cloudwatch.clone(),
        sns: parts.sns.clone(),
        world: parts.world.clone(),
    }
}
