//! Names of functions, as a request may write them.
//!
//! A function is named by its name, a partial ARN (`123456789012:function:name`) or its ARN, and each
//! may end in a qualifier: `$LATEST`, the number of a version, or an alias. (Lambda API reference,
//! `Invoke`.)

use domain::AccountId;

use super::Lambda;
use crate::error::ServiceError;

/// The longest identifier, in characters, and the longest name alone. Source: API reference, `Invoke`.
const LONGEST_IDENTIFIER: usize = 256;
const LONGEST_NAME: usize = 64;
const LONGEST_QUALIFIER: usize = 128;

/// The qualifier of the only version that functions have here.
pub(crate) const LATEST: &str = "$LATEST";

/// A function that exists, as the request named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The name.
    pub(crate) name: String,
    /// The ARN, with the qualifier if the request had one.
    pub(crate) arn: String,
}

/// What an identifier says, before anybody looks whether there is such a function.
#[derive(Debug, PartialEq, Eq)]
struct Identifier<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Identifier<'a> {
    /// Takes an identifier apart by its colons. What stands before the name is optional, part by part.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(':').peekable();
        if text.starts_with("arn:") {
            let partition = parts.by_ref().nth(1)?;
            if !partition.starts_with("aws") || parts.next() != Some("lambda") {
                return None;
            }
        }
        let more =
            |parts: &std::iter::Peekable<std::str::Split<'a, char>>| parts.clone().count() > 1;
        let region = (more(&parts))
            .then(|| parts.next_if(|part| is_region(part)))
            .flatten();
        let account = (more(&parts))
            .then(|| parts.next_if(|part| is_account(part)))
            .flatten();
        if more(&parts) {
            parts.next_if_eq(&"function");
        }
        let name = parts.next().filter(|name| is_name(name))?;
        let qualifier = parts.next();
        (parts.next().is_none() && qualifier.is_none_or(is_qualifier)).then_some(Self {
            region,
            account,
            name,
            qualifier,
        })
    }
}

fn is_region(part: &str) -> bool {
    let mut words = part.rsplit('-');
    let number = words.next().unwrap_or_default();
    let lower = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
        && words.clone().count() >= 2
        && words.all(lower)
}

fn is_account(part: &str) -> bool {
    part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit())
}

fn is_name(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(known)
}

fn is_qualifier(qualifier: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-_$.".contains(&b);
    !qualifier.is_empty() && qualifier.len() <= LONGEST_QUALIFIER && qualifier.bytes().all(known)
}

impl Lambda {
    /// The function behind a name, a partial ARN or an ARN, and perhaps a qualifier beside it.
    ///
    /// # Errors
    /// `ValidationException` for what is no identifier, `InvalidParameterValueException` for two
    /// different qualifiers, `AccessDeniedException` for another account, and
    /// `ResourceNotFoundException` for a function, version or alias that does not exist.
    pub(crate) fn resolve(
        &self,
        identifier: &str,
        qualifier: Option<&str>,
    ) -> Result<Resolved, ServiceError> {
        let parsed = Some(identifier)
            .filter(|text| text.len() <= LONGEST_IDENTIFIER)
            .and_then(Identifier::parse)
            .ok_or_else(|| {
                constraint("functionName", identifier, "Member must be a function name of at most 64 characters, a partial ARN or an ARN, with or without a qualifier")
            })?;
        if let Some(qualifier) = qualifier
            && !is_qualifier(qualifier)
        {
            return Err(constraint(
                "qualifier",
                qualifier,
                "Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
            ));
        }
        self.check_owner(&parsed)?;
        if let (Some(within), Some(beside)) = (parsed.qualifier, qualifier)
            && within != beside
        {
            return Err(invalid(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        let qualifier = qualifier.or(parsed.qualifier);
        let arn = self.arn(parsed.name);
        let arn = qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"));
        if !self.functions.contains_key(parsed.name) {
            return Err(not_found(format!("Function not found: {arn}")));
        }
        match qualifier {
            None | Some(LATEST) => Ok(Resolved {
                name: parsed.name.to_owned(),
                arn,
            }),
            Some(alias)
                if alias.bytes().any(|b| b.is_ascii_alphabetic()) && !alias.contains('$') =>
            {
                Err(not_found(format!("Cannot find alias arn: {arn}")))
            }
            Some(_) => Err(not_found(format!("Function not found: {arn}"))),
        }
    }

    fn check_owner(&self, identifier: &Identifier<'_>) -> Result<(), ServiceError> {
        if let Some(region) = identifier.region
            && region != self.region
        {
            return Err(not_found(format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                self.region
            )));
        }
        let own = AccountId::as_str(&self.account);
        match identifier.account {
            Some(account) if account != own => Err(ServiceError::new(
                403,
                "AccessDeniedException",
                format!("account {own} may not use functions of account {account}"),
            )),
            _ => Ok(()),
        }
    }
}

/// A parameter that breaks its constraint in the API model.
pub(super) fn constraint(member: &str, value: impl std::fmt::Display, rule: &str) -> ServiceError {
    let message = format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"
    );
    ServiceError::new(400, "ValidationException", message)
}

/// A parameter whose value makes no sense.
pub(super) fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "InvalidParameterValueException", message).with("Type", "User")
}

/// Something that does not exist.
pub(super) fn not_found(message: impl Into<String>) -> ServiceError {
    ServiceError::new(404, "ResourceNotFoundException", message).with("Type", "User")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::Value;

    use super::*;

    fn lambda() -> Lambda {
        let mut lambda = Lambda::new(AccountId::embedded(), "us-east-1");
        for name in ["f", "function", "123456789012"] {
            lambda.put_function(
                name,
                Duration::from_secs(1),
                Arc::new(|_| Box::pin(async { Ok(Value::Null) })),
            );
        }
        lambda
    }

    fn resolved(identifier: &str, qualifier: Option<&str>) -> Result<String, String> {
        let resolved = lambda().resolve(identifier, qualifier);
        resolved
            .map(|resolved| resolved.arn.rsplit("function:").next().unwrap().to_owned())
            .map_err(|error| error.code.to_owned())
    }

    #[test]
    fn a_function_is_found_by_name_by_partial_arn_and_by_arn() {
        for identifier in [
            "f",
            "function:f",
            "000000000000:f",
            "000000000000:function:f",
            "us-east-1:000000000000:function:f",
            "arn:aws:lambda:us-east-1:000000000000:function:f",
        ] {
            assert_eq!(resolved(identifier, None), Ok("f".into()), "{identifier}");
            let qualified = format!("{identifier}:$LATEST");
            assert_eq!(
                resolved(&qualified, None),
                Ok("f:$LATEST".into()),
                "{identifier}"
            );
        }
        assert_eq!(resolved("f", Some("$LATEST")), Ok("f:$LATEST".into()));
        assert_eq!(
            resolved("f:$LATEST", Some("$LATEST")),
            Ok("f:$LATEST".into())
        );
    }

    #[test]
    fn a_name_that_looks_like_a_part_of_an_arn_is_still_a_name() {
        let name = |name: &str| lambda().resolve(name, None).map(|resolved| resolved.name);
        assert_eq!(name("function"), Ok("function".into()));
        assert_eq!(name("123456789012"), Ok("123456789012".into()));
        assert_eq!(name("function:function"), Ok("function".into()));
    }

    #[test]
    fn versions_and_aliases_do_not_exist() {
        for (identifier, qualifier) in [
            ("f:1", None),
            ("f", Some("1")),
            ("f", Some("live")),
            ("g", None),
        ] {
            assert_eq!(
                resolved(identifier, qualifier),
                Err("ResourceNotFoundException".into()),
                "{identifier}"
            );
        }
        let message = |identifier| lambda().resolve(identifier, None).unwrap_err().message;
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
        assert_eq!(message("f:7"), format!("Function not found: {arn}:7"));
        assert_eq!(
            message("f:live"),
            format!("Cannot find alias arn: {arn}:live")
        );
    }

    #[test]
    fn functions_of_others_and_nonsense_are_refused() {
        for (identifier, qualifier, code) in [
            ("f:$LATEST", Some("1"), "InvalidParameterValueException"),
            ("111122223333:function:f", None, "AccessDeniedException"),
            (
                "arn:aws:lambda:eu-west-1:000000000000:function:f",
                None,
                "ResourceNotFoundException",
            ),
            (
                "arn:aws:sns:us-east-1:000000000000:f",
                None,
                "ValidationException",
            ),
            ("a b", None, "ValidationException"),
            ("", None, "ValidationException"),
            ("f:a:b", None, "ValidationException"),
            ("f", Some("a b"), "ValidationException"),
        ] {
            assert_eq!(
                resolved(identifier, qualifier),
                Err(code.into()),
                "{identifier}"
            );
        }
        assert_eq!(
            resolved(&"x".repeat(65), None),
            Err("ValidationException".into())
        );
    }
}
