//! Faults of the Region, as the command line and scenarios write them.

use region::fault::spec::RegionFault;

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for line in text.lines() {
        match line.parse::<RegionFault>() {
            Ok(fault) => {
                assert_eq!(fault.check(), Ok(()), "taken, and makes no sense");
                let _ = fault.makes_calls_fail();
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        if let Ok(fault) = serde_json::from_str::<RegionFault>(line)
            && let Err(problem) = fault.check()
        {
            assert!(!problem.is_empty());
        }
    }
}
