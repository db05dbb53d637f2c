use holdover_inventory::*;
use std::time::Instant;
struct Mem(std::sync::Mutex<std::collections::HashMap<String, Vec<u8>>>);
impl Memory for Mem {
    fn get_many(&self, keys: &[String]) -> Vec<Option<Vec<u8>>> {
        let m = self.0.lock().unwrap();
        keys.iter().map(|k| m.get(k).cloned()).collect()
    }
    fn put_many(&self, e: Vec<(String, Vec<u8>)>) {
        self.0.lock().unwrap().extend(e);
    }
}
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let mem = Mem(Default::default());
    let t = Instant::now();
    let mut inv = Inventory::new(&root, Options::default());
    let s = inv.survey(&mem, &|| false);
    println!("first {:?}", t.elapsed());
    for e in &s.readiness.ecosystems {
        println!("{e:?}");
    }
    println!("{:?} artifacts {} findings {}", s.readiness.state, s.artifacts.len(), s.findings.len());
    for f in s.findings.iter().take(20) {
        println!("  {} {}:{} {}", f.code, f.file.display(), f.range.start.line + 1, f.message);
    }
    for _ in 0..3 {
        let mut inv = Inventory::new(&root, Options::default());
        let t = Instant::now();
        let s = inv.survey(&mem, &|| false);
        println!("remembered {:?} {}", t.elapsed(), s.artifacts.len());
        let t = Instant::now();
        inv.survey(&mem, &|| false);
        println!("nothing changed {:?}", t.elapsed());
    }
    let t = Instant::now();
    let (s, o) = inv.deepen(&mem, &|| false, &|_, _| ());
    println!("deepen {:?} {o:?} {:?}", t.elapsed(), s.readiness.state);
    for step in plan_fetch(&s, None) {
        println!("{step:?}");
    }
}
