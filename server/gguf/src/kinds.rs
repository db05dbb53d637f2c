//! How the numbers of a tensor are kept, by ggml's list: the name, how many numbers a block has and how many bytes.

/// One way of keeping numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u32);

/// Number, name, numbers of a block, bytes of a block, whether a model that has it can be run.
const KINDS: [(u32, &str, u64, u64, bool); 29] = [
    (0, "F32", 1, 4, true),
    (1, "F16", 1, 2, true),
    (2, "Q4_0", 32, 18, true),
    (3, "Q4_1", 32, 20, true),
    (6, "Q5_0", 32, 22, true),
    (7, "Q5_1", 32, 24, true),
    (8, "Q8_0", 32, 34, true),
    (9, "Q8_1", 32, 36, true),
    (10, "Q2_K", 256, 84, true),
    (11, "Q3_K", 256, 110, true),
    (12, "Q4_K", 256, 144, true),
    (13, "Q5_K", 256, 176, true),
    (14, "Q6_K", 256, 210, true),
    (15, "Q8_K", 256, 292, true),
    (16, "IQ2_XXS", 256, 66, false),
    (17, "IQ2_XS", 256, 74, false),
    (18, "IQ3_XXS", 256, 98, false),
    (19, "IQ1_S", 256, 50, false),
    (20, "IQ4_NL", 32, 18, false),
    (21, "IQ3_S", 256, 110, false),
    (22, "IQ2_S", 256, 82, false),
    (23, "IQ4_XS", 256, 136, false),
    (24, "I8", 1, 1, false),
    (25, "I16", 1, 2, false),
    (26, "I32", 1, 4, false),
    (27, "I64", 1, 8, false),
    (28, "F64", 1, 8, false),
    (29, "IQ1_M", 256, 56, false),
    (30, "BF16", 1, 2, false),
];

impl Kind {
    /// By its number; `None` for one that is not in the list.
    #[must_use]
    pub fn of(number: u32) -> Option<Self> {
        KINDS.iter().any(|kind| kind.0 == number).then_some(Kind(number))
    }

    fn row(self) -> (u32, &'static str, u64, u64, bool) {
        KINDS.into_iter().find(|kind| kind.0 == self.0).unwrap_or(KINDS[0])
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Numbers that a block has.
    #[must_use]
    pub fn block(self) -> u64 {
        self.row().2
    }

    /// Whether models that are kept so can be run.
    #[must_use]
    pub fn runs(self) -> bool {
        self.row().4
    }

    /// Bytes that so many numbers take; `None` where they are no whole blocks or too many.
    #[must_use]
    pub fn bytes(self, numbers: u64) -> Option<u64> {
        let (_, _, block, bytes, _) = self.row();
        numbers.is_multiple_of(block).then(|| (numbers / block).checked_mul(bytes))?
    }

    /// Names of those that can be run.
    #[must_use]
    pub fn running() -> Vec<&'static str> {
        KINDS.iter().filter(|kind| kind.4).map(|kind| kind.1).collect()
    }
}
