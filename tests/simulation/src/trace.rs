//! What happened, as one hash: the same seed, the same hash. Kept in words too where somebody looks.

pub struct Trace {
    hash: blake3::Hasher,
    pub words: Option<Vec<String>>,
}

impl Trace {
    pub fn new(keeps: bool) -> Trace {
        Trace { hash: blake3::Hasher::new(), words: keeps.then(Vec::new) }
    }

    pub fn say(&mut self, line: &str) {
        self.hash.update(line.as_bytes()).update(b"\n");
        if let Some(words) = &mut self.words {
            words.push(line.to_owned());
        }
    }

    pub fn hash(&self) -> String {
        self.hash.finalize().to_hex()[..16].to_owned()
    }
}
