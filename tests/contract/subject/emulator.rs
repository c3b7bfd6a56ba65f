//! The emulators as subjects, and what the suite asks of them beside the SDK.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Kind, REGION};

/// Where an emulator listens.
///
/// # Panics
/// Where none is known to run: a test that quietly did nothing would be worse.
pub(crate) fn endpoint(kind: Kind) -> String {
    let variable = match kind {
        Kind::Moto => "EVAC_TEST_MOTO",
        Kind::Ministack => "EVAC_TEST_MINISTACK",
        Kind::Region => unreachable!("the embedded Region is no emulator"),
    };
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set: the contract suite needs the emulators. Run `make test`, or \
             `make emulators` once and then `scripts/with-emulators cargo nextest run`"
        )
    })
}

/// Posts a form or a document to a service that the suite has no SDK for; the answer's body.
pub(super) async fn post(endpoint: &str, service: &str, headers: &str, body: &str) -> String {
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    // Emulators tell services apart by the scope of the signature, and do not verify it.
    let request = format!(
        "POST / HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}\r\n{headers}\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\r\n{body}",
        length = body.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    assert_eq!(status, "200", "{service} answers {answer}");
    body.to_owned()
}
