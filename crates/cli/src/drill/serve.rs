//! `evac drill --serve`: the report of a drill that goes on, in a browser, with controls.
//!
//! It listens on 127.0.0.1 only. Because it changes something, it heeds nobody but its own page: a
//! request has to name this host, a change has to come from this origin and to bring the token that only
//! the page knows. So no other page that the same browser shows can reach it, nor can one whose name was
//! made to point here.

mod answer;
mod controls;
mod session;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use region::scenario::Scenario;
use tokio::net::TcpListener;

use self::answer::Door;
use self::session::Session;
use super::functions::Functions;
use crate::arguments::DrillOptions;
use crate::output::tell;

/// Serves a drill until Ctrl-C.
pub(crate) async fn serve(
    scenario: &Scenario,
    options: &DrillOptions,
    functions: &Functions,
) -> anyhow::Result<()> {
    let port = options.port.unwrap_or_default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| refused(port, &error))?;
    let address = listener.local_addr()?;
    let session = Arc::new(Session::begin(scenario, options, functions).await?);
    let door = Arc::new(Door::new(address.port(), Arc::clone(&session))?);
    tell(&format!(
        "Drill {}, live: http://{address}/\nListens on 127.0.0.1 only, until Ctrl-C.",
        scenario.name
    ))?;
    let clock = tokio::spawn({
        let session = Arc::clone(&session);
        async move { session.run().await }
    });
    let accepting = async {
        loop {
            let (stream, _) = listener.accept().await?;
            let door = Arc::clone(&door);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let door = Arc::clone(&door);
                    async move { door.answer(request).await }
                });
                // Whoever hangs up does so.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    };
    tokio::select! {
        ended = accepting => { let ended: io::Result<()> = ended; ended?; }
        ended = clock => ended??,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}

/// Why the port cannot be had, and what to do about it.
fn refused(port: u16, error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "--port {port}: cannot listen on 127.0.0.1:{port}: {error}; choose another port, or leave --port out for any that is free"
    )
}
