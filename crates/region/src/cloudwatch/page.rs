//! Pages of long answers.

use crate::error::ServiceError;

use super::alarm::invalid;

/// A page, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// What to ask for the next page with. The last page has none.
    pub next_token: Option<String>,
}

/// How many items a page has unless the request says otherwise.
const DEFAULT_SIZE: usize = 50;

impl<T> Page<T> {
    /// Takes a page. The token of the last item is where the next page begins after.
    pub(super) fn take(
        mut items: impl Iterator<Item = T>,
        size: usize,
        token: impl Fn(&T) -> String,
    ) -> Self {
        let taken: Vec<T> = items.by_ref().take(size).collect();
        let more = items.next().is_some();
        Self {
            next_token: taken.last().filter(|_| more).map(token),
            items: taken,
        }
    }
}

/// The size of a page, from 1 to 100.
pub(super) fn page_size(max_records: Option<i32>) -> Result<usize, ServiceError> {
    match max_records {
        None => Ok(DEFAULT_SIZE),
        Some(n @ 1..=100) => Ok(usize::try_from(n).unwrap_or(DEFAULT_SIZE)),
        Some(n) => Err(invalid(format!("MaxRecords is {n}, expected 1 to 100"))),
    }
}

/// A token that no page gave.
pub(super) fn bad_token(token: &str) -> ServiceError {
    let message = format!("NextToken \"{token}\" is not one that this operation gave");
    ServiceError::new(400, "InvalidNextToken", message)
}
