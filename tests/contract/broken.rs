//! The suite's own test: a Region that misbehaves is found out, and the contract says how.
//!
//! Between the SDK and the Region stands a client that tampers with what passes through it.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use crate::contract::Outcome;
use crate::contracts;
use crate::subject::Subject;

/// A behaviour that is broken on purpose.
#[derive(Clone, Copy)]
struct Tampering {
    request: fn(&mut Vec<u8>),
    answer: fn(&mut Answer),
}

/// An answer on its way to the SDK.
struct Answer {
    status: u16,
    /// A header to take away.
    without: Option<&'static str>,
    body: Vec<u8>,
}

const NOTHING: Tampering = Tampering {
    request: |_| {},
    answer: |_| {},
};

#[test]
fn a_region_that_is_not_tampered_with_keeps_the_contracts() {
    for (service, contract) in [
        (
            "autoscaling",
            "pages_hold_at_most_max_records_and_lead_to_the_rest",
        ),
        ("cloudwatch", "a_composite_alarm_follows_its_children"),
        ("lambda", "an_error_of_the_function_is_no_error_of_the_call"),
        ("sns", "a_subject_of_100_characters_is_refused"),
    ] {
        if let Err(broken) = attempt(NOTHING, service, contract) {
            panic!("{contract}: {broken:#}");
        }
    }
}

#[test]
fn a_token_that_is_lost_is_found_out() {
    let tampering = Tampering {
        answer: |answer| cut(&mut answer.body, "<NextToken>", "</NextToken>"),
        ..NOTHING
    };
    finds(
        tampering,
        (
            "autoscaling",
            "pages_hold_at_most_max_records_and_lead_to_the_rest",
        ),
        "the sizes of the pages: expected [2, 2, 1], got [2]",
    );
}

#[test]
fn a_filter_that_is_passed_over_is_found_out() {
    let tampering = Tampering {
        request: |form| {
            let text = String::from_utf8(form.clone()).unwrap();
            let kept = text
                .split('&')
                .filter(|field| !field.starts_with("Filters"));
            *form = kept.collect::<Vec<_>>().join("&").into_bytes();
        },
        ..NOTHING
    };
    finds(
        tampering,
        (
            "autoscaling",
            "a_filter_by_tag_key_lets_pass_the_groups_that_have_the_tag",
        ),
        "the filter tag-key: expected",
    );
}

#[test]
fn a_refusal_that_becomes_an_acceptance_is_found_out() {
    let tampering = Tampering {
        answer: |answer| {
            if answer.status == 400 {
                answer.status = 200;
                answer.body = b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>".to_vec();
            }
        },
        ..NOTHING
    };
    finds(
        tampering,
        ("sns", "a_subject_of_100_characters_is_refused"),
        "100 characters: expected the refusal InvalidParameter, was answered",
    );
}

#[test]
fn a_refusal_for_another_reason_is_found_out() {
    let tampering = Tampering {
        answer: |answer| replace(&mut answer.body, b"NotFound", b"InternalError"),
        ..NOTHING
    };
    finds(
        tampering,
        ("sns", "a_topic_that_does_not_exist_is_not_found"),
        "an unknown topic: expected the refusal NotFound (404), got InternalError (404)",
    );
}

#[test]
fn a_composite_alarm_that_does_not_follow_is_found_out() {
    // In CBOR a short text is a byte with its kind and length, and the text.
    let tampering = Tampering {
        answer: |answer| {
            replace(
                &mut answer.body,
                b"\x6aStateValue\x65ALARM",
                b"\x6aStateValue\x62OK",
            );
        },
        ..NOTHING
    };
    finds(
        tampering,
        ("cloudwatch", "a_composite_alarm_follows_its_children"),
        "expected Some(Alarm), got Some(Ok)",
    );
}

#[test]
fn a_failed_event_that_is_not_counted_is_found_out() {
    let tampering = Tampering {
        answer: |answer| {
            replace(
                &mut answer.body,
                br#""FailedEntryCount":1"#,
                br#""FailedEntryCount":0"#,
            );
        },
        ..NOTHING
    };
    finds(
        tampering,
        ("events", "a_source_of_aws_fails_its_entry_and_no_other"),
        "FailedEntryCount: expected 1, got 0",
    );
}

#[test]
fn an_error_of_a_function_that_is_concealed_is_found_out() {
    let tampering = Tampering {
        answer: |answer| answer.without = Some("x-amz-function-error"),
        ..NOTHING
    };
    finds(
        tampering,
        ("lambda", "an_error_of_the_function_is_no_error_of_the_call"),
        "FunctionError: expected Some(\"Unhandled\"), got None",
    );
}

/// Expects a contract to fail against a Region that is tampered with, and to say this.
fn finds(tampering: Tampering, (service, contract): (&str, &str), says: &str) {
    let broken = attempt(tampering, service, contract).expect_err("nothing was found out");
    let said = format!("{broken:#}");
    assert!(said.contains(says), "it is said that {said}");
}

fn attempt(tampering: Tampering, service: &str, contract: &str) -> Outcome {
    let contract = contracts()
        .into_iter()
        .find(|known| known.service == service && known.name == contract)
        .expect("a contract");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let tamper = |inner| SharedHttpClient::new(Tamperer { inner, tampering });
        let subject = Subject::region_behind(tamper).await;
        (contract.run)(&subject).await
    })
}

fn cut(body: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(body.clone()).unwrap();
    if let Some((before, rest)) = text.split_once(from) {
        let (_, after) = rest.split_once(to).unwrap();
        *body = [before, after].concat().into_bytes();
    }
}

fn replace(body: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let mut rest = std::mem::take(body);
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        body.extend(&rest[..at]);
        body.extend(new);
        rest.drain(..at + old.len());
    }
    body.extend(rest);
}

/// An HTTP client that tampers.
#[derive(Clone)]
struct Tamperer<T> {
    inner: T,
    tampering: Tampering,
}

impl<T> fmt::Debug for Tamperer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tamperer")
    }
}

impl HttpClient for Tamperer<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Tamperer {
            inner: self.inner.http_connector(settings, components),
            tampering: self.tampering,
        })
    }
}

impl HttpConnector for Tamperer<SharedHttpConnector> {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let mut body = request.body().bytes().unwrap_or_default().to_vec();
        (self.tampering.request)(&mut body);
        let length = body.len().to_string();
        request.headers_mut().insert("content-length", length);
        *request.body_mut() = SdkBody::from(body);
        let answered = self.inner.call(request);
        let tamper = self.tampering.answer;
        HttpConnectorFuture::new(async move { tampered(answered.await?, tamper).await })
    }
}

async fn tampered(
    mut response: HttpResponse,
    tamper: fn(&mut Answer),
) -> Result<HttpResponse, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let body = ByteStream::new(body).collect().await;
    let body = body.map_err(|error| ConnectorError::io(error.into()))?;
    let mut answer = Answer {
        status: response.status().as_u16(),
        without: None,
        body: body.to_vec(),
    };
    tamper(&mut answer);
    let status = StatusCode::try_from(answer.status);
    let status = status.map_err(|error| ConnectorError::user(error.into()))?;
    let mut changed = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in response.headers() {
        // The length is that of the body that was.
        if Some(name) != answer.without && name != "content-length" {
            let header = (name.to_owned(), value.to_owned());
            changed.headers_mut().append(header.0, header.1);
        }
    }
    Ok(changed)
}
