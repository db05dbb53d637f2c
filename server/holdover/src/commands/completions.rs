//! `holdover completions`.

use crate::End;
use crate::args::Args;
use clap::CommandFactory as _;

pub(crate) fn run(shell: clap_complete::Shell) -> End {
    clap_complete::generate(shell, &mut Args::command(), "holdover", &mut std::io::stdout());
    End::Yes
}
