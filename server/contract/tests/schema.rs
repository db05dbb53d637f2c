//! The checked-in JSON Schema is the one that the types give. `HOLDOVER_BLESS=1` writes it anew.

use std::path::Path;

#[test]
fn the_checked_in_schema_is_the_one_that_the_types_give() {
    let file =
        Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/schema/holdover.schema.json");
    let schema = schemars::schema_for!(holdover_contract::Everything);
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("HOLDOVER_BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == text, "docs/schema/holdover.schema.json is not up to date: run this test with HOLDOVER_BLESS=1");
}

#[test]
fn every_key_of_the_status_that_the_protocol_names_is_there() {
    let status = serde_json::to_value(holdover_contract::Status::default()).unwrap();
    for key in [
        "connectivity",
        "readiness",
        "functions",
        "caches",
        "mirrors",
        "sync",
        "checks",
        "conflicts",
        "reviews",
        "model",
        "journal",
    ] {
        assert!(status.get(key).is_some(), "{key}");
    }
    let readiness = &status["readiness"];
    for key in [
        "state",
        "target",
        "total",
        "present",
        "missing",
        "corrupt",
        "stale",
        "unknown",
        "otherTargets",
        "ecosystems",
        "proof",
        "checkedAt",
    ] {
        assert!(readiness.get(key).is_some(), "readiness.{key}");
    }
    assert_eq!(status["model"]["state"], "none");
    assert_eq!(status["sync"]["state"], "disabled");
}
