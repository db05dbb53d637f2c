//! Images that are pulled or run by name. What is built, pushed or only named by a Compose file is looked at elsewhere.

use super::{Asked, Said, subcommand};
use crate::draft::Thing;
use crate::shell::Word;
use contract::codes;

/// Options of `run` and `create` that take no value.
const BARE: [&str; 18] = [
    "-d",
    "--detach",
    "-i",
    "--interactive",
    "-t",
    "--tty",
    "-it",
    "-ti",
    "-dit",
    "-itd",
    "--rm",
    "--init",
    "--privileged",
    "-P",
    "--publish-all",
    "--read-only",
    "--no-healthcheck",
    "--oom-kill-disable",
];

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    let Some((sub, rest)) = subcommand(call, &["-H", "--host", "-c", "--context", "--config", "-f", "--file", "-p"])
    else {
        return;
    };
    let compose = call.program == "docker-compose" || sub.text == "compose";
    if compose {
        let pulls = call.arguments.iter().any(|word| word.text == "pull");
        if pulls {
            asked.say(Said::new(
                codes::NETWORK_IMAGE_PULL,
                "this pulls the images of a Compose file",
                "run it once while there is a connection; `docker compose up --pull never` then takes what is here",
                Thing::Untold,
            ));
        }
        return;
    }
    let rest =
        if matches!(sub.text.as_str(), "container" | "image") { rest.get(1..).unwrap_or_default() } else { &rest[..] };
    let verb = match sub.text.as_str() {
        "container" | "image" => {
            call.arguments.iter().map(|w| w.text.as_str()).skip_while(|t| *t != sub.text).nth(1).unwrap_or_default()
        }
        verb => verb,
    };
    let image: Option<&Word> = match verb {
        "pull" | "copy" => rest.iter().find(|word| !word.text.starts_with('-')).copied(),
        "run" | "create" => {
            if call.arguments.iter().any(|w| w.text == "--pull=never") {
                return;
            }
            let mut words = rest.iter();
            let mut found = None;
            while let Some(word) = words.next() {
                let text = word.text.as_str();
                if !text.starts_with('-') {
                    found = Some(*word);
                    break;
                }
                if !(text.contains('=') || BARE.contains(&text) || text.starts_with("--") && text.ends_with("-all")) {
                    words.next();
                }
            }
            found
        }
        _ => None,
    };
    let Some(image) = image.and_then(|word| word.literal()).filter(|image| !image.is_empty()) else { return };
    let mut said = Said::new(
        codes::NETWORK_IMAGE_PULL,
        "this needs an image",
        "pull it while there is a connection",
        Thing::Image(image.trim_start_matches("docker://").to_owned()),
    );
    said.only_if_absent = verb != "pull" && verb != "copy";
    asked.say(said);
}
