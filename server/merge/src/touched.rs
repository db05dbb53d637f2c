//! What a merge of trees did to get there, which says how far it may be trusted.
//! Merges nothing.

use conflict::suggest::Strategy;

/// What was done to get there.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Both sides put imports at one place.
    pub imports: bool,
    /// Both put keys, or names of an import.
    pub keys: bool,
    /// Both put items whose order people see.
    pub members: bool,
    /// Both put the same item, and one of them more.
    pub contained: bool,
    /// One side changed or moved what was there, at a place where the other did not.
    pub parts: bool,
}

impl Touched {
    pub fn strategy(&self) -> Strategy {
        if self.contained {
            Strategy::Contained
        } else if self.members {
            Strategy::Members
        } else if self.parts {
            // Keys and imports may be among it, but that is not all that a click would do.
            Strategy::Syntax
        } else if self.keys {
            Strategy::Keys
        } else if self.imports {
            Strategy::Imports
        } else {
            Strategy::Syntax
        }
    }
}
