//! `holdover completions`.

use crate::End;
use crate::out::Out;

pub(crate) fn run(shell: clap_complete::Shell, out: &Out) -> End {
    // In memory first: the generator itself panics where its reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::help::command(), "holdover", &mut script);
    out.verbatim(&script);
    End::Yes
}
