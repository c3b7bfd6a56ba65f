//! Compressed requests.
//!
//! The API model lets clients compress `PutMetricData` with gzip, and SDKs do so by themselves from
//! 10 KiB on. What a body is unpacked to is bounded like the body itself: a small one may hold a
//! large one.

use std::io::Read;

use flate2::read::GzDecoder;
use http::HeaderValue;
use http::header::CONTENT_ENCODING;
use winterbaume_core::MockRequest;

use crate::error::ServiceError;

/// The request with its body unpacked; an error along with the request, to answer it by.
pub(crate) fn decoded(
    mut request: MockRequest,
    largest: usize,
) -> Result<MockRequest, Box<(MockRequest, ServiceError)>> {
    match request
        .headers
        .get(CONTENT_ENCODING)
        .map(HeaderValue::as_bytes)
    {
        None | Some(b"identity") => return Ok(request),
        Some(b"gzip") => {}
        Some(other) => {
            let message = format!(
                "Content-Encoding {} is not supported, expected gzip",
                String::from_utf8_lossy(other)
            );
            let error = ServiceError::new(415, "UnsupportedMediaType", message);
            return Err(Box::new((request, error)));
        }
    }
    let mut unpacked = Vec::new();
    let most = u64::try_from(largest).unwrap_or(u64::MAX);
    let error = match GzDecoder::new(&request.body[..])
        .take(most.saturating_add(1))
        .read_to_end(&mut unpacked)
    {
        Ok(_) if unpacked.len() <= largest => {
            request.headers.remove(CONTENT_ENCODING);
            request.body = unpacked.into();
            return Ok(request);
        }
        Ok(_) => ServiceError::new(
            413,
            "RequestEntityTooLarge",
            format!("The request body is unpacked larger than {largest} bytes"),
        ),
        Err(error) => ServiceError::new(
            400,
            "SerializationException",
            format!("The request body is not gzip: {error}"),
        ),
    };
    Err(Box::new((request, error)))
}
