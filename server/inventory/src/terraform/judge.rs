//! The judgement of one lockfile of Terraform or OpenTofu: each provider, in the working folder and in folders that mirror registries.
//! May not call an answer ready: no run of Terraform in the tests stands behind it.

use super::lock::{self, Asked, Locked, Mirror};
use super::package::{self, Sums};
use super::{LARGEST, TERRAFORM, host};
use crate::ecosystem::{Ask, Judged, Line, Repair, Verdict};
use crate::look::{Seen, Unread};
use crate::text::Places;
use contract::{Artifact, ArtifactState, Cache, Range};
use std::path::{Path, PathBuf};

/// What is said of every answer that would be ready otherwise.
const UNVERIFIED: &str = "unverified: no run of Terraform in Holdover's tests stands behind this answer";
/// More files of one configuration are not read.
const MOST: usize = 1_000;

/// Where providers are looked for.
struct Looked {
    work: PathBuf,
    mirrors: Vec<(PathBuf, Mirror)>,
    cache: Option<PathBuf>,
    /// Of packages: `linux_amd64`.
    platform: String,
    host: &'static str,
}

struct Found {
    state: ArtifactState,
    evidence: String,
    looked_in: Vec<PathBuf>,
    bytes: Option<u64>,
}

pub(super) fn judge(lockfile: &Path, ask: &Ask<'_>) -> Judged {
    let (mut judged, text) = Judged::begin(lockfile, LARGEST, ask.look);
    let Some(text) = text else { return judged };
    let (locked, broken) = lock::read(&text);
    let places = Places::new(&text);
    for broken in &broken {
        judged.broken(broken, &places);
        judged.verdict.worsen(Verdict::Refused(format!("the lockfile cannot be read: {}", broken.reason)));
    }
    let folder = lockfile.parent().unwrap_or(lockfile);
    let host = host(&locked);
    let (asked, files) = configuration(folder, &mut judged, ask);
    agree(&locked, &asked, host, &mut judged);
    let found_in = looked(folder, host, &mut judged, ask);
    let mut bytes = 0;
    for one in &locked {
        let found = provider(one, &found_in, ask);
        bytes += found.bytes.filter(|_| found.state == ArtifactState::Present).unwrap_or(0);
        tell(&mut judged, one, found, host, places.range(one.span.clone()));
    }
    lines(&mut judged, &locked, &files, host);
    judged.verdict.worsen(Verdict::Doubtful(UNVERIFIED.into()));
    judged.watch.extend([folder.to_path_buf(), found_in.work.clone()]);
    judged.watch.extend(found_in.mirrors.iter().map(|(path, _)| path.clone()));
    judged.caches.push(Cache {
        ecosystem: "terraform".into(),
        path: found_in.work,
        bytes: Some(bytes),
        quota: None,
        expires_at: None,
        stale: 0,
        replaced: 0,
        text: String::new(),
    });
    judged
}

/// What the configuration of a folder asks for, and the texts of its files.
fn configuration(folder: &Path, judged: &mut Judged, ask: &Ask<'_>) -> (Asked, Vec<(PathBuf, String)>) {
    let (mut asked, mut files) = (Asked::default(), Vec::new());
    ask.look.at(folder);
    let mut paths: Vec<PathBuf> =
        crate::reach::list(folder).into_iter().flatten().flatten().map(|entry| entry.path()).take(MOST * 10).collect();
    paths.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        [".tf", ".tofu", ".tf.json", ".tofu.json"].iter().any(|end| name.ends_with(end))
    });
    paths.sort();
    if paths.len() > MOST {
        judged.verdict.worsen(Verdict::Doubtful(format!("more than {MOST} files of the configuration are not read")));
    }
    for path in paths.into_iter().take(MOST) {
        if path.extension().is_some_and(|end| end == "json") {
            let why = format!("{} is not followed", path.display());
            judged.verdict.worsen(Verdict::Doubtful(why));
            continue;
        }
        match ask.look.text(&path, LARGEST) {
            Ok(text) => {
                if let Err(broken) = lock::asked(&text, &mut asked) {
                    let why = format!("{} cannot be read: {}", path.display(), broken.reason);
                    judged.verdict.worsen(Verdict::Doubtful(why));
                }
                files.push((path, text));
            }
            Err(why) => judged.verdict.worsen(Verdict::Doubtful(format!("{}: {why}", path.display()))),
        }
    }
    if asked.modules {
        judged.verdict.worsen(Verdict::Doubtful("what modules require is not followed".into()));
    }
    (asked, files)
}

/// Whether the lockfile has what the configuration asks for, and nothing else.
fn agree(locked: &[Locked], asked: &Asked, host: &str, judged: &mut Judged) {
    let mut wanted = Vec::new();
    for (local, (source, _)) in &asked.named {
        wanted.push(lock::address(source.as_deref().unwrap_or(local), host));
    }
    for local in asked.used.iter().filter(|local| !asked.named.contains_key(*local)) {
        wanted.push(lock::address(local, host));
    }
    let built_in =
        |address: &str| address == "terraform.io/builtin/terraform" || address.ends_with("/hashicorp/terraform");
    for address in wanted.iter().flatten().filter(|address| !built_in(address)) {
        if !locked.iter().any(|one| one.address == *address) {
            let why = format!("the configuration asks for {address}, which the lockfile does not hold");
            judged.verdict.worsen(Verdict::Refused(why));
        }
    }
    let all_known = wanted.iter().all(Option::is_some) && !asked.modules && !asked.named.is_empty();
    for one in locked.iter().filter(|_| all_known) {
        if !wanted.iter().flatten().any(|address| *address == one.address) {
            let why = format!("the lockfile holds {}, which the configuration does not ask for", one.address);
            judged.verdict.worsen(Verdict::Doubtful(why));
        }
    }
}

fn looked(folder: &Path, host: &'static str, judged: &mut Judged, ask: &Ask<'_>) -> Looked {
    let homes = &ask.options.homes;
    let variable = |name: &str| homes.variable(name).filter(|value| !value.is_empty());
    let settings = if let Some(path) = variable("TF_CLI_CONFIG_FILE").or_else(|| variable("TERRAFORM_CONFIG")) {
        folder.join(path)
    } else {
        let tofu = homes.home.join(".tofurc");
        let own = host != TERRAFORM && ask.look.at(&tofu) != Seen::Absent;
        if own { tofu } else { homes.home.join(".terraformrc") }
    };
    let mut doubt = |why: String| judged.verdict.worsen(Verdict::Doubtful(why));
    let read = match ask.look.text(&settings, LARGEST) {
        Ok(text) => lock::settings(&text).map_err(|broken| broken.reason),
        Err(Unread::Absent) => Ok(lock::Settings::default()),
        Err(why) => Err(why.to_string()),
    };
    let read = read.unwrap_or_else(|why| {
        doubt(format!("{} cannot be read: {why}", settings.display()));
        lock::Settings::default()
    });
    read.doubts.iter().for_each(|why| doubt(why.clone()));
    let expanded = |path: &str| match path.strip_prefix("~/") {
        Some(rest) => homes.home.join(rest),
        None => folder.join(path),
    };
    let implied = || {
        let data = variable("XDG_DATA_HOME").map_or_else(|| homes.home.join(".local/share"), PathBuf::from);
        let mut all = vec![folder.join("terraform.d/plugins"), homes.home.join(".terraform.d/plugins")];
        all.push(data.join("terraform/plugins"));
        let shared = variable("XDG_DATA_DIRS").unwrap_or("/usr/local/share:/usr/share");
        all.extend(std::env::split_paths(shared).map(|path| path.join("terraform/plugins")));
        all.into_iter().map(|path| (path, Mirror::default())).collect()
    };
    let mirrors = match read.mirrors {
        Some(named) => named.into_iter().map(|one| (expanded(&one.path), one)).collect(),
        None => implied(),
    };
    let cache = variable("TF_PLUGIN_CACHE_DIR").map(str::to_owned).or(read.cache);
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    Looked {
        work: folder.join(variable("TF_DATA_DIR").unwrap_or(".terraform")).join("providers"),
        mirrors,
        cache: cache.map(|path| expanded(&path)),
        platform: format!("{os}_{}", super::architecture()),
        host,
    }
}

/// What a package comes to against the lockfile.
enum Against {
    Same(u64),
    Other(String),
    Unknown(String),
}

fn against(one: &Locked, sums: Sums) -> Against {
    match sums {
        Sums::Broken(why) => Against::Other(why),
        Sums::Unknown(why) => Against::Unknown(why),
        Sums::Known { h1, zh, bytes } => {
            let has = |hash: String| one.hashes.contains(&hash);
            let of_files = |sum: [u8; 32]| {
                use base64::Engine as _;
                format!("h1:{}", base64::engine::general_purpose::STANDARD.encode(sum))
            };
            if h1.is_some_and(|sum| has(of_files(sum))) || zh.is_some_and(|sum| has(format!("zh:{}", hex::encode(sum))))
            {
                return Against::Same(bytes);
            }
            if h1.is_none() {
                return Against::Unknown("it is larger unpacked than is compared".into());
            }
            Against::Other("it has none of the checksums that the lockfile has".into())
        }
    }
}

fn provider(one: &Locked, places: &Looked, ask: &Ask<'_>) -> Found {
    let not = |state, evidence: String| Found { state, evidence, looked_in: Vec::new(), bytes: None };
    if !lock::is_address(&one.address) || !lock::is_version(&one.version) {
        return not(ArtifactState::Unknown, "its address or its version is none".into());
    }
    let below = |root: &Path| root.join(&one.address).join(&one.version).join(&places.platform);
    let work = below(&places.work);
    let mut looked_in = vec![work.clone()];
    let of_work = matches!(ask.look.at(&work), Seen::Folder(_)).then(|| against(one, package::of_folder(&work, ask)));
    let mut of_mirror = None;
    for (root, _) in places.mirrors.iter().filter(|(_, mirror)| mirror.serves(&one.address, places.host)) {
        let name = one.address.rsplit('/').next().unwrap_or_default();
        let packed = format!("terraform-provider-{name}_{}_{}.zip", one.version, places.platform);
        let (archive, folder) = (root.join(&one.address).join(packed), below(root));
        let found = match (ask.look.at(&archive), ask.look.at(&folder)) {
            (Seen::File(identity), _) => {
                looked_in.push(archive.clone());
                package::of_archive(&archive, identity.size, ask)
            }
            (_, Seen::Folder(_)) => {
                looked_in.push(folder.clone());
                package::of_folder(&folder, ask)
            }
            (Seen::Absent, Seen::Absent) => continue,
            (archive, folder) => {
                let why = archive.doubt().or_else(|| folder.doubt()).unwrap_or_default();
                Sums::Unknown(format!("{}: {why}", root.display()))
            }
        };
        // The first that has it is taken.
        of_mirror = Some(against(one, found));
        break;
    }
    let mut found = match (of_work, of_mirror) {
        (_, Some(Against::Same(bytes))) => Found {
            bytes: Some(bytes),
            ..not(ArtifactState::Present, "a folder that mirrors its registry has it, as the lockfile says".into())
        },
        (Some(Against::Same(bytes)), _) => {
            let evidence = "it is in the working folder's own providers, as the lockfile says; `terraform init` would ask its registry all the same";
            Found { bytes: Some(bytes), ..not(ArtifactState::Present, evidence.into()) }
        }
        (Some(Against::Unknown(why)), _) | (_, Some(Against::Unknown(why))) => not(ArtifactState::Unknown, why),
        (_, Some(Against::Other(why))) => {
            not(ArtifactState::Corrupt, format!("in the folder that mirrors its registry: {why}"))
        }
        (Some(Against::Other(why)), None) => {
            not(ArtifactState::Corrupt, format!("in the working folder's own providers: {why}"))
        }
        (None, None) => {
            let cached =
                places.cache.as_ref().is_some_and(|cache| matches!(ask.look.at(&below(cache)), Seen::Folder(_)));
            let evidence = if cached {
                "only the plugin cache has it, and `terraform init` asks its registry before it looks there"
            } else {
                "neither the working folder nor a folder that mirrors its registry has it"
            };
            not(ArtifactState::Missing, evidence.into())
        }
    };
    found.looked_in = looked_in;
    found
}

fn tell(judged: &mut Judged, one: &Locked, found: Found, host: &str, range: Range) {
    let at = judged.artifacts.len() as u32;
    judged.contents.push(None);
    // What is damaged is replaced only where it is out of the way.
    let set_aside = found.looked_in.first().cloned().into_iter().collect();
    let tofu = (host == super::OPENTOFU).then(|| "tofu".to_owned());
    judged.repairs.push(Repair { spec: tofu, set_aside });
    judged.graph.labels.push(format!("{} {}", one.address, one.version));
    judged.graph.needs.push(Vec::new());
    judged.graph.artifact.push(Some(at));
    judged.artifacts.push(Artifact {
        id: super::id(one),
        ecosystem: "terraform".into(),
        name: super::shown(&one.address),
        version: one.version.clone(),
        state: found.state,
        evidence: found.evidence,
        looked_in: found.looked_in,
        verified: found.state == ArtifactState::Present,
        needed_by: Vec::new(),
        target: None,
        other_target: false,
        dev: false,
        optional: false,
        bytes: found.bytes,
        file: judged.lockfile.clone(),
        range,
        manifests: Vec::new(),
    });
}

/// The lines of the configuration that ask for providers.
fn lines(judged: &mut Judged, locked: &[Locked], files: &[(PathBuf, String)], host: &str) {
    for (path, text) in files {
        let mut own = Asked::default();
        // What cannot be read was told.
        let _ = lock::asked(text, &mut own);
        if own.named.is_empty() {
            continue;
        }
        let places = Places::new(text);
        for (local, (source, span)) in own.named {
            let address = lock::address(source.as_deref().unwrap_or(&local), host);
            let Some(at) = locked.iter().position(|one| Some(&one.address) == address.as_ref()) else { continue };
            let range = places.range(span);
            judged.graph.lines.push(Line { file: path.clone(), range, dependency: local, to: vec![at as u32] });
        }
        judged.manifests.push(path.clone());
    }
}
