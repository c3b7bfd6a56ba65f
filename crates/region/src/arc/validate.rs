//! What ARC takes, and how it refuses the rest.

use std::fmt;

use jiff::SignedDuration;

use crate::error::ServiceError;

pub(super) fn invalid(reason: &str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationException", message).with("reason", reason)
}

/// A required member that is not there.
pub(super) fn missing(field: &str) -> ServiceError {
    invalid("MissingValue", format!("{field}: missing, and required"))
}

/// A limit of the API model that none of its reasons names. To give one of the others would mislead,
/// so the refusal has none.
pub(super) fn constraint(field: &str, value: impl fmt::Display, rule: &str) -> ServiceError {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must {rule}"
    );
    ServiceError::new(400, "ValidationException", message)
}

/// A request that cannot be read at all.
pub(super) fn malformed(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "SerializationException", message)
}

pub(super) fn not_found(message: impl Into<String>) -> ServiceError {
    ServiceError::new(404, "ResourceNotFoundException", message)
}

pub(super) fn conflict(reason: &str, message: impl Into<String>, id: Option<&str>) -> ServiceError {
    let error = ServiceError::new(409, "ConflictException", message).with("reason", reason);
    match id {
        Some(id) => error.with("zonalShiftId", id),
        None => error,
    }
}

/// `([1-9][0-9]*)(m|h)` in 2 to 5 characters, from one minute to three days.
pub(super) fn expires_in(text: &str) -> Result<SignedDuration, ServiceError> {
    let refused = || {
        invalid(
            "InvalidExpiresIn",
            format!("expiresIn: \"{text}\" is not from 1m to 72h"),
        )
    };
    let (digits, minutes_each) = match (text.strip_suffix('m'), text.strip_suffix('h')) {
        (Some(digits), _) => (digits, 1),
        (_, Some(digits)) => (digits, 60),
        (None, None) => return Err(refused()),
    };
    let shape = (1..=4).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    let minutes = digits
        .parse::<i64>()
        .ok()
        .filter(|_| shape)
        .map(|number| number * minutes_each);
    match minutes {
        Some(minutes) if minutes <= 72 * 60 => Ok(SignedDuration::from_mins(minutes)),
        _ => Err(refused()),
    }
}

/// A comment may be empty, and has 128 characters at the most.
pub(super) fn comment(text: &str) -> Result<(), ServiceError> {
    match text.chars().count() {
        0..=128 => Ok(()),
        length => Err(constraint(
            "comment",
            format!("of {length} characters"),
            "have length less than or equal to 128",
        )),
    }
}

pub(super) fn identifier(text: &str) -> Result<(), ServiceError> {
    let refused = |why: &str| {
        let message = format!("resourceIdentifier: {why}");
        Err(invalid("InvalidResourceIdentifier", message))
    };
    if !(8..=1024).contains(&text.chars().count()) {
        return refused("not of 8 to 1024 characters");
    }
    if text.starts_with("arn:") && text.splitn(6, ':').filter(|part| !part.is_empty()).count() < 6 {
        return refused("not an ARN");
    }
    Ok(())
}

pub(super) fn shift_id(text: &str) -> Result<(), ServiceError> {
    let fits = (6..=36).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits {
        return Ok(());
    }
    Err(constraint(
        "zonalShiftId",
        text,
        "be of 6 to 36 characters of the pattern [A-Za-z0-9-]+",
    ))
}

/// `ENABLED` or `DISABLED`.
pub(super) fn enabled(field: &str, text: &str) -> Result<bool, ServiceError> {
    match text {
        "ENABLED" => Ok(true),
        "DISABLED" => Ok(false),
        _ => Err(invalid(
            "InvalidStatus",
            format!("{field}: \"{text}\" is not ENABLED or DISABLED"),
        )),
    }
}

/// A list of so many at the most.
pub(super) fn at_most<T>(
    field: &str,
    list: &[T],
    most: usize,
    reason: &str,
) -> Result<(), ServiceError> {
    if list.len() <= most {
        return Ok(());
    }
    let message = format!(
        "{field}: {} of them, expected {most} at the most",
        list.len()
    );
    Err(invalid(reason, message))
}
