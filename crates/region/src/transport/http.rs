//! The Region over HTTP, on loopback only.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use winterbaume_core::MockRequest;

use crate::region::Region;

/// No service here takes a larger request: 6 MB is Lambda's limit, and some room for its envelope.
const LARGEST_BODY: usize = 7 * 1024 * 1024;

/// A Region that listens. It stops when this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Listening {
    /// The endpoint to give to clients: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Listens on a port of the loopback interface; 0 takes a free one.
///
/// # Errors
/// Where the port cannot be bound.
pub async fn listen(region: &Arc<Region>, port: u16) -> io::Result<Listening> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(listener, Arc::clone(region)));
    Ok(Listening { address, server })
}

async fn serve(listener: TcpListener, region: Arc<Region>) {
    loop {
        // Too many open files end one connection, not the Region.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let region = Arc::clone(&region);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let region = Arc::clone(&region);
                async move { Ok::<_, Infallible>(answer(&region, request).await) }
            });
            // A client that hangs up in the middle is no error of the Region.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(region: &Arc<Region>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return plain(StatusCode::PAYLOAD_TOO_LARGE),
    };
    let request = MockRequest {
        method: parts.method.to_string(),
        uri: parts.uri.to_string(),
        headers: parts.headers,
        body,
    };
    let Some(response) = region.handle(request).await else {
        // The caller is to find out by its own limit that no answer comes.
        return std::future::pending().await;
    };
    let mut answer =
        plain(StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    *answer.headers_mut() = response.headers;
    *answer.body_mut() = Full::new(response.body);
    answer
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
