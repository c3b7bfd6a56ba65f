//! Protocols: how a subscriber is reached, and which endpoints each of them has.

use std::fmt;

use super::invalid;
use crate::error::ServiceError;

/// How a subscriber is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A web server.
    Http,
    /// A web server, encrypted.
    Https,
    /// Mail for people.
    Email,
    /// Mail for programs.
    EmailJson,
    /// A text message.
    Sms,
    /// A queue of SQS.
    Sqs,
    /// A function.
    Lambda,
}

impl Protocol {
    pub(super) const ALL: [Self; 7] = [
        Self::Http,
        Self::Https,
        Self::Email,
        Self::EmailJson,
        Self::Sms,
        Self::Sqs,
        Self::Lambda,
    ];

    /// The name in the API, and the key of its text in a message with a text for each protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Sms => "sms",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
        }
    }

    /// Whether whoever is at the endpoint has to agree first.
    pub(super) fn needs_confirmation(self) -> bool {
        matches!(
            self,
            Self::Http | Self::Https | Self::Email | Self::EmailJson
        )
    }

    pub(super) fn takes_raw_messages(self) -> bool {
        matches!(self, Self::Http | Self::Https | Self::Sqs)
    }

    pub(super) fn takes_large_messages(self) -> bool {
        matches!(self, Self::Sqs | Self::Lambda)
    }

    /// What is wrong with an endpoint, if anything is.
    pub(super) fn check(self, endpoint: &str) -> Result<(), ServiceError> {
        let arn = |service: &str| {
            endpoint.starts_with(&format!("arn:aws:{service}:")) && endpoint.split(':').count() >= 6
        };
        match self {
            Self::Http if endpoint.starts_with("http://") => Ok(()),
            Self::Https if endpoint.starts_with("https://") => Ok(()),
            Self::Http | Self::Https => Err(invalid("Endpoint must match the specified protocol")),
            Self::Email | Self::EmailJson => match endpoint.split_once('@') {
                Some((user, host))
                    if !user.is_empty() && !host.is_empty() && !host.contains('@') =>
                {
                    Ok(())
                }
                _ => Err(invalid("Email address")),
            },
            Self::Sms if is_phone_number(endpoint) => Ok(()),
            Self::Sms => Err(invalid(format!("Invalid SMS endpoint: {endpoint}"))),
            Self::Sqs if arn("sqs") && !endpoint.ends_with(".fifo") => Ok(()),
            Self::Sqs => Err(invalid("SQS endpoint ARN")),
            Self::Lambda if arn("lambda") => Ok(()),
            Self::Lambda => Err(invalid("Lambda endpoint ARN")),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a text is a phone number in the E.164 format.
pub(super) fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (4..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
}
