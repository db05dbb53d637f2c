//! Root sets: which devices have a say in who belongs to a team, and how a set changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/forge.rs"]
mod forge;
#[path = "support/sites.rs"]
mod sites;
mod support;

use contract::DeviceState;
use forge::{Forger, NOTE, Wish};
use holdover_journal::{DeviceError, NO_PROJECT, Reason};
use sites::{Site, join, site, terms, two};

/// Three sites that know each other, and their devices' ids.
fn three_members() -> ([Site; 3], Vec<String>) {
    let (a, b, c) = (site(), site(), site());
    join(&a, &b);
    join(&a, &c);
    let sites = [a, b, c];
    exchange(&sites);
    let ids = sites.iter().map(|site| site.journal.own_device().unwrap().id).collect();
    (sites, ids)
}

fn exchange(sites: &[Site; 3]) {
    for (n, to) in sites.iter().enumerate() {
        for (_, from) in sites.iter().enumerate().filter(|(m, _)| *m != n) {
            to.take(from);
        }
    }
}

/// What a verification says of the root set of the devices as such.
fn verdict(site: &Site) -> contract::RootVerdict {
    let verdicts = site.journal.root_verdicts().unwrap();
    assert_eq!((verdicts.len(), &*verdicts[0].project), (1, ""));
    verdicts.into_iter().next().unwrap()
}

fn in_order(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

fn versions(sites: &[Site; 3]) -> Vec<u64> {
    sites.iter().map(|site| site.journal.roots(NO_PROJECT).unwrap().now.version).collect()
}

#[test]
fn a_root_set_counts_on_every_device_once_enough_of_the_old_and_of_the_new_one_have_signed_it() {
    let (sites, ids) = three_members();
    let [a, b, c] = &sites;
    assert_eq!(versions(&sites), [0, 0, 0]);
    // The founder alone may name the first; it demands two of its own, so one has to agree.
    let named = b.journal.name_roots(NO_PROJECT, &ids[1..2], 1).unwrap();
    assert_eq!((named.now.version, named.waiting.len()), (0, 1), "no member takes the project for itself");
    let named = a.journal.name_roots(NO_PROJECT, &ids, 2).unwrap();
    assert_eq!((named.now.version, named.waiting[0].signed_by.clone()), (0, ids[..1].to_vec()));
    exchange(&sites);
    assert_eq!(versions(&sites), [0, 0, 0]);
    let waits = verdict(c);
    assert_eq!((waits.version, waits.waiting, waits.signed_by), (0, 2, ids[..1].to_vec()), "of version 0 the founder");
    let signed = b.journal.sign_roots(NO_PROJECT, &named.waiting[0].id[..8]).unwrap();
    assert_eq!((signed.now.version, signed.now.threshold, signed.waiting.len()), (1, 2, 0));
    exchange(&sites);
    assert_eq!(versions(&sites), [1, 1, 1]);
    let stands = verdict(c);
    assert_eq!((stands.version, stands.threshold, stands.waiting, stands.can_change), (1, 2, 0, true));
    assert_eq!((stands.devices, stands.signed_by), (in_order(&ids), in_order(&ids[..2])));
    // One device alone changes nothing more, not even the founder.
    let alone = a.journal.name_roots(NO_PROJECT, &ids[..1], 1).unwrap();
    assert_eq!((alone.now.version, alone.waiting.len()), (1, 1));
    exchange(&sites);
    assert_eq!(versions(&sites), [1, 1, 1]);
    c.journal.sign_roots(NO_PROJECT, &alone.waiting[0].id).unwrap();
    exchange(&sites);
    assert_eq!(versions(&sites), [2, 2, 2]);
    // Who is not in it has no say any more, though it is a member.
    let refused = b.journal.invite(NO_PROJECT, &terms()).unwrap_err().to_string();
    assert!(refused.contains("a root set was named, and it is not in it"), "{refused}");
    assert!(a.journal.invite(NO_PROJECT, &terms()).is_ok());
    assert_eq!(a.journal.verify().unwrap().redacted, 0);
}

#[test]
fn a_device_of_the_root_set_is_taken_out_by_as_many_as_the_set_demands_and_another_by_one() {
    let (sites, ids) = three_members();
    let [a, b, c] = &sites;
    let named = a.journal.name_roots(NO_PROJECT, &ids[..2], 2).unwrap();
    exchange(&sites);
    b.journal.sign_roots(NO_PROJECT, &named.waiting[0].id).unwrap();
    exchange(&sites);
    assert_eq!(versions(&sites), [1, 1, 1]);
    let state = |site: &Site, of: usize| {
        let devices = site.journal.devices(NO_PROJECT).unwrap().devices;
        devices.into_iter().find(|device| device.id == ids[of]).unwrap().state
    };
    // One that was taken over cannot throw the other out.
    a.journal.revoke(NO_PROJECT, &ids[1], "mine alone").unwrap();
    exchange(&sites);
    assert_eq!(sites.each_ref().map(|site| state(site, 1)), [DeviceState::Member; 3]);
    assert!(c.journal.revoke(NO_PROJECT, &ids[1], "").unwrap_err().to_string().contains("not in it"));
    b.journal.revoke(NO_PROJECT, &ids[2], "left").unwrap();
    exchange(&sites);
    assert_eq!(sites.each_ref().map(|site| state(site, 2)), [DeviceState::Revoked; 3]);
    let whole = verdict(a);
    assert_eq!((whole.lost, whole.can_change), (Vec::new(), true), "that one is not in the set");
    b.journal.revoke(NO_PROJECT, &ids[1], "I lost it").unwrap();
    exchange(&sites);
    assert_eq!(sites.each_ref().map(|site| state(site, 1)), [DeviceState::Revoked; 3]);
    assert_eq!(versions(&sites), [1, 1, 1], "the set is what it was");
    let stuck = verdict(a);
    assert_eq!((stuck.lost, stuck.can_change), (ids[1..2].to_vec(), false), "one of two cannot sign what two must");
}

#[test]
fn a_root_set_stays_in_force_when_one_of_its_devices_is_taken_out() {
    let (sites, ids) = three_members();
    let [a, _, c] = &sites;
    a.journal.name_roots(NO_PROJECT, &ids[..2], 1).unwrap();
    exchange(&sites);
    a.journal.revoke(NO_PROJECT, &ids[1], "stolen").unwrap();
    exchange(&sites);
    assert_eq!(versions(&sites), [1, 1, 1]);
    let stands = verdict(c);
    assert_eq!((stands.lost, stands.can_change), (ids[1..2].to_vec(), true));
    let refused = c.journal.invite(NO_PROJECT, &terms()).unwrap_err().to_string();
    assert!(refused.contains("a root set was named, and it is not in it"), "{refused}");
    // A set without the one that is out follows it, and one with it is not made.
    assert!(matches!(a.journal.name_roots(NO_PROJECT, &ids[..2], 1), Err(DeviceError::NoPerson { .. })));
    a.journal.name_roots(NO_PROJECT, &ids[..1], 1).unwrap();
    exchange(&sites);
    assert_eq!((versions(&sites), verdict(c).lost), (vec![2, 2, 2], Vec::new()));
}

#[test]
fn what_a_member_without_a_say_writes_about_membership_counts_nowhere() {
    let (a, c) = two();
    let mut forger = Forger::new(8, 0);
    a.journal.import(&forger.ask(&a.journal.invite(NO_PROJECT, &terms()).unwrap())).unwrap();
    let own = a.journal.own_device().unwrap().id;
    let named = a.journal.name_roots(NO_PROJECT, std::slice::from_ref(&own), 1).unwrap();
    assert_eq!(named.now.version, 1, "the founder is enough where it asks for nobody else");
    c.take(&a);
    let friend = Forger::new(9, 2);
    forger.lamport = 1000;
    let signed = Wish { signed: true, ..Wish::default() };
    let enrolled = serde_json::json!({
        "device": hex::encode(friend.public()), "name": "friend", "kind": "person", "invitation": ulid::Ulid::generate(),
        "expires": null,
    });
    forger.event("device.enrolled", &enrolled.to_string(), &signed);
    let revoked = serde_json::json!({"device": own, "cutoff": {}, "reason": "mine now"});
    forger.event("device.revoked", &revoked.to_string(), &signed);
    let mine = serde_json::json!({
        "version": 2, "threshold": 1, "devices": [hex::encode(forger.public())], "before": named.now.id,
    });
    forger.event("device.roots", &mine.to_string(), &signed);
    let said = forger.segment();
    let mut notes = Forger::new(9, 2);
    notes.event("note.add", NOTE, &Wish::default());
    let notes = notes.segment();
    for site in [&a, &c] {
        assert_eq!(site.journal.import(&said).unwrap().new, 3);
        let roots = site.journal.roots(NO_PROJECT).unwrap();
        assert_eq!((roots.now.version, roots.waiting.len()), (1, 1), "it waits for who has a say");
        assert_eq!(site.journal.import(&notes).unwrap().quarantined, Some(Reason::UnknownDevice));
        let devices = site.journal.devices(NO_PROJECT).unwrap().devices;
        assert!(devices.iter().any(|device| device.id == own && device.state == DeviceState::Member));
        site.journal.verify().unwrap();
    }
}
