//! Prints what a survey of a folder says, as JSON: `survey FOLDER…`.
//! For comparing answers with the tools' own, without a journal: nothing is remembered.
#![allow(clippy::print_stdout, reason = "it prints")]

use holdover_inventory::{Inventory, NoMemory, Options};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for folder in arguments {
        let survey = Inventory::new(&folder, Options::default()).survey(&NoMemory, &|| false);
        println!("{}", serde_json::to_string(&survey.report(true)).unwrap_or_default());
    }
}
