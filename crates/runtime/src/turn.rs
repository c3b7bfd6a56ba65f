//! Waiting for one's turn at an API that throttles.
//!
//! In a zone's failure everybody calls at once, and an API lets so many calls a second through: the last
//! of five hundred waits for a minute, and all that is wrong is that it is not its turn yet. So the SDK
//! does not count a throttled attempt among its retries ([`Outside`]): whoever calls says until when it is
//! worth while to wait ([`Turn`]), and every other failure keeps the limits of [`crate::clients`].

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use domain::failure::{Class, Failure};
use tokio::time::{Instant, sleep};

use crate::clients::{FIRST_BACKOFF, LONGEST_BACKOFF};
use crate::failure::names_throttling;

/// Between two tries of whoever lets others go first, at the most.
pub const GIVING_WAY: Duration = Duration::from_secs(20);

/// Until when a throttled call is tried again, and how eagerly.
#[derive(Debug)]
pub struct Turn {
    until: Instant,
    first: Duration,
    longest: Duration,
    throttled: AtomicBool,
}

impl Turn {
    /// For what customers or people wait for: tried again within [`LONGEST_BACKOFF`].
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self {
            until: Instant::now() + time,
            first: FIRST_BACKOFF,
            longest: LONGEST_BACKOFF,
            throttled: AtomicBool::new(false),
        }
    }

    /// For what can wait: tried again within [`LONGEST_BACKOFF`] at first, and the longer it has waited the
    /// rarer, at last within [`GIVING_WAY`]. Among callers that cannot wait it hardly takes anything.
    #[must_use]
    pub fn giving_way(self) -> Self {
        Self {
            first: LONGEST_BACKOFF,
            longest: GIVING_WAY,
            ..self
        }
    }

    /// Whether any call was throttled since the beginning.
    #[must_use]
    pub fn was_throttled(&self) -> bool {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Makes a call, and makes it again as long as it is throttled and there is time. Each wait is drawn
    /// between nothing and its limit, which doubles.
    ///
    /// # Errors
    /// The first failure that is not [`Class::Throttled`]; the last one of that class when time is up.
    pub async fn take<T, Called>(&self, mut call: impl FnMut() -> Called) -> Result<T, Failure>
    where
        Called: Future<Output = Result<T, Failure>>,
    {
        let mut longest = self.first;
        loop {
            let failure = match call().await {
                Err(failure) if failure.class == Class::Throttled => failure,
                done => return done,
            };
            self.throttled.store(true, Ordering::Relaxed);
            let wait = longest.mul_f64(fastrand::f64());
            longest = (longest * 2).min(self.longest);
            if Instant::now() + wait >= self.until {
                return Err(failure);
            }
            sleep(wait).await;
        }
    }
}

/// Leaves throttled calls to a [`Turn`]. Each client's configuration takes it whose calls take one.
#[derive(Debug)]
pub struct Outside;

impl ClassifyRetry for Outside {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if is_throttled(response) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttled calls wait for their turn"
    }
}

/// Each protocol has its own place for an error's code: a header, or somewhere in the body. A client error
/// that only mentions throttling would not be tried again anyway.
fn is_throttled(response: &HttpResponse) -> bool {
    let status = response.status();
    if status.as_u16() == 429 {
        return true;
    }
    let header = response.headers().get("x-amzn-errortype");
    let body = response.body().bytes().map(String::from_utf8_lossy);
    status.is_client_error()
        && (header.is_some_and(names_throttling)
            || body.is_some_and(|body| names_throttling(&body)))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use aws_smithy_runtime_api::client::interceptors::context::Input;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn failure(class: Class) -> Result<u32, Failure> {
        Err(Failure::new(class, "no"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_its_turn_and_for_nothing_else() {
        let tries = Cell::new(0);
        let call = |throttled: u32, class| {
            let tries = &tries;
            move || {
                tries.set(tries.get() + 1);
                let turn = tries.get() > throttled;
                async move { if turn { Ok(7) } else { failure(class) } }
            }
        };
        let turn = Turn::within(Duration::from_secs(600));
        assert_eq!(turn.take(call(0, Class::Throttled)).await, Ok(7));
        assert!(!turn.was_throttled());
        tries.set(0);
        assert_eq!(turn.take(call(100, Class::Throttled)).await, Ok(7));
        assert!(turn.was_throttled());
        assert_eq!(tries.get(), 101);
        tries.set(0);
        let failed = turn.take(call(1, Class::Unavailable)).await;
        assert_eq!(failed, failure(Class::Unavailable));
        assert_eq!(tries.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_way_tries_less_often_and_nobody_tries_for_ever() {
        let tries_of = async |turn: Turn| {
            let tries = Cell::new(0_u32);
            let began = Instant::now();
            let call = || {
                tries.set(tries.get() + 1);
                std::future::ready(failure(Class::Throttled))
            };
            assert_eq!(turn.take(call).await, failure(Class::Throttled));
            assert!(began.elapsed() <= Duration::from_secs(600));
            assert!(began.elapsed() > Duration::from_secs(570));
            tries.get()
        };
        let eager = tries_of(Turn::within(Duration::from_secs(600))).await;
        let patient = tries_of(Turn::within(Duration::from_secs(600)).giving_way()).await;
        assert!(eager > 4 * patient, "{eager} {patient}");
    }

    fn action(status: u16, header: Option<&'static str>, body: &'static str) -> RetryAction {
        let mut context = InterceptorContext::new(Input::doesnt_matter());
        let status = StatusCode::try_from(status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        if let Some(header) = header {
            response.headers_mut().insert("x-amzn-errortype", header);
        }
        context.enter_serialization_phase();
        context.take_input();
        context.set_request(aws_smithy_runtime_api::client::orchestrator::HttpRequest::empty());
        context.enter_before_transmit_phase();
        context.enter_transmit_phase();
        context.take_request();
        context.set_response(response);
        Outside.classify_retry(&context)
    }

    #[test]
    fn a_throttled_attempt_is_known_in_every_protocol() {
        let outside = RetryAction::RetryForbidden;
        let query = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        assert_eq!(action(429, None, ""), outside);
        assert_eq!(action(400, Some("ThrottlingException:"), ""), outside);
        assert_eq!(action(400, None, query), outside);
        assert_eq!(
            action(400, None, r#"{"__type":"TooManyRequestsException"}"#),
            outside
        );
        let theirs = RetryAction::NoActionIndicated;
        assert_eq!(action(400, Some("ValidationException"), "{}"), theirs);
        assert_eq!(action(503, None, "Throttling"), theirs);
        assert_eq!(action(200, None, "Throttling"), theirs);
    }
}
