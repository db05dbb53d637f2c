//! Maven and Gradle: builds that ask repositories for plugins, snapshots and dynamic versions.
//! What only tells versions, or writes the wrapper, is no build.

use super::{Asked, Said};
use crate::draft::Thing;
use contract::codes;

const WITH_VALUE: [&str; 12] =
    ["-f", "--file", "-pl", "--projects", "-P", "-s", "--settings", "-p", "--project-dir", "-b", "-T", "-x"];

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    if call.has(&["-o", "--offline", "-v", "-version", "--version", "-h", "--help"]) {
        return;
    }
    let maven = call.program.starts_with("mvn");
    let goals = call.plain(&WITH_VALUE);
    let builds = |goal: &&crate::shell::Word| {
        !matches!(
            goal.text.as_str(),
            "clean" | "wrapper" | "wrapper:wrapper" | "help" | "tasks" | "projects" | "properties"
        )
    };
    if !goals.iter().any(builds) {
        return;
    }
    let (switch, title) =
        if maven { (" -o", "Build with `-o`, offline") } else { (" --offline", "Build with `--offline`") };
    let mut said = Said::new(
        codes::JVM_NOT_OFFLINE,
        "this may ask the repositories of the build",
        if maven {
            "`mvn dependency:go-offline` while there is a connection, and `-o` later on"
        } else {
            "build once while there is a connection, and with `--offline` later on"
        },
        Thing::Untold,
    );
    if asked.on_host() {
        said.fix = asked.add_behind(call.name, title, switch);
    }
    asked.say(said);
}
