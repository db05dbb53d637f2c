//! Which wheel fits a Python on this machine, and which of several fits best: the order of tags is uv's own.
//! May not look at files.

use super::name::Wheel;
use std::collections::HashMap;

/// The platform that wheels are chosen for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platform {
    /// `x86_64`, `aarch64`, ….
    pub machine: String,
    /// The C library's version.
    pub glibc: (u16, u16),
}

/// Tags that fit, each with its rank: higher is better.
pub(crate) struct Tags {
    ranks: HashMap<(String, String, String), usize>,
}

impl Tags {
    /// For `CPython` 3.`minor` on Linux with glibc, best first as uv's `Tags::from_env` has them.
    pub(crate) fn of(minor: u16, platform: &Platform) -> Self {
        let platforms = platforms(platform);
        let mut tags: Vec<(String, String, String)> = Vec::new();
        let mut each = |python: &str, abi: &str| {
            for platform in &platforms {
                tags.push((python.to_owned(), abi.to_owned(), platform.clone()));
            }
        };
        let own = format!("cp3{minor}");
        each(&own, &own);
        for older in (2..=minor).rev() {
            each(&format!("cp3{older}"), "abi3");
            if older == minor {
                each(&own, "none");
            }
        }
        for older in (0..=minor).rev() {
            each(&format!("py3{older}"), "none");
            if older == minor {
                each("py3", "none");
            }
        }
        let mut any = |python: String| tags.push((python, "none".into(), "any".into()));
        any(own);
        for older in (0..=minor).rev() {
            any(format!("py3{older}"));
            if older == minor {
                any("py3".into());
            }
        }
        let mut ranks = HashMap::with_capacity(tags.len());
        for (rank, tag) in tags.into_iter().rev().enumerate() {
            ranks.entry(tag).or_insert(rank);
        }
        Tags { ranks }
    }

    /// How well a wheel fits; none where it does not.
    pub(crate) fn rank(&self, wheel: &Wheel) -> Option<usize> {
        let mut best = None;
        for python in &wheel.pythons {
            for abi in &wheel.abis {
                for platform in &wheel.platforms {
                    let tag = (python.clone(), abi.clone(), platform.clone());
                    best = best.max(self.ranks.get(&tag).copied());
                }
            }
        }
        best
    }

    /// Which of these fits best: the first of those with the best tag and the highest build number.
    pub(crate) fn best<'a>(&self, wheels: impl Iterator<Item = &'a Wheel>) -> Option<usize> {
        let ranked = wheels.enumerate().filter_map(|(at, wheel)| Some(((self.rank(wheel)?, wheel.build.as_ref()), at)));
        ranked.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, at)| at)
    }
}

fn platforms(platform: &Platform) -> Vec<String> {
    let machine = &platform.machine;
    let least = match machine.as_str() {
        "x86_64" | "i686" => 5,
        "riscv64" => 31,
        _ => 17,
    };
    let mut out = Vec::new();
    for minor in (least..=platform.glibc.1).rev() {
        out.push(format!("manylinux_{}_{minor}_{machine}", platform.glibc.0));
        match minor {
            17 => out.push(format!("manylinux2014_{machine}")),
            12 => out.push(format!("manylinux2010_{machine}")),
            5 => out.push(format!("manylinux1_{machine}")),
            _ => {}
        }
    }
    out.push(format!("linux_{machine}"));
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop")]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_for_this_python_and_the_newest_c_library_comes_before_the_others() {
        let tags = Tags::of(11, &Platform { machine: "x86_64".into(), glibc: (2, 36) });
        let names = [
            "a-1-py3-none-any.whl",
            "a-1-cp311-cp311-musllinux_1_2_x86_64.whl",
            "a-1-cp38-abi3-manylinux2014_x86_64.whl",
            "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "a-1-cp311-cp311-manylinux_2_28_x86_64.whl",
            "a-1-1-cp311-cp311-manylinux_2_28_x86_64.whl",
            "a-1-cp312-cp312-manylinux_2_28_x86_64.whl",
            "a-1-cp311-cp311-manylinux_2_99_x86_64.whl",
            "a-1-cp311-cp311-win_amd64.whl",
        ];
        let wheels: Vec<Wheel> = names.iter().map(|name| Wheel::read(name).unwrap()).collect();
        let order = |these: &[usize]| tags.best(these.iter().map(|&at| &wheels[at])).map(|at| these[at]);
        assert_eq!(order(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), Some(5));
        assert_eq!(order(&[0, 2, 3, 4]), Some(4));
        assert_eq!(order(&[0, 2, 3]), Some(3));
        assert_eq!(order(&[0, 2]), Some(2));
        assert_eq!(order(&[1, 6, 7, 8]), None);
    }
}
