//! `holdover device`: who may write to what is shared. Asks the engine, reads and writes the files that are carried over, and prints.

use super::{Failure, engine, failed};
use crate::End;
use crate::out::Out;
use clap::{Subcommand, ValueEnum};
use contract::{Device, DeviceKind, DeviceState, JoinStep, RootReport, RootSet};
use engine::{Engine, Invite};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);
/// Longest file that is read: what carries membership is far shorter.
const MAX_FILE: u64 = 64 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Name this device, and the person at it; it was made with the journal
    Init {
        /// What the device is called; nothing about the machine is in its name unless you say so
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// The name under which what you do is shown to others
        #[arg(long, value_name = "NAME")]
        person: Option<String>,
    },
    /// List the devices that are known, and what of them is kept apart
    List,
    /// Print an invitation, which lets one device in
    Invite {
        /// What the device is used by; only a person's may invite and revoke
        #[arg(long, value_name = "KIND", default_value = "person")]
        kind: Kind,
        /// How long the invitation may be used
        #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3650))]
        valid: u32,
        /// How long the device counts; without it, until it is revoked
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires: Option<u32>,
    },
    /// Take the next step with an invitation, a request or an answer
    Join {
        /// The file that was brought here; `-` reads stdin
        file: PathBuf,
        /// Where to write what has to be carried to the other side
        #[arg(long, value_name = "FILE", default_value = "holdover-join.bin")]
        to: PathBuf,
    },
    /// Let in what was kept apart: it counts, here and on the other devices
    Admit {
        /// Its id or the beginning of it, as `device list` shows it
        segment: String,
        /// Why, for the others to read
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Throw away what was kept apart, on this device
    Discard {
        /// Its id or the beginning of it, as `device list` shows it
        segment: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Show or change which devices have a say in who is in, and how many of them must agree
    Roots {
        /// Name the set that is to follow: a device's name, or the beginning of its id; as often as there are devices
        #[arg(long = "next", value_name = "DEVICE", requires = "threshold", conflicts_with = "sign")]
        next: Vec<String>,
        /// How many of its devices must sign the one after it
        #[arg(long, value_name = "NUMBER", requires = "next")]
        threshold: Option<u32>,
        /// Sign one that waits, by the beginning of its id
        #[arg(long, value_name = "ID")]
        sign: Option<String>,
        /// First take in what another member's device has written with `--to`; `-` reads stdin
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
        /// Then write what has to be carried to the other members
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Take a device out: what it writes from now on no longer counts
    Revoke {
        /// Its name, or the beginning of its id
        device: String,
        /// Why, for the others to read
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Person,
    Tool,
    Ci,
}

impl From<Kind> for DeviceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Person => DeviceKind::Person,
            Kind::Tool => DeviceKind::Tool,
            Kind::Ci => DeviceKind::Ci,
        }
    }
}

pub(super) fn run(command: &Command, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    match command {
        Command::Init { name, person } => {
            let device = engine.name_device(name.as_deref(), person.as_deref()).map_err(|e| failed(&e))?;
            out.document(&device);
            out.line(line(&device));
        }
        Command::List => {
            let report = engine.devices().map_err(|e| failed(&e))?;
            out.document(&report);
            for device in &report.devices {
                out.line(line(device));
                for apart in &device.quarantined {
                    let id = apart.id.get(..8).unwrap_or_default();
                    out.line(format!("  kept apart: {id}  events {} to {}: {}", apart.first, apart.last, apart.detail));
                }
            }
        }
        Command::Invite { kind, valid, expires } => {
            let invite = Invite { kind: (*kind).into(), usable: DAY * *valid, counts: expires.map(|days| DAY * days) };
            let text = engine.invite_device(invite).map_err(|e| failed(&e))?;
            out.document(&serde_json::json!({ "invitation": text }));
            out.line(text);
        }
        Command::Admit { segment, reason } => {
            let (device, came) = engine.admit_apart(segment, reason).map_err(|e| failed(&e))?;
            out.document(&serde_json::json!({ "device": device, "admitted": came }));
            out.line(format!("let in: {came} of {}", device.name));
        }
        Command::Discard { segment, reason } => {
            let device = engine.discard_apart(segment, reason).map_err(|e| failed(&e))?;
            out.document(&serde_json::json!({ "device": device }));
            out.line(format!("thrown away: {} of {}", segment, device.name));
        }
        Command::Roots { next, threshold, sign, from, to } => {
            if let Some(file) = from {
                let contents = read(file).map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
                engine.hear_membership(&contents).map_err(|e| failed(&e))?;
            }
            let report = match (sign, threshold) {
                (Some(id), _) => engine.sign_roots(id),
                (None, Some(threshold)) => engine.name_roots(next, *threshold),
                (None, None) => engine.roots(),
            };
            let report = report.map_err(|e| failed(&e))?;
            if let Some(file) = to {
                write(file, &engine.membership().map_err(|e| failed(&e))?)?;
            }
            out.document(&report);
            roots(&engine, &report, out)?;
        }
        Command::Join { file, to } => return join(&engine, file, to, out),
        Command::Revoke { device, reason } => {
            let device = engine.revoke_device(device, reason).map_err(|e| failed(&e))?;
            out.document(&device);
            out.line(line(&device));
            if device.state != DeviceState::Revoked {
                out.warn("it is of the root set: it is out once as many of that have revoked it as the set demands");
            }
        }
    }
    Ok(End::Yes)
}

fn roots(engine: &Engine, report: &RootReport, out: &Out) -> Result<(), Failure> {
    let known = engine.devices().map_err(|e| failed(&e))?.devices;
    let name = |id: &String| {
        let device = known.iter().find(|device| device.id == *id);
        device.map_or_else(|| id[..8].to_owned(), |device| device.name.clone())
    };
    let names = |ids: &[String]| ids.iter().map(name).collect::<Vec<_>>().join(", ");
    let of = |set: &RootSet| format!("{} of {}: {}", set.threshold, set.devices.len(), names(&set.devices));
    match report.now.version {
        0 => out.line("nobody has named a root set: every person's device that is a member has a say"),
        version => out.line(format!("root set {version}: {}", of(&report.now))),
    }
    for set in &report.waiting {
        let id = &set.id[..8];
        out.line(format!("waits: {id}  root set {}: {}, signed by {}", set.version, of(set), names(&set.signed_by)));
    }
    Ok(())
}

fn join(engine: &Engine, file: &Path, to: &Path, out: &Out) -> Result<End, Failure> {
    let contents = read(file).map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?;
    let (mut report, carry) = engine.join_device(&contents).map_err(|e| failed(&e))?;
    if let Some(bytes) = carry {
        write(to, &bytes)?;
        report.file = Some(to.to_owned());
    }
    out.document(&report);
    let (name, to) = (&report.device.name, to.display());
    out.line(match report.step {
        JoinStep::Asked => {
            format!("asked to be let in\nNext: on the device that invited, `holdover device join` with {to}")
        }
        JoinStep::Answered => format!("let in: {name}\nNext: on that device, `holdover device join` with {to}"),
        JoinStep::Joined => "this device is let in".to_owned(),
        JoinStep::Nothing => "nothing new: no invitation of this device was asked for".to_owned(),
    });
    Ok(if report.step == JoinStep::Nothing { End::No } else { End::Yes })
}

fn write(to: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(to, bytes).map_err(|e| Failure {
        end: End::Unknown,
        kind: "host",
        message: format!("could not write {}: {e}\nhint: name another file with --to", to.display()),
    })
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE).read_to_end(&mut contents)?;
    } else {
        let opened = std::fs::File::open(file)?;
        if !opened.metadata()?.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        opened.take(MAX_FILE).read_to_end(&mut contents)?;
    }
    Ok(contents)
}

fn line(device: &Device) -> String {
    let state = match device.state {
        DeviceState::Member => "member",
        DeviceState::Expired => "its time has passed",
        DeviceState::Revoked => "revoked",
        DeviceState::Asking => "asks to be let in",
        DeviceState::Unknown => "unknown",
    };
    let kind = match device.kind {
        DeviceKind::Person => "",
        DeviceKind::Tool => ", a tool's",
        DeviceKind::Ci => ", for CI",
    };
    let own = if device.own { ", this device" } else { "" };
    let expires = device.expires.as_ref().map(|at| format!(", until {at} by its own clock")).unwrap_or_default();
    let held = if device.held > 0 { format!(", {} of its events not relied on", device.held) } else { String::new() };
    format!("{}  {}  {state}{own}{kind}{expires}{held}", &device.id[..8], device.name)
}
