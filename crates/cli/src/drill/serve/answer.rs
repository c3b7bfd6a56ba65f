//! The door of the live view: who is let in, and what is answered.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::controls;
use super::session::{Deed, Session};

/// How often the page is told where the drill is.
const BEAT: Duration = Duration::from_millis(400);
/// The longest deed, in bytes.
const LONGEST: usize = 4_096;
/// Where the token stands in a request that changes something.
const TOKEN: &str = "x-evac-token";

type Body = BoxBody<Bytes, Infallible>;

/// The door.
pub(super) struct Door {
    session: Arc<Session>,
    hosts: [String; 2],
    token: String,
}

impl Door {
    pub(super) fn new(port: u16, session: Arc<Session>) -> anyhow::Result<Self> {
        Ok(Self {
            session,
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            token: secret()?,
        })
    }

    /// Answers a request.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        if !self.is_addressed(request.headers()) {
            return Ok(said(
                StatusCode::FORBIDDEN,
                "the request names another host; open the address that the program printed",
            ));
        }
        let path = request.uri().path().to_owned();
        Ok(match (request.method(), path.as_str()) {
            (&Method::GET, "/") => self.page(),
            (&Method::GET, "/parts") => text(
                "text/html; charset=utf-8",
                report::parts(&self.session.incident()),
            ),
            (&Method::GET, "/incident") => match serde_json::to_string(&self.session.incident()) {
                Ok(json) => text("application/json", json),
                Err(error) => said(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
            },
            (&Method::GET, "/events") => self.events(),
            (&Method::POST, "/do") => self.deed(request).await,
            (_, "/" | "/parts" | "/incident" | "/events" | "/do") => said(
                StatusCode::METHOD_NOT_ALLOWED,
                "this is asked in another way",
            ),
            _ => said(StatusCode::NOT_FOUND, "there is no such page"),
        })
    }

    fn is_addressed(&self, headers: &HeaderMap) -> bool {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        host.is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }

    /// Whether a request comes from the page that this program served.
    fn is_own(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = text("origin").and_then(|origin| origin.strip_prefix("http://"));
        let same = origin.is_some_and(|origin| self.hosts.iter().any(|own| own == origin));
        same && text(TOKEN) == Some(self.token.as_str())
    }

    fn page(&self) -> Response<Body> {
        let Ok(nonce) = secret() else {
            return said(StatusCode::INTERNAL_SERVER_ERROR, "no randomness");
        };
        let controls = controls::markup(&self.session.zones());
        let live = report::Live {
            controls: &controls,
            script: controls::SCRIPT,
            nonce: &nonce,
            token: &self.token,
        };
        let page = report::live(&self.session.incident(), &live);
        text("text/html; charset=utf-8", page)
    }

    fn events(&self) -> Response<Body> {
        let session = Arc::clone(&self.session);
        let frames = stream::unfold((session, 0_usize), |(session, seen)| async move {
            tokio::time::sleep(BEAT).await;
            let now = session.now(seen);
            let seen = now.last().unwrap_or(seen);
            let json = serde_json::to_string(&now).unwrap_or_default();
            let frame = Frame::data(Bytes::from(format!("data: {json}\n\n")));
            Some((Ok::<_, Infallible>(frame), (session, seen)))
        });
        let body = BodyExt::boxed(StreamBody::new(frames));
        answered(StatusCode::OK, "text/event-stream", body)
    }

    async fn deed(&self, request: Request<Incoming>) -> Response<Body> {
        if !self.is_own(request.headers()) {
            return said(
                StatusCode::FORBIDDEN,
                "only the page that this program serves may change the drill; reload it",
            );
        }
        let body = Limited::new(request.into_body(), LONGEST).collect().await;
        let Ok(body) = body else {
            return said(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long");
        };
        let deed: Deed = match serde_json::from_slice(&body.to_bytes()) {
            Ok(deed) => deed,
            Err(error) => return said(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        match self.session.perform(&deed) {
            Ok(done) => said(StatusCode::OK, &done),
            Err(refused) => said(StatusCode::CONFLICT, &refused),
        }
    }
}

/// A secret that nobody guesses.
fn secret() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn said(status: StatusCode, what: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(json!({ "said": what }).to_string()));
    answered(status, "application/json", body.boxed())
}

fn text(kind: &'static str, text: String) -> Response<Body> {
    answered(StatusCode::OK, kind, Full::new(Bytes::from(text)).boxed())
}

fn answered(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}
