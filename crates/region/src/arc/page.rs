//! Pages of ARC's lists.
//!
//! A token names the last item of its page and the list that it belongs to, not a position: a list
//! that changes between two pages loses no item and repeats none.

use super::validate;
use crate::error::ServiceError;

/// How many items a page has at the most, and unless the request says otherwise.
const MOST: usize = 100;

/// A page, and the token of the next one.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next_token: Option<String>,
}

/// What a request says of the page that it asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) max_results: Option<String>,
    pub(super) next_token: Option<String>,
}

/// Takes a page of items that come in the ascending order of their keys.
pub(super) fn page<T, K: Ord>(
    list: &str,
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> K,
    (write, read): (impl Fn(&K) -> String, impl Fn(&str) -> Option<K>),
    asked: &Asked,
) -> Result<Page<T>, ServiceError> {
    let size = size(asked.max_results.as_deref())?;
    let refused = || validate::invalid("InvalidToken", "nextToken: not one of this list");
    let after = match &asked.next_token {
        None => None,
        Some(token) => {
            let text = unhex(token).ok_or_else(refused)?;
            let key = text
                .strip_prefix(list)
                .and_then(|rest| rest.strip_prefix(':'));
            Some(key.and_then(read).ok_or_else(refused)?)
        }
    };
    let mut rest = items.filter(|item| after.as_ref().is_none_or(|last| key(item) > *last));
    let items: Vec<T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let last = items.last().filter(|_| more);
    Ok(Page {
        next_token: last.map(|item| hex(&format!("{list}:{}", write(&key(item))))),
        items,
    })
}

fn size(max_results: Option<&str>) -> Result<usize, ServiceError> {
    let Some(text) = max_results else {
        return Ok(MOST);
    };
    let number: i64 = text
        .parse()
        .map_err(|_| validate::malformed(format!("maxResults: \"{text}\" is not a number")))?;
    match usize::try_from(number) {
        Ok(size) if (1..=MOST).contains(&size) => Ok(size),
        _ => Err(validate::constraint(
            "maxResults",
            number,
            "be from 1 to 100",
        )),
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(token: &str) -> Option<String> {
    if !token.is_ascii() || !token.len().is_multiple_of(2) {
        return None;
    }
    let bytes = (0..token.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}
