//! Downloads by address: curl, wget and their like, and the clients of storage services.
//! What asks this machine itself, for its health for example, is no finding.

use super::{Asked, Said};
use crate::draft::Thing;
use crate::shell::{Call, EXPANSION, Word};
use crate::words::leads_away;
use contract::codes;

pub(crate) fn look(asked: &mut Asked<'_>) {
    let call = asked.call;
    let downloads = match call.program {
        "curl" => !call.has(&["--unix-socket", "--abstract-unix-socket"]) && any_address(call, true),
        "wget" | "wget2" | "aria2c" | "axel" | "lwp-download" => any_address(call, true),
        "http" | "https" | "xh" | "fetch" | "lynx" | "kubectl" => any_address(call, false),
        "gh" => {
            let texts: Vec<&str> = call.plain(&["-R", "--repo"]).iter().map(|word| word.text.as_str()).collect();
            matches!(&texts[..], ["release" | "run", "download", ..] | ["repo", "clone", ..])
        }
        "aws" => call.arguments.iter().any(|word| word.text.starts_with("s3://")) && is(call, 1, &["cp", "sync"]),
        "gsutil" => is(call, 0, &["cp", "rsync", "-m"]) && from(call, "gs://"),
        "rsync" | "scp" | "sftp" => {
            let from = call.plain(&["-e", "--rsh", "-i", "-P", "-o"]);
            from.first().is_some_and(|word| {
                word.text.contains(':') && !word.text.starts_with(['.', '/']) && !word.text.starts_with(EXPANSION)
            })
        }
        "playwright" if is(call, 0, &["install"]) => return super::python::browser(asked, "playwright"),
        "cypress" if is(call, 0, &["install"]) => return super::python::browser(asked, "cypress"),
        "pre-commit" if is(call, 0, &["autoupdate", "install-hooks"]) => true,
        _ => false,
    };
    if downloads {
        asked.say(Said::new(
            codes::NETWORK_DOWNLOAD,
            "this downloads something",
            "download it while there is a connection, keep it with the project or in a cache, and pass over this where it is there",
            Thing::Untold,
        ));
    }
}

fn is(call: &Call<'_>, at: usize, names: &[&str]) -> bool {
    call.arguments.get(at).is_some_and(|word| names.contains(&word.text.as_str()))
}

fn from(call: &Call<'_>, scheme: &str) -> bool {
    let plain = call.plain(&[]);
    plain.len() > 2 && plain[plain.len() - 2].text.starts_with(scheme)
}

/// Whether an argument is an address that leads away; `bare`: also one without a scheme, and one that a variable names.
fn any_address(call: &Call<'_>, bare: bool) -> bool {
    let with_value = [
        "-o",
        "--output",
        "-O",
        "--output-document",
        "-H",
        "--header",
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "-u",
        "--user",
        "-A",
        "--user-agent",
        "-X",
        "--request",
        "-e",
        "--referer",
        "-b",
        "--cookie",
        "-c",
        "--cookie-jar",
        "-m",
        "--max-time",
        "--retry",
        "--retry-delay",
        "--connect-timeout",
        "-w",
        "--write-out",
        "-F",
        "--form",
        "--cacert",
        "--cert",
        "--key",
        "-P",
        "--directory-prefix",
        "-x",
        "--proxy",
        "-T",
        "--upload-file",
        "-t",
        "--tries",
        "--timeout",
        "-D",
        "--dump-header",
        "-K",
        "--config",
        "--dir",
    ];
    // What takes a file name with curl stands alone with wget.
    let with_value = if call.program == "curl" {
        with_value.iter().copied().filter(|option| *option != "-O" && *option != "-P").collect::<Vec<_>>()
    } else {
        with_value.to_vec()
    };
    let given = call.plain(&with_value);
    let named = call.arguments.iter().filter_map(|word| word.text.strip_prefix("--url=")).count();
    given.iter().any(|word| is_away(word, bare)) || named > 0
}

fn is_away(word: &Word, bare: bool) -> bool {
    if word.text.contains("://") {
        return leads_away(word) == Some(true);
    }
    if !bare {
        return false;
    }
    if word.text.starts_with(EXPANSION) {
        let near = |name: &String| {
            let name = name.to_ascii_uppercase();
            ["HOST", "PORT", "ADDR", "LOCAL", "ENDPOINT", "SERVER", "BASE", "OPT", "ARG", "FLAG", "HEADER"]
                .iter()
                .any(|part| name.contains(part))
        };
        let address = |name: &String| {
            let name = name.to_ascii_uppercase();
            ["URL", "URI", "MIRROR", "DOWNLOAD", "LINK", "SRC", "SOURCE"].iter().any(|part| name.contains(part))
        };
        let first = word.names.first();
        return first.is_some_and(|name| address(name) && !near(name));
    }
    // `example.org/x.tar.gz`, as curl and wget take it.
    let host = word.text.split(['/', ':']).next().unwrap_or_default();
    word.text.contains('/')
        && host.contains('.')
        && !host.starts_with('.')
        && !crate::words::is_near(host)
        && host.rsplit('.').next().is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()))
}
