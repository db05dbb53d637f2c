//! Prints what a survey of a folder says, as JSON: `survey FOLDER…`.
//! For comparing answers with the tools' own, without a journal: nothing is remembered. Checksums that the first look left
//! to the background are compared before it answers, as a server's background does.
#![allow(clippy::print_stdout, reason = "it prints")]

use holdover_inventory::{Inventory, NoMemory, Options};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for folder in arguments {
        let mut inventory = Inventory::new(&folder, Options::default());
        let first = inventory.survey(&NoMemory, &|| false);
        let all = first.readiness.verified == first.readiness.present;
        let survey = if all { first } else { inventory.deepen(&NoMemory, &|| false, &|_, _| ()).0 };
        println!("{}", serde_json::to_string(&survey.report(true)).unwrap_or_default());
    }
}
