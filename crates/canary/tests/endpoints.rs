//! The canary against endpoints on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use canary::{Canary, Counts, Plan};
use domain::AccountId;
use jiff::Timestamp;
use runtime::invocation::Invocation;
use runtime::settings::{Reader, Variables};
use runtime::telemetry::Meter;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs};

/// What an endpoint does with a request.
#[derive(Clone)]
enum Answer {
    Status(u16),
    After(Duration),
    Never,
    HangUp,
    BreakOff,
    Tls(TlsAcceptor),
}

type Heard = Arc<Mutex<Vec<String>>>;

/// An endpoint; its port, and the requests that it hears.
async fn endpoint(answer: Answer) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, heard) = (answer.clone(), Arc::clone(&kept));
            tokio::spawn(async move {
                if let Answer::Tls(acceptor) = answer {
                    // Whoever does not trust the certificate hangs up.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, Answer::Status(200), &heard).await;
                    }
                } else {
                    serve(stream, answer, &heard).await;
                }
            });
        }
    });
    (port, heard)
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: Answer, heard: &Heard) {
    let mut request = String::new();
    let mut buffer = [0; 1024];
    while !request.contains("\r\n\r\n") {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        request.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    heard.lock().unwrap().push(request);
    let status = match answer {
        Answer::Status(status) => status,
        Answer::After(wait) => {
            tokio::time::sleep(wait).await;
            200
        }
        Answer::Never => return std::future::pending().await,
        Answer::HangUp | Answer::Tls(_) => return,
        Answer::BreakOff => {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
                .await;
            return;
        }
    };
    let text =
        format!("HTTP/1.1 {status} Said\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsaid");
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Nobody listens on it.
async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

fn plan(mut json: Value) -> Plan {
    for (field, value) in [
        ("workload", json!("wildrydes")),
        ("slowAfterMs", json!(20_000)),
        ("timeoutMs", json!(20_000)),
        ("spreadSeconds", json!(0)),
        ("requests", json!(3)),
    ] {
        if json.get(field).is_none() {
            json[field] = value;
        }
    }
    let variables = Variables::from([("EVAC_CANARY".to_owned(), json.to_string())]);
    let mut reader = Reader::new(&variables);
    let plan = Plan::read(&mut reader);
    reader.finish(plan).unwrap().unwrap()
}

/// Asks once; the counts, and the lines of metrics.
async fn ask(plan: Plan, roots: RootCertStore) -> (BTreeMap<String, Counts>, Vec<Value>) {
    let (meter, lines) = Meter::keeping();
    let canary = Canary::trusting(roots, Some(plan), meter).unwrap();
    let now: Timestamp = "2026-01-15T03:00:00Z".parse().unwrap();
    let invocation = Invocation::begin(AccountId::embedded(), now, Duration::from_secs(60));
    let counts = canary.handle(invocation).await.unwrap();
    let lines = lines.lock().unwrap().clone();
    (counts, lines)
}

/// What is counted at one endpoint: requests, faults, slow ones.
async fn counted(answer: Answer, changes: Value) -> (u32, u32, u32) {
    let (regional, _) = endpoint(Answer::Status(200)).await;
    let (zonal, _) = endpoint(answer).await;
    let mut json = changes;
    json["url"] = json!(format!("http://127.0.0.1:{regional}/health"));
    json["zones"] = json!({"use1-az1": format!("127.0.0.1:{zonal}")});
    let (counts, _) = ask(plan(json), RootCertStore::empty()).await;
    let regional = &counts["regional"];
    assert_eq!(
        (regional.requests, regional.faults),
        (3, 0),
        "the other endpoint is not concerned"
    );
    let zone = &counts["use1-az1"];
    (zone.requests, zone.faults, zone.slow)
}

#[tokio::test]
async fn good_answers_are_requests_and_nothing_else() {
    assert_eq!(counted(Answer::Status(200), json!({})).await, (3, 0, 0));
    assert_eq!(counted(Answer::Status(302), json!({})).await, (3, 0, 0));
}

#[tokio::test]
async fn what_is_no_good_answer_is_a_fault() {
    for status in [404, 500, 503] {
        assert_eq!(
            counted(Answer::Status(status), json!({})).await,
            (3, 3, 0),
            "{status}"
        );
    }
    assert_eq!(counted(Answer::HangUp, json!({})).await, (3, 3, 0));
    assert_eq!(counted(Answer::BreakOff, json!({})).await, (3, 3, 0));
    let (_, faults, _) = {
        let port = closed_port().await;
        let json = json!({"url": format!("http://127.0.0.1:{port}/"), "zones": {"use1-az1": format!("127.0.0.1:{port}")}});
        let (counts, _) = ask(plan(json), RootCertStore::empty()).await;
        let zone = &counts["use1-az1"];
        assert!(
            zone.reasons
                .keys()
                .all(|reason| reason.starts_with("no connection")),
            "{zone:?}"
        );
        (zone.requests, zone.faults, zone.slow)
    };
    assert_eq!(faults, 3);
}

#[tokio::test]
async fn no_answer_in_time_is_a_fault_and_a_late_one_is_slow() {
    // The other endpoint may take as long as these limits on a busy machine, and is not looked at here.
    let (never, _) = endpoint(Answer::Never).await;
    let (late, _) = endpoint(Answer::After(Duration::from_millis(30))).await;
    let at = |port: u16, more: Value| {
        let mut json = more;
        json["url"] = json!(format!("http://127.0.0.1:{port}/"));
        json["zones"] = json!({"use1-az1": format!("127.0.0.1:{port}")});
        plan(json)
    };
    let (counts, _) = ask(
        at(never, json!({"slowAfterMs": 1, "timeoutMs": 50})),
        RootCertStore::empty(),
    )
    .await;
    assert_eq!((counts["use1-az1"].faults, counts["use1-az1"].slow), (3, 0));
    let (counts, _) = ask(at(late, json!({"slowAfterMs": 20})), RootCertStore::empty()).await;
    assert_eq!((counts["use1-az1"].faults, counts["use1-az1"].slow), (0, 3));
}

#[tokio::test]
async fn a_zone_is_asked_for_the_page_under_the_pages_own_name() {
    let (regional, _) = endpoint(Answer::Status(200)).await;
    let (zonal, heard) = endpoint(Answer::Status(200)).await;
    let json = json!({
        "url": format!("http://localhost:{regional}/health?deep=1"),
        "zones": {"use1-az1": format!("127.0.0.1:{zonal}")},
    });
    let (counts, _) = ask(plan(json), RootCertStore::empty()).await;
    assert_eq!(counts["use1-az1"].faults, 0);
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 3);
    for request in heard.iter() {
        assert!(
            request.starts_with("GET /health?deep=1 HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.contains(&format!("host: localhost:{regional}\r\n")),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_zones_certificate_is_that_of_the_page_and_has_to_be_trusted() {
    let certificate = CertificateDer::from(include_bytes!("certificate/certificate.der").to_vec());
    let key = PrivateKeyDer::try_from(include_bytes!("certificate/key.der").to_vec()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let (zonal, _) = endpoint(Answer::Tls(TlsAcceptor::from(Arc::new(config)))).await;
    let asking = |host: &str| {
        plan(json!({
            "url": format!("https://{host}/"),
            "zones": {"use1-az1": format!("127.0.0.1:{zonal}")},
            "requests": 1,
            "timeoutMs": 20_000,
        }))
    };
    let mut trusting = RootCertStore::empty();
    trusting.add(certificate).unwrap();
    // The page's own host cannot be asked here: what is looked at is the zone.
    let faults = async |host: &str, roots: RootCertStore| {
        let (counts, _) = ask(asking(host), roots).await;
        counts["use1-az1"].clone()
    };
    assert_eq!(faults("www.example.com", trusting.clone()).await.faults, 0);
    let other = faults("www.example.org", trusting).await;
    assert!(
        other
            .reasons
            .keys()
            .all(|reason| reason.starts_with("no TLS")),
        "{other:?}"
    );
    assert_eq!(other.faults, 1);
    assert_eq!(
        faults("www.example.com", RootCertStore::empty())
            .await
            .faults,
        1
    );
}

#[tokio::test]
async fn counts_are_the_metrics_that_the_classifier_reads() {
    let (regional, _) = endpoint(Answer::Status(200)).await;
    let (zonal, _) = endpoint(Answer::Status(503)).await;
    let json = json!({
        "url": format!("http://127.0.0.1:{regional}/"),
        "zones": {"use1-az1": format!("127.0.0.1:{zonal}")},
    });
    let (_, lines) = ask(plan(json), RootCertStore::empty()).await;
    // The definition that `ZonalCanary` writes, as docs/CONFIGURATION.md has it.
    let definition = json!({
        "name": "wildrydes",
        "zones": {"use1-az1": {"name": "us-east-1c"}},
        "canary": {
            "source": "custom",
            "namespace": canary::NAMESPACE,
            "requests": "Requests",
            "faults": "Faults",
            "slow": "Slow",
            "zone": {"dimension": "ZoneId", "as": "id"},
            "dimensions": {"Workload": "wildrydes"},
        },
    });
    let workload = domain::definition::read("workload", &definition).unwrap();
    let source = workload.canary.unwrap();
    let asked = domain::evidence::queries(&source, &workload.zones);
    assert_eq!(asked.len(), 3);
    for query in asked {
        let published = lines.iter().find(|line| {
            let metric = &line["_aws"]["CloudWatchMetrics"][0];
            let named = metric["Metrics"].as_array().unwrap();
            let dimensions: Vec<&str> = (metric["Dimensions"][0].as_array().unwrap().iter())
                .map(|name| name.as_str().unwrap())
                .collect();
            metric["Namespace"] == json!(query.namespace)
                && named.iter().any(|one| one["Name"] == json!(query.metric))
                && dimensions.len() == query.dimensions.len()
                && query.dimensions.iter().all(|(name, value)| {
                    dimensions.contains(&name.as_str()) && line[name] == json!(value)
                })
        });
        assert!(published.is_some(), "{query:?} is not among {lines:#?}");
    }
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["Faults"], 3.0);
    assert_eq!(lines[1]["Endpoint"], "regional");
    assert_eq!(lines[1]["Slow"], 0.0);
}
