//! `holdover offline`: what holds now, or what shall hold.

use super::{Failure, engine, failed};
use crate::End;
use crate::args::Mode;
use crate::out::Out;
use host::OfflineMode;

pub(crate) fn run(mode: Option<Mode>, out: &Out) -> Result<End, Failure> {
    let engine = engine();
    if let Some(mode) = mode {
        let mode = match mode {
            Mode::On => OfflineMode::On,
            Mode::Off => OfflineMode::Off,
            Mode::Auto => OfflineMode::Auto,
        };
        engine.set_offline(mode).map_err(|e| failed(&e))?;
    }
    let connectivity = engine.connectivity();
    out.document(&connectivity);
    let said = match engine.offline_mode() {
        OfflineMode::On => "on: no Holdover process, and no tool that one starts, connects to anything",
        OfflineMode::Off => "off: connections are tried even where the machine has no route out",
        OfflineMode::Auto => "auto: connections are tried where the machine has a route out",
    };
    out.line(format!("offline {said}"));
    out.detail(format!("now: {}", connectivity.detail));
    Ok(End::Yes)
}
