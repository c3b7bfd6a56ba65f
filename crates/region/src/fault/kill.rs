//! A function that dies in the middle of its work: after the call that has just had its effect, and
//! before it learns of it.
//!
//! Calls are counted per invocation, which is how a defect in a function strikes, or in all, which is
//! how every call of a drill can be struck, one drill for each. Of a function that runs several times
//! at once, the calls are counted together, and all die.

use serde::Deserialize;

/// Which calls are counted until a function dies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Counting {
    /// Those of one invocation.
    #[default]
    PerInvocation,
    /// Those of all invocations, since the fault began.
    InAll,
}

/// A function that is killed after so many calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kill {
    function: String,
    after_calls: u32,
    counting: Counting,
    /// How many invocations are still to die.
    times: u32,
    /// The call of an invocation at which it dies, where that is known.
    place: Option<u32>,
    /// The calls since the last invocation began, and since the fault did.
    calls: u32,
    calls_in_all: u32,
    most_calls: u32,
    has_struck: bool,
}

impl Kill {
    pub(super) fn new(function: String, after_calls: u32, counting: Counting, times: u32) -> Self {
        Self {
            function,
            after_calls,
            counting,
            times,
            place: (counting == Counting::PerInvocation).then_some(after_calls),
            calls: 0,
            calls_in_all: 0,
            most_calls: 0,
            has_struck: false,
        }
    }

    /// Whether this is about that call of that function, and still to come.
    pub(super) fn is(&self, function: &str, after_calls: u32, counting: Counting) -> bool {
        self.times > 0
            && self.function == function
            && self.after_calls == after_calls
            && self.counting == counting
    }

    /// Nobody dies of this any more.
    pub(super) fn spare(&mut self) {
        self.times = 0;
    }

    /// An invocation of a function begins.
    pub(super) fn begin(&mut self, function: &str) {
        if self.function == function {
            self.calls = 0;
        }
    }

    /// Counts a call; whether it was the last one that the function lived to make.
    pub(super) fn strikes(&mut self, caller: &str) -> bool {
        if self.function != caller {
            return false;
        }
        self.calls += 1;
        self.calls_in_all += 1;
        self.most_calls = self.most_calls.max(self.calls);
        // A call that was under way beside that one does not kill the next invocation too.
        let is_last = match self.place {
            Some(place) => self.calls == place,
            None => self.calls_in_all == self.after_calls,
        };
        if self.times == 0 || !is_last {
            return false;
        }
        // What kills an invocation at one of its calls kills the next ones there, as often as it is to.
        self.place = Some(self.calls);
        self.times -= 1;
        self.has_struck = true;
        true
    }

    /// Why nothing was killed, where nothing was.
    pub(super) fn missed(&self) -> Option<String> {
        let Self {
            function,
            after_calls,
            ..
        } = self;
        let (made, most) = match self.counting {
            Counting::PerInvocation => ("in an invocation ", self.most_calls),
            Counting::InAll => ("", self.calls_in_all),
        };
        (!self.has_struck).then(|| match most {
            0 => format!("{function} made no call, so nothing was killed after call {after_calls}"),
            1 => format!("{function} made only 1 call {made}and was to be killed after call {after_calls}: nothing was killed; choose 1"),
            most => format!("{function} made only {most} calls {made}and was to be killed after call {after_calls}: nothing was killed; choose 1 to {most}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kill(after_calls: u32, counting: Counting, times: u32) -> Kill {
        Kill::new("classifier".to_owned(), after_calls, counting, times)
    }

    /// Lets an invocation make so many calls; the ones that killed, counted from 1.
    fn deadly(kill: &mut Kill, calls: u32) -> Vec<u32> {
        kill.begin("classifier");
        (1..=calls).filter(|_| kill.strikes("classifier")).collect()
    }

    #[test]
    fn a_function_is_killed_after_its_call_of_that_number_and_so_many_times() {
        let mut kill = kill(2, Counting::PerInvocation, 1);
        kill.begin("classifier");
        assert!(!kill.strikes("classifier"));
        assert!(!kill.strikes("zonal-shift"));
        assert_eq!(deadly(&mut kill, 2), [2]);
        assert_eq!(deadly(&mut kill, 2), [0; 0]);
    }

    #[test]
    fn a_call_beside_the_last_one_kills_nobody() {
        let mut kill = kill(1, Counting::PerInvocation, 2);
        assert_eq!(deadly(&mut kill, 2), [1]);
        assert_eq!(deadly(&mut kill, 1), [1]);
    }

    #[test]
    fn calls_in_all_are_those_of_all_invocations() {
        let mut kill = kill(5, Counting::InAll, 1);
        assert_eq!(deadly(&mut kill, 3), [0; 0]);
        assert!(!kill.strikes("zonal-shift"));
        assert_eq!(deadly(&mut kill, 3), [2]);
        assert_eq!(deadly(&mut kill, 9), [0; 0]);
    }

    #[test]
    fn what_dies_again_dies_at_the_same_of_its_calls() {
        let mut kill = kill(5, Counting::InAll, 3);
        assert_eq!(deadly(&mut kill, 3), [0; 0]);
        assert_eq!(deadly(&mut kill, 2), [2]);
        assert_eq!(deadly(&mut kill, 1), [0; 0]);
        assert_eq!(deadly(&mut kill, 3), [2]);
        assert_eq!(deadly(&mut kill, 3), [2]);
        assert_eq!(deadly(&mut kill, 3), [0; 0]);
    }

    #[test]
    fn a_kill_that_never_came_says_how_many_calls_there_were() {
        let mut per_invocation = kill(9, Counting::PerInvocation, 1);
        let mut in_all = kill(9, Counting::InAll, 1);
        assert_eq!(
            in_all.missed().unwrap(),
            "classifier made no call, so nothing was killed after call 9"
        );
        for calls in [3, 2] {
            deadly(&mut per_invocation, calls);
            deadly(&mut in_all, calls);
        }
        assert_eq!(
            per_invocation.missed().unwrap(),
            "classifier made only 3 calls in an invocation and was to be killed after call 9: nothing was killed; choose 1 to 3"
        );
        assert_eq!(
            in_all.missed().unwrap(),
            "classifier made only 5 calls and was to be killed after call 9: nothing was killed; choose 1 to 5"
        );
        deadly(&mut in_all, 4);
        assert_eq!(in_all.missed(), None);
    }

    #[test]
    fn who_is_spared_does_not_die_any_more() {
        let mut kill = kill(1, Counting::InAll, 2);
        assert!(kill.is("classifier", 1, Counting::InAll));
        assert!(!kill.is("classifier", 1, Counting::PerInvocation));
        kill.spare();
        assert!(!kill.is("classifier", 1, Counting::InAll));
        assert_eq!(deadly(&mut kill, 3), [0; 0]);
    }
}
