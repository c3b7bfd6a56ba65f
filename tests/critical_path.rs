//! What lies between an alarm's event and the start of the shift: no call more than is needed, one after
//! another. Every answer of AWS takes a tenth of a virtual second here, so the time says how many answers
//! were waited for; a request that is on its way has arrived.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this is the tests' own code, and a test may panic"
)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asg_pruning::AsgPruning;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use classifier::{Classifier, Configuration};
use domain::policy::Mode;
use domain::signal::BareDefaults;
use jiff::SignedDuration;
use pipeline_tests::{Pipeline, add_resource};
use region::cloudwatch::StateValue;
use region::fault::spec::RegionFault;
use region::operation::Service;
use runtime::clients::Connections;
use runtime::settings::{Reader, Settings};
use runtime::telemetry::Meter;
use runtime::warm_up::{WARM_UP, warm_up};
use tokio::time::{Instant, sleep};
use zonal_shift::ZonalShift;

const ANSWER: Duration = Duration::from_millis(100);
/// Virtual time in which a shift has begun, or never does.
const LONGEST: Duration = Duration::from_secs(10);
const ALARM: &str = "use1-az1-wildrydes-isolated-impact-aggregate-alarm";

/// How many answers were waited for, one after another, before each StartZonalShift arrived.
async fn waited_before_starts(pipeline: &Pipeline, starts: usize) -> Vec<u128> {
    for service in [
        "cloudwatch",
        "arc-zonal-shift",
        "autoscaling",
        "sns",
        "lambda",
    ] {
        let slow = format!("slow:service={service},milliseconds={}", ANSWER.as_millis());
        let slow: RegionFault = slow.parse().unwrap();
        pipeline.region().begin_fault(&slow, None);
    }
    pipeline.set_alarm(ALARM, StateValue::Alarm);
    let event = pipeline.alarm_event("use1-az1");
    let began = Instant::now();
    let watch = async {
        let mut seen = Vec::new();
        while seen.len() < starts && began.elapsed() < LONGEST {
            sleep(Duration::from_millis(1)).await;
            let calls = pipeline.calls(Service::ArcZonalShift);
            let started = calls.iter().filter(|call| **call == "StartZonalShift");
            let waited = began.elapsed().as_millis() / ANSWER.as_millis();
            seen.resize(started.count(), waited);
        }
        seen
    };
    let (report, seen) = tokio::join!(pipeline.classify(event), watch);
    report.unwrap();
    seen
}

/// Observe; invoke; read; start. The answers of the second and the fourth are not waited for before the
/// shift begins.
#[tokio::test(start_paused = true)]
async fn four_round_trips_lie_between_an_alarm_and_the_shift_of_its_resource() {
    let pipeline = Pipeline::at_peace();
    assert_eq!(waited_before_starts(&pipeline, 1).await, [2]);
}

/// The lead is shifted first, because it is the lock; then all others at the same time.
#[tokio::test(start_paused = true)]
async fn five_round_trips_lie_between_an_alarm_and_the_shift_of_many_resources() {
    let pipeline = Pipeline::at_peace_with(|stage| {
        for name in ["api", "admin", "partners", "internal"] {
            add_resource(stage, name);
        }
    });
    assert_eq!(waited_before_starts(&pipeline, 5).await, [2, 3, 3, 3, 3]);
}

/// The counts are read at the same time as the alarms.
#[tokio::test(start_paused = true)]
async fn evidence_costs_no_round_trip() {
    let pipeline = Pipeline::on("zonal-latency");
    assert!(pipeline.stage.workload.get("evidence").is_some());
    // Until the counts show the fault, and just before the alarm does.
    let shown = SignedDuration::from_secs(4 * 60 + 28);
    pipeline.region().advance(shown).await;
    assert_eq!(waited_before_starts(&pipeline, 1).await, [2]);
}

/// What a client was asked for: the method, the address, how many headers, and whether there was a body.
type Asked = (String, String, usize, bool);

/// An HTTP client that notes what it is asked, and answers or does not.
#[derive(Debug, Clone)]
struct Noting {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: bool,
}

impl HttpConnector for Noting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().is_none_or(|body| !body.is_empty());
        self.asked.lock().unwrap().push((
            request.method().to_owned(),
            request.uri().to_owned(),
            request.headers().len(),
            body,
        ));
        let answers = self.answers;
        HttpConnectorFuture::new(async move {
            if !answers {
                std::future::pending::<()>().await;
            }
            let status = StatusCode::try_from(403).unwrap();
            Ok(HttpResponse::new(status, SdkBody::empty()))
        })
    }
}

fn noting(answers: bool) -> (Connections, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::default();
    let noting = Noting {
        asked: Arc::clone(&asked),
        answers,
    };
    let variables = [("AWS_REGION".to_owned(), "eu-west-3".to_owned())].into();
    let mut reader = Reader::new(&variables);
    let settings = Settings::read(&mut reader);
    let settings = reader.finish(settings).unwrap();
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(noting.clone()));
    let credentials = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
    let credentials = SharedCredentialsProvider::new(credentials);
    (Connections::over(&settings, http, credentials), asked)
}

async fn rehearse_all(connections: &Connections) {
    warm_up(connections, |scout| async move {
        ZonalShift::new(&scout).rehearse().await;
        AsgPruning::new(&scout).rehearse().await;
        let configuration = Configuration {
            zonal_shift: "zonal-shift".to_owned(),
            asg_pruning: "asg-pruning".to_owned(),
            topic: "arn:aws:sns:eu-west-3:111122223333:evac".to_owned(),
            chat_topic: Some("arn:aws:sns:eu-west-3:111122223333:evac-chat".to_owned()),
            bare: BareDefaults {
                mode: Mode::Observe,
                expires_in: None,
            },
        };
        let (meter, _) = Meter::keeping();
        Classifier::new(&scout, configuration, meter)
            .rehearse()
            .await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rehearsal_opens_a_connection_to_each_service_and_asks_for_nothing() {
    let (connections, asked) = noting(true);
    rehearse_all(&connections).await;
    let asked = asked.lock().unwrap();
    let services: BTreeSet<&str> = asked.iter().map(|(_, uri, ..)| uri.as_str()).collect();
    assert_eq!(
        services,
        [
            "https://arc-zonal-shift.eu-west-3.amazonaws.com/",
            "https://autoscaling.eu-west-3.amazonaws.com/",
            "https://lambda.eu-west-3.amazonaws.com/",
            "https://monitoring.eu-west-3.amazonaws.com/",
            "https://sns.eu-west-3.amazonaws.com/",
        ]
        .into()
    );
    for (method, uri, headers, body) in &*asked {
        assert_eq!(
            (method.as_str(), *headers, *body),
            ("GET", 0, false),
            "{uri}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_does_not_keep_init_waiting() {
    let (connections, asked) = noting(false);
    let began = Instant::now();
    rehearse_all(&connections).await;
    assert_eq!(began.elapsed(), WARM_UP);
    assert!(!asked.lock().unwrap().is_empty());
}
