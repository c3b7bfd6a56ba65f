//! One request, on a connection of its own: as a customer comes who was not there before.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use crate::plan::Target;

/// More of an answer is not read.
const LARGEST_ANSWER: usize = 1 << 20;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer, after so long.
    Good(Duration),
    /// No answer in time, none at all, or one that says that it failed.
    Fault(String),
}

/// Asks for a page at endpoints.
#[derive(Clone)]
pub(crate) struct Prober {
    tls: TlsConnector,
    timeout: Duration,
}

impl Prober {
    pub(crate) fn new(roots: RootCertStore, timeout: Duration) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            timeout,
        })
    }

    /// Connects to an endpoint, and asks there for the target under the target's own name.
    pub(crate) async fn ask(&self, target: &Target, host: &str, port: u16) -> Outcome {
        let began = Instant::now();
        match timeout(self.timeout, self.answer(target, host, port)).await {
            Ok(Ok(())) => Outcome::Good(began.elapsed()),
            Ok(Err(error)) => Outcome::Fault(error.to_string()),
            Err(_) => Outcome::Fault("no answer in time".to_owned()),
        }
    }

    async fn answer(&self, target: &Target, host: &str, port: u16) -> Result<(), ProbeError> {
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(ProbeError::Connect)?;
        if !target.tls {
            return exchange(stream, target).await;
        }
        let name = ServerName::try_from(target.host.clone())
            .map_err(|error| ProbeError::Tls(io::Error::other(error)))?;
        let stream = self.tls.connect(name, stream).await;
        exchange(stream.map_err(ProbeError::Tls)?, target).await
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    target: &Target,
) -> Result<(), ProbeError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async move {
        let request = Request::get(target.path.as_str())
            .header(header::HOST, &target.authority)
            .header(header::USER_AGENT, "evac-canary")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| ProbeError::Connect(io::Error::other(error)))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        // An answer that breaks off is none.
        let body = Limited::new(answer.into_body(), LARGEST_ANSWER);
        body.collect().await.map_err(ProbeError::Body)?;
        if status.is_client_error() || status.is_server_error() {
            return Err(ProbeError::Status(status.as_u16()));
        }
        Ok(())
    };
    // The connection makes progress only while it is polled.
    let driven = async move {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = exchange => outcome,
        () = driven => Err(ProbeError::Connect(io::ErrorKind::ConnectionAborted.into())),
    }
}

#[derive(Debug, thiserror::Error)]
enum ProbeError {
    #[error("no connection: {0}")]
    Connect(io::Error),
    #[error("no TLS: {0}")]
    Tls(io::Error),
    #[error("no answer: {0}")]
    Http(#[from] hyper::Error),
    #[error("answer broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("status {0}")]
    Status(u16),
}
