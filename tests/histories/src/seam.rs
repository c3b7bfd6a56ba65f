//! The seam between the functions and the Region: everything that passes through it is noted, acts of
//! people find their moment in the middle of a run here, and the broken variants tamper here.
//!
//! Which run a call belongs to is known by the task that makes it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use asg_pruning::AsgPruning;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use classifier::{Classifier, Configuration};
use domain::AccountId;
use domain::policy::Mode;
use domain::signal::BareDefaults;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use region::lambda::{Answer, FunctionFailure, Handler, Invoked};
use region::stage::{ASG_PRUNING, CLASSIFIER, Handlers, REGION, ZONAL_SHIFT};
use region::transport::in_process;
use runtime::clients::Connections;
use runtime::failure::FunctionError;
use runtime::invocation::Invocation;
use runtime::settings::{Habitat, Settings};
use runtime::telemetry::Meter;
use serde::Serialize;
use serde_json::Value;
use zonal_shift::ZonalShift;

use crate::act;
use crate::oracle;
use crate::place::Place;
use crate::transcript::{Setting, What};
use crate::truth::Truth;
use crate::variant::Variant;

tokio::task_local! {
    /// The run that calls are made in.
    static RUN: (Arc<Desk>, usize);
}

/// Everything about one history while it plays.
pub(crate) struct Desk {
    pub(crate) place: Place,
    pub(crate) setting: Setting,
    pub(crate) variant: Variant,
    region: SharedHttpClient,
    log: Mutex<Log>,
}

/// What has happened so far.
pub(crate) struct Log {
    pub(crate) runs: Vec<Run>,
    pub(crate) calls: Vec<Call>,
    pub(crate) deeds: Vec<Deed>,
    /// The events that were delivered, as payloads.
    pub(crate) events: Vec<Value>,
    /// What happens before the call that is so many calls away.
    pub(crate) waiting: Vec<(u32, What)>,
    pub(crate) truth: Truth,
    /// What runs did wrong.
    pub(crate) wrong: Vec<String>,
    /// What a broken variant keeps back, by group.
    pub(crate) kept_back: Vec<(String, HttpRequest)>,
    shuffle: Rng,
}

/// A run of a function.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) function: &'static str,
    /// What it was asked, without the workload.
    pub(crate) asked: Value,
    /// The run that asked.
    pub(crate) parent: Option<usize>,
    pub(crate) began: Mark,
    pub(crate) ended: Option<Mark>,
    /// What came of it; none where it was killed or ran out of time.
    pub(crate) outcome: Option<Result<Value, FunctionFailure>>,
}

/// A place in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at: Timestamp,
    /// How many changes the Region's history had.
    pub(crate) changes: usize,
    /// How much people, AWS and faults had done.
    pub(crate) deeds: usize,
    /// How many messages there were.
    pub(crate) messages: usize,
}

/// Something that nobody of Evac's did.
#[derive(Debug)]
pub(crate) struct Deed {
    pub(crate) mark: Mark,
    pub(crate) what: What,
    /// Whether it had an effect.
    pub(crate) done: bool,
    /// The group that has no tag of Evac's any more by it: whoever deletes a record takes the prune over.
    pub(crate) took_over: Option<String>,
}

/// A call that a function made; one attempt of it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) run: usize,
    pub(crate) request: Request,
    /// The status; none where no answer came.
    pub(crate) status: Option<u16>,
}

/// What a call asked for. Attempts of one call ask for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Such as `arc-zonal-shift`.
    pub(crate) service: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn read(request: &HttpRequest) -> Self {
        let scope = request.headers().get("authorization").unwrap_or_default();
        let service = scope.split('/').nth(3).unwrap_or_default();
        let uri = request.uri();
        let path = uri.split_once("127.0.0.1").map_or(uri, |(_, path)| path);
        Self {
            service: service.to_owned(),
            method: request.method().to_owned(),
            path: path.to_owned(),
            body: request.body().bytes().unwrap_or_default().to_vec(),
        }
    }

    /// The operation of the query protocol.
    pub(crate) fn action(&self) -> Option<&str> {
        let body = std::str::from_utf8(&self.body).ok()?;
        body.strip_prefix("Action=")?.split('&').next()
    }

    /// A field of the query protocol, decoded as far as the values of these tests need it.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let body = std::str::from_utf8(&self.body).ok()?;
        let value = body
            .split('&')
            .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))?;
        Some(
            value
                .replace("%2C", ",")
                .replace("%3A", ":")
                .replace("%2F", "/"),
        )
    }

    /// The group that a call to Auto Scaling is about.
    pub(crate) fn group(&self) -> Option<String> {
        let named = self.field("AutoScalingGroupName");
        named.or_else(|| self.field("Tags.member.1.ResourceId"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn mutates(&self) -> bool {
        match self.service.as_str() {
            "arc-zonal-shift" => self.method != "GET",
            "autoscaling" => !self
                .action()
                .is_some_and(|name| name.starts_with("Describe")),
            "sns" => true,
            _ => false,
        }
    }
}

impl Log {
    /// The run that invoked a function with this payload: the last one that tried to.
    fn invoker(&self, function: &str, payload: &Value) -> Option<usize> {
        let invoke = |call: &&Call| {
            call.request.service == "lambda"
                && call.request.path.contains(&format!("/{function}/"))
                && call.request.json() == *payload
        };
        self.calls
            .iter()
            .rev()
            .take(40)
            .find(invoke)
            .map(|call| call.run)
    }
}

impl Desk {
    pub(crate) fn of(setting: &Setting, seed: u64, variant: Variant) -> Arc<Self> {
        let place = Place::of(setting, seed);
        let log = Log {
            runs: Vec::new(),
            calls: Vec::new(),
            deeds: Vec::new(),
            events: Vec::new(),
            waiting: Vec::new(),
            truth: Truth::of(&place),
            wrong: Vec::new(),
            kept_back: Vec::new(),
            shuffle: Rng::with_seed(seed ^ 0x5eed),
        };
        let desk = Arc::new(Self {
            region: in_process::client(&place.region),
            place,
            setting: setting.clone(),
            variant,
            log: Mutex::new(log),
        });
        desk.place.connect(handlers(&desk), setting.tick_minutes);
        desk
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    /// Where the history is now.
    pub(crate) fn mark(&self) -> Mark {
        let deeds = self.log().deeds.len();
        let mut state = self.place.region.state();
        state.note_changes(None);
        Mark {
            at: state.now(),
            changes: state.history.changes().len(),
            deeds,
            messages: state.sns.inbox().len(),
        }
    }

    /// One call comes nearer to what waits for it.
    fn next_call(&self) {
        let due: Vec<What> = {
            let mut log = self.log();
            for (calls, _) in &mut log.waiting {
                *calls -= 1;
            }
            let (due, waiting) = std::mem::take(&mut log.waiting)
                .into_iter()
                .partition(|(calls, _)| *calls == 0);
            log.waiting = waiting;
            let due: Vec<(u32, What)> = due;
            due.into_iter().map(|(_, what)| what).collect()
        };
        for what in due {
            act::happen(self, &what);
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk")
    }
}

/// The functions at a desk. They are made anew for each history: a classifier remembers what it has
/// told people.
fn handlers(desk: &Arc<Desk>) -> Handlers {
    let configuration = Configuration {
        zonal_shift: ZONAL_SHIFT.to_owned(),
        asg_pruning: ASG_PRUNING.to_owned(),
        topic: desk.place.topic.clone(),
        chat_topic: None,
        bare: BareDefaults {
            mode: Mode::Observe,
            expires_in: None,
        },
    };
    let classifier = Classifier::new(&connections(CLASSIFIER), configuration, Meter::keeping().0);
    let zonal_shift = ZonalShift::new(&connections(ZONAL_SHIFT));
    let asg_pruning = AsgPruning::new(&connections(ASG_PRUNING));
    Handlers {
        classifier: handler(desk, CLASSIFIER, 0, move |invocation, payload| {
            let function = classifier.clone();
            async move { function.handle(invocation, payload).await }
        }),
        zonal_shift: handler(desk, ZONAL_SHIFT, 1, move |invocation, payload| {
            let function = zonal_shift.clone();
            async move { function.handle(invocation, payload).await }
        }),
        asg_pruning: handler(desk, ASG_PRUNING, 2, move |invocation, payload| {
            let function = asg_pruning.clone();
            async move { function.handle(invocation, payload).await }
        }),
    }
}

fn connections(caller: &str) -> Connections {
    let settings = Settings {
        region: REGION.to_owned(),
        habitat: Habitat::Embedded,
        endpoint: Some("http://127.0.0.1".to_owned()),
        endpoints: Default::default(),
        wall_clock: false,
    };
    let credentials = Credentials::new(caller, "embedded", None, None, "embedded");
    Connections::over(
        &settings,
        SharedHttpClient::new(Door),
        SharedCredentialsProvider::new(credentials),
    )
}

/// Goes on with something in the name of the run that is under way now, when that has ended.
pub(crate) fn later(what: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(RUN.scope(RUN.with(Clone::clone), what));
}

type Performed = Pin<Box<dyn Future<Output = Result<Value, FunctionFailure>> + Send>>;

/// A function as its handler performs it, with a payload.
pub(crate) type Perform = Arc<dyn Fn(Value) -> Performed + Send + Sync>;

fn handler<F, Fut, Out>(desk: &Arc<Desk>, name: &'static str, clock: usize, function: F) -> Handler
where
    F: Fn(Invocation, Value) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Out, FunctionError>> + Send + 'static,
    Out: Serialize,
{
    // The Region holds its handlers, and the desk holds the Region.
    let desk = Arc::downgrade(desk);
    let function = Arc::new(function);
    Arc::new(move |invoked: Invoked| -> Answer {
        let desk = desk.upgrade().expect("a history that plays");
        let function = Arc::clone(&function);
        Box::pin(async move {
            let skew = SignedDuration::from_secs(desk.setting.skew[clock]);
            let now = invoked.now + skew;
            let remaining = invoked.remaining;
            let perform: Perform = Arc::new(move |payload| -> Performed {
                let function = Arc::clone(&function);
                Box::pin(async move {
                    let invocation = Invocation::begin(AccountId::embedded(), now, remaining);
                    match function(invocation, payload).await {
                        Ok(answer) => Ok(serde_json::to_value(answer).expect("an answer")),
                        Err(error) => Err(FunctionFailure {
                            error_type: error.failure.class.name().to_owned(),
                            error_message: error.failure.message,
                        }),
                    }
                })
            });
            let run = Open::begin(&desk, name, &invoked.payload);
            let scope = (Arc::clone(&desk), run.number);
            let variant = desk.variant;
            let performed = RUN
                .scope(scope, variant.run(name, perform, invoked.payload))
                .await;
            run.end(&performed);
            performed
        })
    })
}

/// A run under way; where it is dropped, the function was killed, or ran out of time.
struct Open {
    desk: Arc<Desk>,
    number: usize,
}

impl Open {
    fn begin(desk: &Arc<Desk>, function: &'static str, payload: &Value) -> Self {
        let began = desk.mark();
        let mut log = desk.log();
        let parent = log.invoker(function, payload);
        let asked = match (payload.get("command"), payload.get("event")) {
            (Some(asked), _) => asked.clone(),
            (None, Some(_)) => {
                log.events.push(payload.clone());
                payload["event"].clone()
            }
            (None, None) => {
                let mut asked = payload.clone();
                if let Some(fields) = asked.as_object_mut() {
                    fields.remove("zones");
                }
                asked
            }
        };
        log.runs.push(Run {
            function,
            asked,
            parent,
            began,
            ended: None,
            outcome: None,
        });
        Self {
            desk: Arc::clone(desk),
            number: log.runs.len() - 1,
        }
    }

    fn end(self, outcome: &Result<Value, FunctionFailure>) {
        self.desk.log().runs[self.number].outcome = Some(outcome.clone());
        let wrong = oracle::run::judge(&self.desk, self.number);
        self.desk.log().wrong.extend(wrong);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let ended = self.desk.mark();
        self.desk.log().runs[self.number].ended = Some(ended);
    }
}

/// An HTTP client that leads into the Region of the run that calls.
#[derive(Debug)]
struct Door;

impl HttpClient for Door {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let (desk, run) = RUN.with(Clone::clone);
        SharedHttpConnector::new(Through {
            inner: desk.region.http_connector(settings, components),
            desk,
            run,
        })
    }
}

/// The way into one Region, in one run.
#[derive(Debug)]
struct Through {
    desk: Arc<Desk>,
    run: usize,
    inner: SharedHttpConnector,
}

impl HttpConnector for Through {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let desk = Arc::clone(&self.desk);
        let inner = self.inner.clone();
        let run = self.run;
        HttpConnectorFuture::new(async move {
            if desk.setting.shuffled {
                let turns = desk.log().shuffle.u8(..3);
                for _ in 0..turns {
                    Turn(false).await;
                }
            }
            desk.next_call();
            let number = {
                let mut log = desk.log();
                log.calls.push(Call {
                    run,
                    request: Request::read(&request),
                    status: None,
                });
                log.calls.len() - 1
            };
            let variant = desk.variant;
            let answered = match variant.pass(&desk, &inner, &mut request).await {
                Some(answer) => answer,
                None => inner.call(request).await,
            };
            let mut log = desk.log();
            let call = &mut log.calls[number];
            answered.map(|answer| {
                call.status = Some(answer.status().as_u16());
                variant.receive(&call.request, answer)
            })
        })
    }
}

/// Lets the others go first, once.
struct Turn(bool);

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
