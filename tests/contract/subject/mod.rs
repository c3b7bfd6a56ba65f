//! Who is held to the contracts: the embedded Region over HTTP, or an emulator over HTTP.

mod embedded;
pub(crate) mod emulator;
mod functions;
mod groups;
mod sinks;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use embedded::Embedded;
pub(crate) use functions::Behaviour;
pub(crate) use groups::GroupSpec;
pub(crate) use sinks::Sink;

/// The Region of every subject.
pub(crate) const REGION: &str = "us-east-1";
/// No contract is about how long an answer takes; this only ends a call that hangs.
const HANGS: Duration = Duration::from_secs(20);
/// How often an emulator is looked at again, and for how long.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const LOOKS: u32 = 50;

/// The kinds of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The embedded Region.
    Region,
    /// moto's server.
    Moto,
    /// ministack.
    Ministack,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "the embedded Region",
            Self::Moto => "moto",
            Self::Ministack => "ministack",
        })
    }
}

/// A subject, with clients for its services.
pub(crate) struct Subject {
    kind: Kind,
    endpoint: String,
    config: SdkConfig,
    embedded: Option<Embedded>,
    unique: String,
    names: AtomicU32,
}

impl Subject {
    /// A new embedded Region, or the emulator that runs.
    pub(crate) async fn open(kind: Kind) -> Self {
        Self::behind(kind, |http| http).await
    }

    /// A new embedded Region whose clients reach it through this.
    pub(crate) async fn region_behind(
        change: impl FnOnce(SharedHttpClient) -> SharedHttpClient,
    ) -> Self {
        Self::behind(Kind::Region, change).await
    }

    async fn behind(kind: Kind, change: impl FnOnce(SharedHttpClient) -> SharedHttpClient) -> Self {
        let embedded = match kind {
            Kind::Region => Some(Embedded::start().await),
            Kind::Moto | Kind::Ministack => None,
        };
        let endpoint = match &embedded {
            Some(embedded) => embedded.endpoint(),
            None => emulator::endpoint(kind),
        };
        let credentials = Credentials::for_tests();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(change(Builder::new().build_http()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().operation_timeout(HANGS).build())
            .build();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self {
            kind,
            endpoint,
            config,
            embedded,
            unique: format!("{:x}-{:x}", std::process::id(), since.as_nanos()),
            names: AtomicU32::new(0),
        }
    }

    pub(crate) fn autoscaling(&self) -> aws_sdk_autoscaling::Client {
        aws_sdk_autoscaling::Client::new(&self.config)
    }

    pub(crate) fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.config)
    }

    pub(crate) fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.config)
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }

    pub(crate) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }

    pub(crate) fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config)
    }

    /// A name that nothing else has, because all tests share an emulator.
    pub(crate) fn name(&self, of: &str) -> String {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        format!("{of}-{}-{number}", self.unique)
    }

    /// Seconds of the subject's own clock.
    pub(crate) fn now(&self) -> i64 {
        match &self.embedded {
            Some(embedded) => embedded.region().now().as_second(),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                i64::try_from(since.as_secs()).unwrap()
            }
        }
    }

    /// The first second of a minute that is over, some minutes ago.
    pub(crate) fn minutes_ago(&self, minutes: i64) -> i64 {
        self.now() / 60 * 60 - 60 * minutes
    }

    /// Looks until something is so, or for long enough to say that it will not be: ten minutes of
    /// the embedded Region's clock, or five seconds of an emulator's, which have no physics that
    /// would take longer.
    pub(crate) async fn eventually<F>(&self, mut look: impl FnMut() -> F) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        for _ in 0..LOOKS {
            if look().await.is_ok() {
                return Ok(());
            }
            match &self.embedded {
                Some(embedded) => embedded.pass(12).await,
                None => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
        look().await
    }

    /// Lets time pass that the subject's timestamps can tell.
    pub(crate) async fn a_while(&self) {
        match &self.embedded {
            Some(embedded) => embedded.pass(2).await,
            None => tokio::time::sleep(Duration::from_millis(1_100)).await,
        }
    }
}
