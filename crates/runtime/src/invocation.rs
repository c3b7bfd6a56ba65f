//! One invocation: on whose behalf, by which clock, and until when.

use std::time::{Duration, SystemTime};

use domain::AccountId;
use domain::failure::{Class, Failure};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::settings::{Habitat, Settings};

/// The key, in the client context, under which the embedded Region tells its own time. It runs
/// faster than the wall clock, and no decision may see the wrong one.
pub const EMBEDDED_NOW: &str = "evac-now";

/// One invocation of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The account that the function runs in.
    pub account: AccountId,
    /// The time when the invocation began.
    began: Timestamp,
    /// The same moment on the monotonic clock.
    began_at: Instant,
    /// When the function is killed.
    deadline: Instant,
}

impl Invocation {
    /// An invocation that begins now, at this time of the Region's clock, and may last so long.
    #[must_use]
    pub fn begin(account: AccountId, now: Timestamp, remaining: Duration) -> Self {
        let began_at = Instant::now();
        Self {
            account,
            began: now,
            began_at,
            deadline: began_at + remaining,
        }
    }

    /// Reads what Lambda tells of the invocation.
    ///
    /// # Errors
    /// [`Class::WrongAccount`] where the account does not belong to the habitat, and
    /// [`Class::BadInput`] where Lambda, or the embedded Region, does not tell what it must.
    pub fn from_lambda(
        settings: &Settings,
        context: &lambda_runtime::Context,
    ) -> Result<Self, Failure> {
        let habitat = settings.habitat;
        let arn = &context.invoked_function_arn;
        let account = arn
            .split(':')
            .nth(4)
            .unwrap_or_default()
            .parse::<AccountId>();
        let account = account.map_err(|error| {
            Failure::new(
                Class::BadInput,
                format!("invoked function ARN \"{arn}\": {error}"),
            )
        })?;
        habitat.admit(&account)?;
        let wall = SystemTime::now();
        let remaining = context.deadline().duration_since(wall).unwrap_or_default();
        let now = match habitat {
            Habitat::Embedded if !settings.wall_clock => embedded_now(context)?,
            Habitat::Embedded | Habitat::Deployed => Timestamp::try_from(wall)
                .map_err(|error| Failure::new(Class::BadInput, error.to_string()))?,
        };
        Ok(Self::begin(account, now, remaining))
    }

    /// The time, on the clock of the Region that the function runs in.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.began
            .checked_add(self.began_at.elapsed())
            .unwrap_or(self.began)
    }

    /// How long the function may still run.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn embedded_now(context: &lambda_runtime::Context) -> Result<Timestamp, Failure> {
    let told = context
        .client_context
        .as_ref()
        .and_then(|client| client.custom.get(EMBEDDED_NOW));
    told.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failure::new(
            Class::BadInput,
            format!(
                "client context: {EMBEDDED_NOW} is missing, expected the embedded Region's time"
            ),
        )
    })
}
