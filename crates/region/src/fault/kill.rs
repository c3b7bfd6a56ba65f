//! A function that dies in the middle of its work: after the call that has just had its effect, and
//! before it learns of it.
//!
//! Of a function that runs several times at once, the calls are counted together, and all die.

/// A function that is killed after so many calls of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kill {
    function: String,
    after_calls: u32,
    times: u32,
    calls: u32,
}

impl Kill {
    pub(super) fn new(function: String, after_calls: u32, times: u32) -> Self {
        Self {
            function,
            after_calls,
            times,
            calls: 0,
        }
    }

    /// Whether this is about that call of that function.
    pub(super) fn is(&self, function: &str, after_calls: u32) -> bool {
        self.function == function && self.after_calls == after_calls
    }

    /// An invocation of a function begins.
    pub(super) fn begin(&mut self, function: &str) {
        if self.function == function {
            self.calls = 0;
        }
    }

    /// Counts a call; whether it was the last one that the function lived to make.
    pub(super) fn strikes(&mut self, caller: &str) -> bool {
        if self.times == 0 || self.function != caller {
            return false;
        }
        self.calls += 1;
        // A call that was under way beside that one does not kill the next invocation too.
        if self.calls != self.after_calls {
            return false;
        }
        self.times -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_killed_after_its_call_of_that_number_and_so_many_times() {
        let mut kill = Kill::new("classifier".to_owned(), 2, 1);
        kill.begin("classifier");
        assert!(!kill.strikes("classifier"));
        assert!(!kill.strikes("zonal-shift"));
        kill.begin("classifier");
        assert!(!kill.strikes("classifier"));
        assert!(kill.strikes("classifier"));
        kill.begin("classifier");
        assert!(!kill.strikes("classifier"));
        assert!(!kill.strikes("classifier"));
    }

    #[test]
    fn a_call_beside_the_last_one_kills_nobody() {
        let mut kill = Kill::new("classifier".to_owned(), 1, 2);
        kill.begin("classifier");
        assert!(kill.strikes("classifier"));
        assert!(!kill.strikes("classifier"));
        kill.begin("classifier");
        assert!(kill.strikes("classifier"));
    }
}
