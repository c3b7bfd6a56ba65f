//! Pages of incidents that never were, for the tests in a browser: `made-up six-hours`,
//! `made-up account`, `made-up hostile`.

#[path = "../tests/made_up/mod.rs"]
mod made_up;

use std::io::{Error, Write};

fn main() -> Result<(), Error> {
    let incident = match std::env::args().nth(1).as_deref() {
        Some("six-hours") => made_up::incident(360, 6),
        Some("account") => made_up::account(),
        Some("hostile") => made_up::hostile(),
        _ => {
            return Err(Error::other(
                "expected one argument: six-hours, account or hostile",
            ));
        }
    };
    std::io::stdout().write_all(report::standalone(&incident).as_bytes())
}
