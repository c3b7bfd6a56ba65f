//! The Region over HTTP/1.1, on loopback only.
//!
//! Whoever connects is a program under test, and may do anything: send nonsense, send slowly, send
//! too much, connect a thousand times. The Region answers what can be answered, with the error that
//! the service would give, and bounds what it keeps for the rest: the connections at once, the time
//! that a request may take to arrive, the bytes of one body and the bytes of all bodies. What the
//! bounds are is said in [`Limits`].

pub(crate) mod accept;
mod body;
mod limits;
mod refusal;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use winterbaume_core::{MockRequest, MockResponse};

pub use self::limits::Limits;

use self::accept::accept_all;
use self::body::{Bodies, Unread};
use super::encoding::decoded;
use crate::region::{Region, refuse, service};

/// A Region that listens. It stops when this is dropped, and every connection ends then.
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

    /// The address to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Listens on a port of the loopback interface; 0 takes a free one.
///
/// # Errors
/// Where the port cannot be bound.
pub async fn listen(region: &Arc<Region>, port: u16) -> io::Result<Listening> {
    listen_within(region, port, Limits::default()).await
}

/// Listens as [`listen`] does, within other limits.
///
/// # Errors
/// Where the port cannot be bound.
pub async fn listen_within(
    region: &Arc<Region>,
    port: u16,
    limits: Limits,
) -> io::Result<Listening> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let door = Arc::new(Door {
        region: Arc::clone(region),
        bodies: Bodies::within(&limits),
        limits,
    });
    let server = tokio::spawn(async move {
        let connections = door.limits.connections;
        accept_all(listener, connections, move |stream| {
            serve(stream, Arc::clone(&door))
        })
        .await;
    });
    Ok(Listening { address, server })
}

/// What every connection shares.
struct Door {
    region: Arc<Region>,
    bodies: Bodies,
    limits: Limits,
}

async fn serve(stream: TcpStream, door: Arc<Door>) {
    let header_time = door.limits.header_time;
    let header_bytes = door.limits.header_bytes;
    let service = service_fn(move |request| {
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    // A client that hangs up in the middle, or that never says what it wants, is no error of the
    // Region.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
        .max_buf_size(header_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let mut request = MockRequest {
            method: parts.method.to_string(),
            uri: parts.uri.to_string(),
            headers: parts.headers,
            body: Bytes::new(),
        };
        let service = service(&request);
        // What nobody will read is not kept: the refusal of a stranger needs no body.
        let largest = service.map_or(0, limits::largest_body);
        let read = self.bodies.read(body, largest).await;
        let held = match (read, service) {
            (Ok(held), _) => held,
            (Err(Unread::TooLarge), None) => return written(refusal::stranger(&request)),
            (Err(unread), service) => {
                let error = refusal::of_body(unread, service, largest);
                return written(match service {
                    Some(service) => refuse(service, &request, &error),
                    None => refusal::in_its_protocol(&request, &error),
                });
            }
        };
        // The bytes count as held until the request is answered.
        let (body, _held) = held;
        request.body = body;
        let Some(service) = service else {
            return written(refusal::stranger(&request));
        };
        let request = match decoded(request, largest) {
            Ok(request) => request,
            Err(unreadable) => {
                let (request, error) = *unreadable;
                return written(refuse(service, &request, &error));
            }
        };
        match self.region.handle(request).await {
            Some(response) => written(response),
            // The caller is to find out by its own limit that no answer comes.
            None => std::future::pending().await,
        }
    }
}

fn written(response: MockResponse) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(response.body));
    *answer.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *answer.headers_mut() = response.headers;
    answer
}
