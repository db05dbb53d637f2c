//! How often each strategy was exact, and what one click may apply.
//! Figures of the open half of the corpus (`tests/long/conflicts.py`); the half set aside is measured and never tuned on.

use super::{Hunk, Language, Strategy};

/// Least share of exact results for one click.
const ONE_CLICK: f64 = 0.95;
/// Least number of cases that a share is believed from.
const ENOUGH: u32 = 15;

/// Exact results and all of them: where nothing spoke against the merge, and where something did or a person must look
/// in any case.
struct Measured {
    sure: (u32, u32),
    unsure: (u32, u32),
}

fn counts(strategy: Strategy) -> Measured {
    let (sure, unsure) = match strategy {
        // Not measured: nothing can be lost.
        Strategy::Same | Strategy::OneSided => ((1000, 1000), (1000, 1000)),
        Strategy::Indent => ((413, 414), (81, 82)),
        Strategy::Imports | Strategy::Keys => ((17, 17), (0, 1)),
        Strategy::Words => ((1568, 1589), (50, 59)),
        Strategy::Syntax => ((0, 0), (48, 212)),
        Strategy::Contained => ((0, 0), (11, 60)),
        Strategy::Members => ((0, 0), (45, 64)),
        Strategy::Added => ((0, 0), (719, 764)),
        Strategy::Blanks => ((0, 0), (0, 1)),
        Strategy::Entries => ((0, 0), (0, 0)),
    };
    Measured { sure, unsure }
}

/// Share of exact results, and whether one click may apply it. `sure`: nothing speaks against it beyond what its strategy
/// is known for.
pub(super) fn measured(strategy: Strategy, hunk: &Hunk<'_>, sure: bool) -> (f64, bool) {
    // Where blanks are meaning, moving a line moves it elsewhere; what cannot be parsed is not known to be whole.
    let person = strategy == Strategy::Indent && hunk.language.indent_is_meaning() || hunk.language == Language::Other;
    let sure = sure && !person;
    let measured = counts(strategy);
    let (exact, all) = if sure { measured.sure } else { measured.unsure };
    let share = |(exact, all): (u32, u32)| if all == 0 { 0.0 } else { f64::from(exact) / f64::from(all) };
    let one_click = sure && all >= ENOUGH && share((exact, all)) >= ONE_CLICK;
    let shown = if sure && !one_click { measured.unsure } else { (exact, all) };
    (share(shown), one_click)
}
