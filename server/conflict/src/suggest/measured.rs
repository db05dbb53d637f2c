//! How often each strategy was exact, and what one click may apply.
//! Figures of the open half of the corpus (`tests/long/conflicts.py`), with those of the second part set aside for what they
//! would trust; the half set aside is measured and never tuned on.

use super::{Hunk, Language, Strategy};

/// Least share of exact results for one click.
const ONE_CLICK: f64 = 0.95;
/// Standard deviations of the bound below.
const SURE: f64 = 1.96;

/// What the share of exact results is at the least, with 97.5 % certainty: the lower bound of Wilson's interval. Of 17 that
/// were all exact it is 82 %: a strategy with few cases is not trusted, however well it did in them.
fn at_least((exact, all): (u32, u32)) -> f64 {
    if all == 0 {
        return 0.0;
    }
    let (n, z2) = (f64::from(all), SURE * SURE);
    let p = f64::from(exact) / n;
    (p + z2 / (2.0 * n) - SURE * ((p * (1.0 - p) + z2 / (4.0 * n)) / n).sqrt()) / (1.0 + z2 / n)
}

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
        Strategy::Indent => ((972, 975), (131, 132)),
        Strategy::Imports => ((17, 17), (0, 1)),
        Strategy::Keys => ((16, 16), (0, 0)),
        // Each side one change, on lines of its own that name nothing of the other: few cases, so a person looks.
        Strategy::Words => ((29, 29), (1417, 1446)),
        // 110 of 110 on the open half, and 301 of 317 on the second part.
        Strategy::Further => ((411, 427), (12, 13)),
        Strategy::Syntax => ((0, 0), (53, 222)),
        Strategy::Contained => ((0, 0), (11, 59)),
        Strategy::Members => ((0, 0), (38, 56)),
        Strategy::Added => ((0, 0), (729, 774)),
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
    let one_click = sure && at_least((exact, all)) >= ONE_CLICK;
    let shown = if sure && all == 0 { measured.unsure } else { (exact, all) };
    (share(shown), one_click)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_cases_are_not_trusted_and_many_are() {
        // Values of Wilson's interval as its tables have them.
        for (counts, least) in [((17, 17), 0.816), ((50, 50), 0.929), ((413, 414), 0.986), ((95, 100), 0.888)] {
            assert!((at_least(counts) - least).abs() < 0.001, "{counts:?}: {}", at_least(counts));
        }
        let one_click = |strategy| at_least(counts(strategy).sure) >= ONE_CLICK;
        let trusted: Vec<_> = Strategy::ALL.into_iter().filter(|strategy| one_click(*strategy)).collect();
        assert_eq!(trusted, [Strategy::Same, Strategy::OneSided, Strategy::Indent]);
    }
}
