//! What people were told that no resource remembers.
//!
//! Whoever starts a shift writes on it what people were told, and the next run reads it there. In
//! peacetime there is no shift, and Evac changes nothing to remember something by. So this process
//! remembers: the tick keeps it alive for hours, and its successor tells once more. A message a few
//! times a day about something that nobody has mended is what people would want anyway; one a minute is
//! what they would switch off.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use domain::name::WorkloadName;

/// The sentences that were last told of each workload.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    sentences: Arc<Mutex<BTreeMap<WorkloadName, BTreeSet<String>>>>,
}

impl Told {
    /// Whether one of these sentences was not among the last ones.
    pub(crate) fn is_news(&self, workload: &WorkloadName, sentences: &BTreeSet<String>) -> bool {
        let told = self
            .sentences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match told.get(workload) {
            Some(told) => !sentences.is_subset(told),
            None => !sentences.is_empty(),
        }
    }

    /// Remembers that this was told too.
    pub(crate) fn add(&self, workload: &WorkloadName, sentence: String) {
        let mut told = self
            .sentences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        told.entry(workload.clone()).or_default().insert(sentence);
    }

    /// Remembers what was told last; nothing, where there is nothing to tell any more.
    pub(crate) fn remember(&self, workload: &WorkloadName, sentences: BTreeSet<String>) {
        let mut told = self
            .sentences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if sentences.is_empty() {
            told.remove(workload);
        } else {
            told.insert(workload.clone(), sentences);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_is_told_once_and_something_new_again() {
        let workload: WorkloadName = "wildrydes".parse().unwrap();
        let told = Told::default();
        assert!(!told.is_news(&workload, &sentences(&[])));
        assert!(told.is_news(&workload, &sentences(&["a"])));
        told.remember(&workload, sentences(&["a", "b"]));
        assert!(!told.is_news(&workload, &sentences(&["a", "b"])));
        assert!(!told.is_news(&workload, &sentences(&["b"])));
        assert!(told.is_news(&workload, &sentences(&["b", "c"])));
    }

    #[test]
    fn what_is_told_too_is_told_once_and_nothing_before_it_again() {
        let workload: WorkloadName = "wildrydes".parse().unwrap();
        let told = Told::default();
        told.add(&workload, "a".to_owned());
        told.add(&workload, "b".to_owned());
        assert!(!told.is_news(&workload, &sentences(&["a"])));
        assert!(!told.is_news(&workload, &sentences(&["b"])));
        assert!(told.is_news(&workload, &sentences(&["c"])));
    }

    #[test]
    fn what_was_mended_and_comes_back_is_told_again() {
        let workload: WorkloadName = "wildrydes".parse().unwrap();
        let told = Told::default();
        told.remember(&workload, sentences(&["a"]));
        told.remember(&workload, sentences(&[]));
        assert!(told.is_news(&workload, &sentences(&["a"])));
    }

    #[test]
    fn one_workload_is_not_another() {
        let told = Told::default();
        told.remember(&"wildrydes".parse().unwrap(), sentences(&["a"]));
        assert!(told.is_news(&"tamerydes".parse().unwrap(), &sentences(&["a"])));
    }
}
