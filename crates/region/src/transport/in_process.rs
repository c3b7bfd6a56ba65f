//! An HTTP client for the AWS SDK that hands each request to the Region, in the same process.
//!
//! The client above it is the real one: it signs, serialises, retries and times out as in AWS.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use winterbaume_core::{MockRequest, MockResponse};

use super::encoding::decoded;
use crate::operation::Service;
use crate::region::{Region, refuse, service};

/// No service takes a larger request: 6 MB is Lambda's limit, and some room.
const LARGEST_BODY: usize = 7 * 1024 * 1024;

#[derive(Debug, Clone)]
struct InProcess {
    region: Arc<Region>,
}

/// An HTTP client that reaches this Region and nothing else.
#[must_use]
pub fn client(region: &Arc<Region>) -> SharedHttpClient {
    SharedHttpClient::new(InProcess {
        region: Arc::clone(region),
    })
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let region = Arc::clone(&self.region);
        HttpConnectorFuture::new(async move { send(&region, &request).await })
    }
}

/// Has the Region answer a request. Where it never does, this never ends: the caller's own limit ends the
/// call.
///
/// # Errors
/// Where the request cannot be handed on: its body is not in memory.
pub async fn send(
    region: &Arc<Region>,
    request: &HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let request = read(request)
        .ok_or_else(|| ConnectorError::user("the body of the request is not in memory".into()))?;
    let request = match decoded(request, LARGEST_BODY) {
        Ok(request) => request,
        Err(unreadable) => {
            let (request, error) = *unreadable;
            // A request without a service is refused as such by the Region.
            let service = service(&request).unwrap_or(Service::CloudWatch);
            return write(refuse(service, &request, &error));
        }
    };
    match region.handle(request).await {
        Some(response) => write(response),
        None => std::future::pending().await,
    }
}

fn read(request: &HttpRequest) -> Option<MockRequest> {
    let mut headers = HeaderMap::new();
    for (name, value) in request.headers() {
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    Some(MockRequest {
        method: request.method().to_owned(),
        uri: request.uri().to_owned(),
        headers,
        body: Bytes::copy_from_slice(request.body().bytes()?),
    })
}

fn write(response: MockResponse) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(response.status)
        .map_err(|error| ConnectorError::user(error.into()))?;
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body));
    for (name, value) in &response.headers {
        if let Ok(value) = value.to_str() {
            answer
                .headers_mut()
                .append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(answer)
}
