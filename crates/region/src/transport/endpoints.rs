//! The workload's own endpoints over HTTP/1.1, on loopback only: one for each zone, and the regional one.
//!
//! Whoever asks meets what a customer of that second meets: an answer after some time, a 503, or no answer
//! at all. How long an answer takes is real time, so whoever asks should take what it asks for; the
//! Region's clock runs no faster than the wall clock while a function runs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::ZoneId;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::http::accept::accept_all;
use crate::region::Region;
use crate::world::Visit;

/// Connections to one endpoint at once.
const CONNECTIONS: usize = 256;
/// How long a client may take to say what it wants.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How long a connection is kept on which no answer comes.
const LOST: Duration = Duration::from_secs(60);

/// Endpoints that listen. They stop when this is dropped.
#[derive(Debug)]
pub struct Endpoints {
    regional: SocketAddr,
    zonal: BTreeMap<ZoneId, SocketAddr>,
    servers: Vec<JoinHandle<()>>,
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

impl Endpoints {
    /// Listens, on ports that are free.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn listen(region: &Arc<Region>) -> io::Result<Self> {
        let zones: Vec<ZoneId> = {
            let state = region.state();
            let zones = state.world.spec().zones.iter();
            zones.map(|(id, _)| id.clone()).collect()
        };
        let mut servers = Vec::new();
        let mut zonal = BTreeMap::new();
        for zone in zones {
            let (address, server) = endpoint(region, Some(zone.clone())).await?;
            zonal.insert(zone, address);
            servers.push(server);
        }
        let (regional, server) = endpoint(region, None).await?;
        servers.push(server);
        Ok(Self {
            regional,
            zonal,
            servers,
        })
    }

    /// Where the regional endpoint listens.
    #[must_use]
    pub fn regional(&self) -> SocketAddr {
        self.regional
    }

    /// Where each zone's own endpoint listens.
    #[must_use]
    pub fn zonal(&self) -> &BTreeMap<ZoneId, SocketAddr> {
        &self.zonal
    }
}

async fn endpoint(
    region: &Arc<Region>,
    zone: Option<ZoneId>,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let region = Arc::clone(region);
    let server = tokio::spawn(accept_all(listener, CONNECTIONS, move |stream| {
        serve(stream, Arc::clone(&region), zone.clone())
    }));
    Ok((address, server))
}

async fn serve(stream: TcpStream, region: Arc<Region>, zone: Option<ZoneId>) {
    let service = service_fn(move |_| {
        let visit = region.state().world.visit(zone.as_ref());
        async move { Ok::<_, Infallible>(answer(visit).await) }
    });
    // Whoever hangs up does so.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(visit: Option<Visit>) -> Response<Full<Bytes>> {
    let status = match visit {
        Some(Visit::Answered {
            status,
            milliseconds,
        }) => {
            sleep(Duration::from_millis(milliseconds)).await;
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Some(Visit::Lost) => {
            sleep(LOST).await;
            StatusCode::GATEWAY_TIMEOUT
        }
        None => StatusCode::NOT_FOUND,
    };
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}
