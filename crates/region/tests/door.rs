//! The door under clients that do what no client should.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may panic"
)]

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use region::region::Region;
use region::scenario::healthy;
use region::stage::Stage;
use region::transport::http::{Limits, Listening, listen_within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1024 * 1024;

async fn listening(limits: Limits) -> (Arc<Region>, Listening) {
    let region = Stage::set(&healthy().unwrap(), 1).unwrap().region;
    let listening = listen_within(&region, 0, limits).await.unwrap();
    (region, listening)
}

/// Sends bytes and reads until the Region closes the connection.
async fn say(door: &Listening, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(door.address()).await.unwrap();
    // The Region may refuse before everything is sent.
    let _ = stream.write_all(bytes).await;
    hear(stream).await
}

async fn hear(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("no answer")
}

/// The scope of a signature for a service.
fn signed(service: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential=me/20260115/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n"
    )
}

/// A request that says that it is the last on its connection.
fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

const FORM: &str = "content-type: application/x-www-form-urlencoded; charset=utf-8\r\n";
const CBOR: &str = "content-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n";
const CBOR_PATH: &str = "POST /service/GraniteServiceVersion20100801/operation";

/// A request that every Region answers.
async fn is_well(door: &Listening) {
    let groups = request(
        "POST /",
        &(signed("autoscaling") + FORM),
        b"Action=DescribeAutoScalingGroups&Version=2011-01-01",
    );
    let answer = say(door, &groups).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(answer.contains("wildrydes-web"), "{answer}");
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_next_caller_is_served() {
    let (_, door) = listening(Limits::default()).await;
    let long_header = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(MIB));
    let long_line = format!("GET /{} HTTP/1.1\r\n\r\n", "y".repeat(MIB));
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(1000));
    for (bytes, expected) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
            "400",
        ),
        (b"hello\r\n\r\n", "400"),
        (b"POST / HTTP/9.9\r\n\r\n", "400"),
        (
            b"POST / HTTP/1.1\r\ncontent-length: nonsense\r\n\r\n",
            "400",
        ),
        (
            b"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
            "400",
        ),
        (long_header.as_bytes(), "431"),
        (long_line.as_bytes(), "431"),
        (many_headers.as_bytes(), "431"),
    ] {
        let answer = say(&door, bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        assert_eq!(status(&answer), expected, "{shown:?}: {answer}");
        is_well(&door).await;
    }
}

#[tokio::test]
async fn a_broken_body_is_refused_and_the_next_caller_is_served() {
    let (_, door) = listening(Limits::default()).await;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\n{}{FORM}transfer-encoding: chunked\r\n\r\nnot a length\r\n",
        signed("sns")
    );
    let answer = say(&door, head.as_bytes()).await;
    assert_eq!(status(&answer), "400", "{answer}");
    is_well(&door).await;
}

#[tokio::test]
async fn whoever_is_not_known_is_refused_in_the_protocol_that_it_speaks() {
    let (_, door) = listening(Limits::default()).await;
    let body = b"Action=DescribeTags&Version=2011-01-01";
    let cases = [
        (
            "POST /",
            FORM.to_owned(),
            "403",
            "<Code>MissingAuthenticationToken</Code>",
        ),
        (
            "GET /managedresources",
            String::new(),
            "403",
            "x-amzn-errortype: MissingAuthenticationTokenException",
        ),
        (
            "POST /",
            "authorization: nonsense\r\n".to_owned() + FORM,
            "403",
            "<Code>MissingAuthenticationToken</Code>",
        ),
        (
            "POST /",
            signed("dynamodb") + FORM,
            "501",
            "the embedded Region has no service dynamodb",
        ),
        (
            "POST /",
            signed("dynamodb") + "x-amz-target: DynamoDB_20120810.ListTables\r\n",
            "501",
            r#""__type":"NotImplemented""#,
        ),
        (
            "GET /bucket",
            signed("s3"),
            "501",
            "the embedded Region has no service s3",
        ),
        (
            "POST /",
            "authorization: AWS4-HMAC-SHA256 Credential=/\r\n".to_owned(),
            "403",
            "MissingAuthenticationTokenException",
        ),
    ];
    for (line, headers, expected, told) in cases {
        let answer = say(&door, &request(line, &headers, body)).await;
        assert_eq!(status(&answer), expected, "{line} {headers}: {answer}");
        assert!(answer.contains(told), "{line} {headers}: {answer}");
    }
    let path = format!("{CBOR_PATH}/DescribeAlarms");
    let answer = say(&door, &request(&path, CBOR, b"\xa0")).await;
    assert_eq!(status(&answer), "403", "{answer}");
    assert!(
        answer.contains("MissingAuthenticationTokenException"),
        "{answer}"
    );
    assert!(answer.contains("application/cbor"), "{answer}");
}

#[tokio::test]
async fn an_operation_that_the_region_does_not_have_is_refused_by_its_service() {
    let (_, door) = listening(Limits::default()).await;
    let cbor = format!("{CBOR_PATH}/PutDashboard");
    let cases = [
        (
            "POST /",
            signed("autoscaling") + FORM,
            "400",
            "<Code>InvalidAction</Code>",
        ),
        (
            "POST /",
            signed("sns") + FORM,
            "400",
            "<Code>InvalidAction</Code>",
        ),
        (
            "PUT /zonalshifts",
            signed("arc-zonal-shift"),
            "404",
            "UnknownOperationException",
        ),
        (
            "POST /",
            signed("events") + "X-Amz-Target: AWSEvents.CreateArchive\r\n",
            "404",
            "UnknownOperationException",
        ),
        (
            "PUT /2015-03-31/functions",
            signed("lambda"),
            "404",
            "UnknownOperationException",
        ),
        (
            &cbor,
            signed("monitoring") + CBOR,
            "404",
            "UnknownOperationException",
        ),
    ];
    for (line, headers, expected, told) in cases {
        let answer = say(&door, &request(line, &headers, b"Action=Nonsense")).await;
        assert_eq!(status(&answer), expected, "{line}: {answer}");
        assert!(answer.contains(told), "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_body_beyond_the_services_limit_is_refused_with_its_error() {
    let (_, door) = listening(Limits::default()).await;
    let cbor = format!("{CBOR_PATH}/PutMetricData");
    let invoke = "POST /2015-03-31/functions/nobody/invocations";
    let cases = [
        (
            "POST /",
            signed("autoscaling") + FORM,
            MIB,
            "RequestEntityTooLarge",
        ),
        (
            "POST /",
            signed("sns") + FORM,
            4 * MIB,
            "RequestEntityTooLarge",
        ),
        ("POST /", signed("events"), 4 * MIB, "RequestEntityTooLarge"),
        (
            "POST /zonalshifts",
            signed("arc-zonal-shift"),
            MIB,
            "RequestEntityTooLarge",
        ),
        (
            &cbor,
            signed("monitoring") + CBOR,
            MIB,
            "RequestEntityTooLarge",
        ),
        (
            invoke,
            signed("lambda"),
            6 * MIB,
            "RequestTooLargeException",
        ),
    ];
    for (line, headers, limit, code) in cases {
        for size in [limit + 1, 10 * MIB] {
            let answer = say(&door, &request(line, &headers, &vec![b'x'; size])).await;
            assert_eq!(status(&answer), "413", "{line} {size}: {answer}");
            assert!(answer.contains(code), "{line} {size}: {answer}");
        }
        let answer = say(&door, &request(line, &headers, &vec![b'x'; limit])).await;
        assert_ne!(status(&answer), "413", "{line}: {answer}");
        assert_ne!(status(&answer), "no answer", "{line}");
    }
    is_well(&door).await;
}

#[tokio::test]
async fn a_body_that_does_not_say_how_large_it_is_has_the_same_limit() {
    let (_, door) = listening(Limits::default()).await;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{}{FORM}\r\n",
        signed("sns")
    );
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(160);
    let answer = say(&door, (head + &chunk + "0\r\n\r\n").as_bytes()).await;
    assert_eq!(status(&answer), "413", "{answer}");
    assert!(answer.contains("RequestEntityTooLarge"), "{answer}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_packed_body_is_unpacked_as_far_as_the_limit() {
    let (_, door) = listening(Limits::default()).await;
    let form = b"Action=DescribeTags&Version=2011-01-01";
    let bomb = gzip(&vec![b'x'; 64 * MIB]);
    assert!(bomb.len() < MIB, "it would be refused for its own size");
    for (encoding, body, expected, told) in [
        ("gzip", gzip(form), "200", "<DescribeTagsResponse"),
        ("identity", form.to_vec(), "200", "<DescribeTagsResponse"),
        ("gzip", form.to_vec(), "400", "SerializationException"),
        ("gzip", bomb, "413", "RequestEntityTooLarge"),
        ("br", form.to_vec(), "415", "UnsupportedMediaType"),
    ] {
        let headers = signed("autoscaling") + FORM + "content-encoding: " + encoding + "\r\n";
        let answer = say(&door, &request("POST /", &headers, &body)).await;
        assert_eq!(
            status(&answer),
            expected,
            "{encoding} {}: {answer}",
            body.len()
        );
        assert!(answer.contains(told), "{encoding}: {answer}");
    }
}

#[tokio::test]
async fn who_does_not_get_to_the_point_is_shown_the_door() {
    let (_, door) = listening(Limits {
        header_time: Duration::from_millis(100),
        body_time: Duration::from_millis(100),
        ..Limits::default()
    })
    .await;
    // Nothing, half a line, half the headers: closed without an answer.
    for bytes in [&b""[..], b"POST", b"POST / HTTP/1.1\r\nhost: x\r\n"] {
        let answer = say(&door, bytes).await;
        assert_eq!(answer, "", "{bytes:?}");
    }
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n{}{FORM}\r\nAct",
        signed("sns")
    );
    let answer = say(&door, head.as_bytes()).await;
    assert_eq!(status(&answer), "408", "{answer}");
    assert!(answer.contains("<Code>RequestTimeout</Code>"), "{answer}");
    is_well(&door).await;
}

#[tokio::test]
async fn a_region_that_is_dropped_ends_its_connections() {
    let (_, door) = listening(Limits::default()).await;
    let address = door.address();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 403");
    drop(door);
    hear(idle).await;
    assert!(TcpStream::connect(address).await.is_err());
}
