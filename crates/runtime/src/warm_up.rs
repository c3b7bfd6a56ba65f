//! Paying in Init for what the first call costs.
//!
//! Lambda gives Init a full processor, and an invocation a share of one that goes with its memory. What
//! a process does for the first time is dear: TLS, endpoint rules, signing, pages of code that are not in
//! memory yet. So each function rehearses its calls in Init, over [`Scout`]: the SDK does everything up
//! to the wire, and what goes over the wire is an empty, unsigned `GET /` to the same endpoint, which
//! leaves a connection in the pool that the first call finds open.

use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use tokio::time::timeout;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::clients::Connections;

/// What warming up takes at the most, of the ten seconds that Lambda gives Init. An endpoint that does
/// not answer in this time is left to the first call.
pub const WARM_UP: Duration = Duration::from_millis(800);

/// Rehearses calls. Whatever becomes of that, Init goes on.
pub async fn warm_up<Calls: Future>(
    connections: &Connections,
    rehearse: impl FnOnce(Connections) -> Calls,
) {
    let rehearsal = rehearse(connections.through(Scout));
    // Every rehearsed call fails, which is nothing to be logged.
    let silent = rehearsal.with_subscriber(NoSubscriber::new());
    let _ = timeout(WARM_UP, silent).await;
}

/// Opens connections, and lets no call through.
#[derive(Debug)]
struct Scout(SharedHttpClient);

impl HttpClient for Scout {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Knock(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Knock(SharedHttpConnector);

impl HttpConnector for Knock {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let knocked = knock(&request).map(|knock| self.0.call(knock));
        HttpConnectorFuture::new(async move {
            if let Some(knocked) = knocked
                && let Ok(response) = knocked.await
            {
                // A connection is only used again when what it brought was read to the end.
                let _ = response.into_body().collect().await;
            }
            Err(ConnectorError::user("this is a rehearsal".into()))
        })
    }
}

/// An empty request to where a request goes.
fn knock(request: &HttpRequest) -> Option<HttpRequest> {
    let uri: http::Uri = request.uri().parse().ok()?;
    let origin = http::Uri::builder()
        .scheme(uri.scheme()?.clone())
        .authority(uri.authority()?.clone())
        .path_and_query("/")
        .build()
        .ok()?;
    let mut knock = HttpRequest::new(SdkBody::empty());
    knock.set_uri(origin).ok()?;
    Some(knock)
}
