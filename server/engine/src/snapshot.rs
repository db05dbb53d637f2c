//! Signed snapshots: what was here and verified, stated by this device, and held against what is here before it is believed.
//! The statement is in-toto's in a DSSE envelope; reading one runs nothing and trusts nobody but devices of the journal.

use crate::inner::Inner;
use crate::workspace::Workspace;
use crate::{Engine, EngineError};
use contract::{DeviceState, ProofInput, ReadinessState, Snapshot};
use host::Cancel;
use inventory::Survey;
use journal::{EnvelopeError, Journal, NO_PROJECT, Stated, Subject};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the predicate is; `docs/commands/snapshot.md` has its shape.
const KIND: &str = "urn:holdover:readiness-snapshot:v1";
/// Largest envelope that is read, in bytes: some hundred thousand checksums.
const LARGEST: u64 = 64 << 20;
/// Largest lockfile that is stated, in bytes.
const LARGEST_LOCKFILE: u64 = 256 << 20;
/// What stands against a snapshot is named so often.
const MOST_PROBLEMS: usize = 20;

/// A snapshot could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not everything is here and verified.
    #[error(
        "nothing is stated, because it would not be true: {0}\nhint: `holdover preflight --deep` says what is missing, `--fetch` gets it"
    )]
    NotReady(String),
    /// A file.
    #[error("the snapshot cannot be {what}: {}: {source}\nhint: {hint}", path.display())]
    Io {
        /// `read` or `written`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// The next step.
        hint: &'static str,
    },
    /// It is not what it should be.
    #[error("this snapshot is not believed: {}: {error}", path.display())]
    Envelope {
        /// The file.
        path: PathBuf,
        /// Why.
        error: EnvelopeError,
    },
}

impl Engine {
    /// Verifies everything that the workspace needs, and states it, signed by this device, in a file. `file`: where; an existing one
    /// is replaced where `replace` says so.
    pub fn make_snapshot(
        &self,
        root: &Path,
        file: &Path,
        replace: bool,
        cancel: &Cancel,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Snapshot, EngineError> {
        let io = |source| SnapshotError::Io {
            what: "written",
            path: file.to_owned(),
            source,
            hint: "name another file with --to, or replace it with --force",
        };
        if !replace && file.symlink_metadata().is_ok() {
            return Err(io(std::io::ErrorKind::AlreadyExists.into()).into());
        }
        let survey = self.survey(root, true, cancel, progress)?;
        let workspace = self.inner.workspace(root).ok_or_else(|| EngineError::NotOpen { root: root.to_path_buf() })?;
        let readiness = workspace.readiness();
        let is_ready =
            matches!(readiness.state, ReadinessState::Ready | ReadinessState::Proven | ReadinessState::StaleProof);
        if !is_ready || readiness.ecosystems.is_empty() {
            return Err(SnapshotError::NotReady(readiness.text).into());
        }
        let journal = self.journal()?;
        let mut subjects = Vec::new();
        for lockfile in lockfiles(&survey) {
            let path = root.join(&lockfile);
            let contents = host::read_small(&path, LARGEST_LOCKFILE).map_err(|source| SnapshotError::Io {
                what: "made",
                path,
                source,
                hint: "make the lockfile readable",
            })?;
            subjects.push(Subject::of(&lockfile, &contents));
        }
        let needed = survey.artifacts.iter().filter(|artifact| !artifact.other_target);
        let ids: Vec<&str> = needed.map(|artifact| artifact.id.as_str()).collect();
        let tools =
            if workspace.trust().allows() { crate::prove::tools(&workspace, &survey, cancel) } else { Vec::new() };
        let proof = readiness.proof.as_ref().filter(|proof| proof.changed.is_empty());
        let predicate = json!({
            "verifiedAt": host::now(),
            "by": journal.person()?.name,
            "holdover": env!("CARGO_PKG_VERSION"),
            "commit": crate::prove::commit(root),
            "target": readiness.target,
            "state": readiness.state,
            "artifacts": ids,
            "checksums": checksums(&survey),
            "tools": tools,
            "proof": proof.map(|proof| json!({
                "at": proof.at, "inputs": proof.inputs, "state": proof.state, "strength": proof.strength, "text": proof.text,
            })),
        });
        let envelope = journal.sign_statement(KIND, &subjects, &predicate)?;
        host::write_private(file, &envelope).map_err(io)?;
        let stated = journal::stated(&envelope, KIND)
            .map_err(|error| SnapshotError::Envelope { path: file.to_owned(), error })?;
        let snapshot = Snapshot { file: Some(file.to_owned()), ..with_device(told(&stated, &envelope), &journal)? };
        let told = Snapshot { file: None, ..snapshot.clone() };
        crate::record::found(&self.inner, root, "snapshot.made", serde_json::to_value(&told).unwrap_or_default());
        if crate::record::enabled(&self.inner, root) {
            journal.remember_put_many(vec![(key(&journal, root)?, serde_json::to_vec(&told).unwrap_or_default())]);
        }
        workspace.set_snapshot(Some(told));
        Ok(snapshot)
    }

    /// What a snapshot says, and who signed it. Its signature holds; nothing else was looked at.
    pub fn read_snapshot(&self, file: &Path) -> Result<Snapshot, EngineError> {
        self.read_stated(file).map(|(_, snapshot)| snapshot)
    }

    fn read_stated(&self, file: &Path) -> Result<(Stated, Snapshot), EngineError> {
        let io = |source| SnapshotError::Io {
            what: "read",
            path: file.to_owned(),
            source,
            hint: "name a file that `holdover snapshot create` wrote",
        };
        let envelope = host::read_small(file, LARGEST).map_err(io)?;
        let stated = journal::stated(&envelope, KIND)
            .map_err(|error| SnapshotError::Envelope { path: file.to_owned(), error })?;
        let snapshot = with_device(told(&stated, &envelope), &self.journal()?)?;
        Ok((stated, Snapshot { file: Some(file.to_owned()), ..snapshot }))
    }

    /// Holds a snapshot against what is here: its signature, the device, the lockfiles, every artifact and every checksum.
    pub fn verify_snapshot(
        &self,
        root: &Path,
        file: &Path,
        cancel: &Cancel,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Snapshot, EngineError> {
        let (stated, mut snapshot) = self.read_stated(file)?;
        let survey = self.survey(root, true, cancel, progress)?;
        let mut problems = Vec::new();
        problems.extend(device_problem(&snapshot.device, snapshot.device_state.unwrap_or(DeviceState::Unknown)));
        problems.extend(lockfile_problems(root, &survey, &stated));
        if survey.readiness.target != snapshot.target {
            problems
                .push(format!("it is of another target: {}, and this is {}", snapshot.target, survey.readiness.target));
        }
        problems.extend(
            survey.absent().map(|artifact| format!("{} {}: {}", artifact.name, artifact.version, artifact.evidence)),
        );
        let now: BTreeSet<String> = survey
            .artifacts
            .iter()
            .filter(|artifact| !artifact.other_target)
            .map(|artifact| artifact.id.clone())
            .collect();
        let then = texts(&stated.predicate, "artifacts");
        problems
            .extend(then.iter().filter(|id| !now.contains(*id)).map(|id| format!("no lockfile names {id} any more")));
        problems.extend(now.iter().filter(|id| !then.contains(*id)).map(|id| format!("it says nothing of {id}")));
        let sums: BTreeSet<String> = checksums(&survey).into_iter().collect();
        let lacking = texts(&stated.predicate, "checksums").iter().filter(|sum| !sums.contains(*sum)).count();
        if lacking > 0 {
            let (counted, are) =
                (crate::words::counted(lacking as u64, "checksum"), if lacking == 1 { "is" } else { "are" });
            problems.push(format!("{counted} that it states {are} of no file here"));
        }
        if problems.len() > MOST_PROBLEMS {
            let more = problems.len() - MOST_PROBLEMS;
            problems.truncate(MOST_PROBLEMS);
            problems.push(format!("and {more} more"));
        }
        let commit = crate::prove::commit(root);
        if snapshot.commit.is_some() && commit != snapshot.commit {
            snapshot.remarks.push("the workspace is at another commit; its lockfiles are what counts".into());
        }
        snapshot.holds = Some(problems.is_empty());
        snapshot.problems = problems;
        snapshot.text = words(&snapshot);
        let payload = json!({ "snapshot": snapshot.id, "device": snapshot.device, "holds": snapshot.holds, "problems": snapshot.problems });
        crate::record::work(&self.inner, root, "snapshot.checked", payload);
        Ok(snapshot)
    }
}

fn lockfiles(survey: &Survey) -> Vec<String> {
    survey.readiness.ecosystems.iter().map(|one| one.lockfile.display().to_string()).collect()
}

/// Each as `sha512:…`, once, in order: no path of this machine.
fn checksums(survey: &Survey) -> Vec<String> {
    let all: BTreeSet<String> =
        survey.checksums().into_iter().map(|(_, _, kind, sum)| format!("{kind}:{sum}")).collect();
    all.into_iter().collect()
}

fn texts(predicate: &Value, name: &str) -> BTreeSet<String> {
    let all = predicate.get(name).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

fn told(stated: &Stated, envelope: &[u8]) -> Snapshot {
    let predicate = &stated.predicate;
    let text = |name: &str| predicate.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sha256 =
        |subject: &Subject| subject.digests.iter().find(|(kind, _)| kind == "sha256").map(|(_, sum)| sum.clone());
    let of = |name: &str| predicate.get(name).cloned().unwrap_or_default();
    Snapshot {
        id: host::fingerprint(envelope),
        at: text("verifiedAt"),
        by: text("by"),
        device: stated.signer.clone(),
        commit: predicate.get("commit").and_then(Value::as_str).map(str::to_owned),
        target: text("target"),
        state: serde_json::from_value(of("state")).unwrap_or_default(),
        lockfiles: stated
            .subjects
            .iter()
            .map(|one| ProofInput { name: one.name.clone(), is: sha256(one).unwrap_or_default() })
            .collect(),
        artifacts: texts(predicate, "artifacts").len() as u64,
        checksums: texts(predicate, "checksums").len() as u64,
        tools: serde_json::from_value(of("tools")).unwrap_or_default(),
        proof: predicate.pointer("/proof/text").and_then(Value::as_str).map(str::to_owned),
        ..Snapshot::default()
    }
}

fn with_device(mut snapshot: Snapshot, journal: &Journal) -> Result<Snapshot, EngineError> {
    let (name, state) = device_of(journal, &snapshot.device)?;
    (snapshot.device_name, snapshot.device_state) = (name, Some(state));
    snapshot.text = words(&snapshot);
    Ok(snapshot)
}

/// What the journal calls a device, and where it stands with it.
pub(crate) fn device_of(journal: &Journal, id: &str) -> Result<(String, DeviceState), EngineError> {
    let known = journal.devices(NO_PROJECT)?.devices.into_iter().find(|device| device.id == id);
    let name =
        known.as_ref().map_or_else(|| "a device that is not known here".to_owned(), |device| device.name.clone());
    // A journal that nobody shares yet has itself for its only member.
    let state = known.map_or(DeviceState::Unknown, |device| {
        if device.own && device.state == DeviceState::Unknown { DeviceState::Member } else { device.state }
    });
    Ok((name, state))
}

/// Why what a device signed is not believed.
pub(crate) fn device_problem(id: &str, state: DeviceState) -> Option<String> {
    let why = match state {
        DeviceState::Member => return None,
        DeviceState::Revoked => "was taken out",
        DeviceState::Expired => "is no member any more: its time has passed",
        DeviceState::Asking => "asked to be let in, and nobody has answered",
        DeviceState::Unknown => "is not known here",
    };
    Some(format!("the device that signed it, {id}, {why}"))
}

fn lockfile_problems(root: &Path, survey: &Survey, stated: &Stated) -> Vec<String> {
    let here = lockfiles(survey);
    let mut problems = Vec::new();
    for subject in &stated.subjects {
        if !here.contains(&subject.name) {
            problems.push(format!("there is no {}", subject.name));
            continue;
        }
        let contents = host::read_small(&root.join(&subject.name), LARGEST_LOCKFILE).unwrap_or_default();
        let now = Subject::of(&subject.name, &contents);
        let is_same = !subject.digests.is_empty()
            && subject.digests.iter().all(|(kind, sum)| now.digests.iter().any(|(own, is)| own != kind || is == sum));
        let sha256 = |one: &Subject| one.digests.iter().find(|(kind, _)| kind == "sha256").map(|(_, sum)| sum.clone());
        if !is_same || sha256(subject) != sha256(&now) {
            problems.push(format!("{} is another one than it states", subject.name));
        }
    }
    let named = |name: &&String| !stated.subjects.iter().any(|subject| subject.name == **name);
    problems.extend(here.iter().filter(named).map(|name| format!("it says nothing of {name}")));
    problems
}

fn words(snapshot: &Snapshot) -> String {
    let what = format!(
        "{} of {}, {} compared",
        crate::words::counted(snapshot.artifacts, "artifact"),
        crate::words::counted(snapshot.lockfiles.len() as u64, "lockfile"),
        crate::words::counted(snapshot.checksums, "checksum"),
    );
    let by = crate::notes::shown_plain(&snapshot.by);
    let device = crate::notes::shown_plain(&snapshot.device_name);
    let signed = format!("{what}, stated by {by} on {device}, {}", host::local_time(&snapshot.at));
    match (snapshot.holds, snapshot.problems.first()) {
        (Some(true), _) => format!("it holds: {signed}"),
        (_, Some(problem)) => format!("not believed: {problem}; {signed}"),
        _ => signed,
    }
}

fn key(journal: &Journal, root: &Path) -> Result<String, journal::JournalError> {
    journal.workspace_id(root).map(|id| format!("snapshot:{id}"))
}

/// The last one that was made here, held against the lockfiles that are here.
pub(crate) fn refresh(inner: &Inner, workspace: &Workspace, survey: &Survey) {
    let remembered =
        inner.journal_if_old().and_then(|journal| journal.remember_get(&key(&journal, &workspace.root).ok()?).ok()?);
    let found: Option<Snapshot> = remembered.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(mut snapshot) = found.into_iter().chain(workspace.snapshot()).max_by(|one, other| one.at.cmp(&other.at))
    else {
        return;
    };
    snapshot.problems.clear();
    let here = lockfiles(survey);
    for stated in &snapshot.lockfiles {
        let contents = host::read_small(&workspace.root.join(&stated.name), LARGEST_LOCKFILE).unwrap_or_default();
        let now = Subject::of(&stated.name, &contents);
        if !here.contains(&stated.name) || !now.digests.iter().any(|(_, sum)| *sum == stated.is) {
            snapshot.problems.push(format!("{} is another one than it states", stated.name));
        }
    }
    snapshot.text = words(&snapshot);
    workspace.set_snapshot(Some(snapshot));
}
