//! What ARC takes, and how it refuses the rest.

use jiff::SignedDuration;

use crate::error::ServiceError;

pub(super) fn invalid(reason: &str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationException", message).with("reason", reason)
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

pub(super) fn comment(text: &str) -> Result<(), ServiceError> {
    if text.chars().count() > 128 {
        return Err(invalid(
            "MissingValue",
            "comment: longer than 128 characters",
        ));
    }
    Ok(())
}

pub(super) fn identifier(text: &str) -> Result<(), ServiceError> {
    if (8..=1024).contains(&text.len()) {
        return Ok(());
    }
    Err(invalid(
        "InvalidResourceIdentifier",
        "resourceIdentifier: not of 8 to 1024 characters",
    ))
}

pub(super) fn shift_id(text: &str) -> Result<(), ServiceError> {
    let fits = (6..=36).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits {
        Ok(())
    } else {
        Err(invalid(
            "MissingValue",
            format!("zonalShiftId: \"{text}\" is not an id"),
        ))
    }
}

/// A page of a list: where it begins, and how long it is.
pub(super) fn page(
    max_results: Option<i32>,
    next_token: Option<&str>,
    total: usize,
) -> Result<std::ops::Range<usize>, ServiceError> {
    let length = match max_results.map(usize::try_from) {
        None => 100,
        Some(Ok(length)) if (1..=100).contains(&length) => length,
        Some(_) => return Err(invalid("MissingValue", "maxResults: not from 1 to 100")),
    };
    let start = match next_token.map(str::parse::<usize>) {
        None => 0,
        Some(Ok(start)) if start <= total => start,
        Some(_) => return Err(invalid("InvalidToken", "nextToken: not one of this list")),
    };
    Ok(start..(start + length).min(total))
}
