//! The shared configuration of the AWS clients.
//!
//! Region, credentials and endpoints are explicit: no profile, no instance metadata, no inference.
//! Every call has a limit in time, and retries wait with jitter, because in a zone's failure
//! everybody retries at once. The SDK's adaptive mode is not used: a client that was throttled once
//! makes a call every two seconds then, which outlasts these limits and shows as a time-out; throttled
//! calls wait for their turn instead ([`crate::turn`]). Nor is its quota of retries used: it belongs to the
//! process, so what one invocation used up in a zone's failure the next one in the same sandbox would lack.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::{HttpClient, SharedHttpClient};

use crate::settings::Settings;

/// To connect.
pub const CONNECT: Duration = Duration::from_secs(1);
/// For one attempt.
pub const ATTEMPT: Duration = Duration::from_secs(2);
/// For a call with all of its attempts.
pub const OPERATION: Duration = Duration::from_secs(8);
/// Before the second attempt, at the most: the wait is drawn between nothing and this, and the next
/// are twice as long. The SDK's own second is too long when customers wait.
pub const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// Before any attempt, at the most.
pub const LONGEST_BACKOFF: Duration = Duration::from_secs(2);
/// Attempts of a call, the first included. With these waits a call that fails every time gives up within
/// [`OPERATION`], and so says how it failed and not that time ran out.
pub const ATTEMPTS: u32 = 7;

/// Limits for a call that may take so long altogether.
#[must_use]
pub fn limits(operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT.min(operation))
        .operation_attempt_timeout(ATTEMPT.min(operation))
        .operation_timeout(operation)
        .build()
}

/// Retries without a quota: their number and their time are limited call by call, by [`ATTEMPTS`] and
/// [`OPERATION`]. Each client's configuration takes it.
#[must_use]
pub fn retries() -> RetryPartition {
    RetryPartition::custom("evac")
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// Where the next page begins; `None` after the last. Some services end with an empty token.
#[must_use]
pub fn next_page(token: Option<&str>) -> Option<String> {
    token.filter(|token| !token.is_empty()).map(str::to_owned)
}

/// How the clients reach AWS: one HTTP client and one source of credentials for all of them.
#[derive(Debug, Clone)]
pub struct Connections {
    settings: Settings,
    http: SharedHttpClient,
    credentials: SharedCredentialsProvider,
}

impl Connections {
    /// Over HTTPS, with the credentials that Lambda puts into the environment.
    #[must_use]
    pub fn open(settings: &Settings) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(provider)
            .build_https();
        let credentials =
            SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        Self::over(settings, http, credentials)
    }

    /// Over another transport; a test plugs the embedded Region in here.
    #[must_use]
    pub fn over(
        settings: &Settings,
        http: SharedHttpClient,
        credentials: SharedCredentialsProvider,
    ) -> Self {
        Self {
            settings: settings.clone(),
            http,
            credentials,
        }
    }

    /// The HTTP client and the credentials, for what has no SDK.
    #[must_use]
    pub fn parts(&self) -> (SharedHttpClient, SharedCredentialsProvider) {
        (self.http.clone(), self.credentials.clone())
    }

    /// The same through an HTTP client that is made of theirs.
    pub(crate) fn through<Client>(&self, wrap: impl FnOnce(SharedHttpClient) -> Client) -> Self
    where
        Client: HttpClient + 'static,
    {
        let http = SharedHttpClient::new(wrap(self.http.clone()));
        Self::over(&self.settings, http, self.credentials.clone())
    }

    /// The configuration of the client of one service, by its name in `AWS_ENDPOINT_URL_<SERVICE>`.
    #[must_use]
    pub fn to(&self, service: &str) -> SdkConfig {
        let settings = &self.settings;
        let mut builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.clone()))
            .http_client(self.http.clone())
            .credentials_provider(self.credentials.clone())
            .timeout_config(limits(OPERATION))
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(ATTEMPTS)
                    .with_initial_backoff(FIRST_BACKOFF)
                    .with_max_backoff(LONGEST_BACKOFF),
            );
        builder.set_endpoint_url(
            settings
                .endpoints
                .get(service)
                .or(settings.endpoint.as_ref())
                .cloned(),
        );
        builder.build()
    }
}
