//! Figures of synchronisation as whoever watches machines reads them: the text format of OpenMetrics.
//! Names of remotes and devices stand there, and nothing of what is shared.

use contract::SyncHealth;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRemote {
    project: String,
    remote: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLane {
    project: String,
    remote: String,
    lane: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDevice {
    project: String,
    device: String,
    id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProject {
    project: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDrift {
    project: String,
    pattern: String,
}

/// The figures of a project, with its id in hex.
pub(crate) fn open_metrics(project: &str, health: &SyncHealth) -> String {
    let mut registry = Registry::with_prefix("holdover_sync");
    let project = project.to_owned();
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);

    let remotes = [
        ("rejected", "Segments that were refused and are not settled"),
        ("retries", "Attempts since the last that went to its end"),
        ("received_segments", "Segments that came from the remote"),
        ("paused", "1 where the remote is left alone"),
    ]
    .map(|(name, help)| {
        let family = Family::<OfRemote, Gauge>::default();
        registry.register(name, help, family.clone());
        family
    });
    let (reached, bytes) = (Family::<OfRemote, Gauge>::default(), Family::<OfRemote, Gauge>::default());
    registry.register_with_unit("reached", "Since the remote was reached last", Unit::Seconds, reached.clone());
    registry.register_with_unit("received", "What came from the remote", Unit::Bytes, bytes.clone());
    let (depth, unseen, lag) = Default::default();
    let lanes: [&Family<OfLane, Gauge>; 3] = [&depth, &unseen, &lag];
    registry.register("depth", "Events of this device that the remote does not hold", depth.clone());
    registry.register("unseen", "Events that no other device has told that it has", unseen.clone());
    registry.register_with_unit("lag", "How long the oldest of them has waited", Unit::Seconds, lag.clone());
    for remote in &health.remotes {
        let of = OfRemote { project: project.clone(), remote: remote.name.clone() };
        let values = [remote.rejected, u64::from(remote.retries), remote.segments, u64::from(remote.paused)];
        for (family, value) in remotes.iter().zip(values) {
            family.get_or_create(&of).set(number(value));
        }
        if let Some(seconds) = remote.reached_seconds {
            reached.get_or_create(&of).set(number(seconds));
        }
        bytes.get_or_create(&of).set(number(remote.bytes));
        for lane in &remote.lanes {
            let name = serde_json::to_value(lane.lane).ok().and_then(|name| name.as_str().map(str::to_owned));
            let of = OfLane {
                project: project.clone(),
                remote: remote.name.clone(),
                lane: name.unwrap_or_else(|| "other".to_owned()),
            };
            for (family, value) in lanes.iter().zip([lane.depth, lane.unseen, lane.lag_seconds]) {
                family.get_or_create(&of).set(number(value));
            }
        }
    }

    let (silent, writes) = (Family::<OfDevice, Gauge>::default(), Family::<OfDevice, Gauge>::default());
    let help = "Since the device wrote the last that is here, by its own clock";
    registry.register_with_unit("device_silent", help, Unit::Seconds, silent.clone());
    registry.register("device_writes", "Events of the device that people meant", writes.clone());
    for device in &health.devices {
        let of = OfDevice { project: project.clone(), device: device.name.clone(), id: device.id.clone() };
        if let Some(seconds) = device.silent_seconds {
            silent.get_or_create(&of).set(number(seconds));
        }
        writes.get_or_create(&of).set(number(device.writes));
    }

    let (conflicts, rate) = (Family::<OfProject, Gauge>::default(), Family::<OfProject, Gauge>::default());
    registry.register("conflicts", "Records in conflict", conflicts.clone());
    registry.register("conflicts_per_thousand", "Records in conflict for each thousand writes", rate.clone());
    let of = OfProject { project: project.clone() };
    conflicts.get_or_create(&of).set(number(health.conflicts));
    rate.get_or_create(&of).set(number(health.conflicts_per_thousand));

    let drift = Family::<OfDrift, Gauge>::default();
    registry.register("drift", "Patterns that a person should look at", drift.clone());
    for one in &health.drift {
        let pattern = serde_json::to_value(one.pattern).ok().and_then(|name| name.as_str().map(str::to_owned));
        let of = OfDrift { project: project.clone(), pattern: pattern.unwrap_or_default() };
        drift.get_or_create(&of).inc();
    }
    let mut told = String::new();
    // Writing into a string does not fail.
    let _ = text::encode(&mut told, &registry);
    told
}
