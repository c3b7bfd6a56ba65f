//! Errors as an AWS service answers them.

/// A refusal by a service. Each service's `wire` module writes it in that service's protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// The error code as the service's API model spells it, such as `ConflictException`.
    pub code: &'static str,
    /// The text for people.
    pub message: String,
    /// Further members of the modelled error, such as `reason` and `zonalShiftId`.
    pub members: Vec<(&'static str, String)>,
}

impl ServiceError {
    /// An error without further members.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            members: Vec::new(),
        }
    }

    /// The same error with one member more.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl Into<String>) -> Self {
        self.members.push((member, value.into()));
        self
    }
}
