//! The registries of a `yarn.lock`: Yarn 1 takes npm's settings, its own, and the addresses in the lockfile; Yarn 2 and newer
//! only their own. May not ask, and keeps no token.

use super::{LARGEST_LOCKFILE, berry, classic, is_berry};
use crate::ecosystem::Ask;
use crate::npm::config;
use crate::protocols::{self, Way};
use crate::registries::Registry;
use crate::yaml::{self, Value};
use contract::Artifact;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Larger programs and settings are not read, in bytes.
const LARGEST: u64 = 16 << 20;

pub(super) fn registries(lockfile: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let Ok(text) = ask.look.text(lockfile, LARGEST_LOCKFILE) else { return Vec::new() };
    let folder = lockfile.parent().unwrap_or(lockfile);
    if is_berry(&text) { of_berry(&text, folder, missing, ask) } else { of_classic(&text, folder, missing, ask) }
}

fn of_classic(text: &str, folder: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let config = config::read(folder, ask);
    let named = classic::settings::registries(folder, ask);
    // By name: where the lockfile says that it came from.
    let came: HashMap<String, String> = classic::addresses(text)
        .into_iter()
        .filter_map(|(name, address)| Some((name.clone(), address.split_once(&format!("/{name}/-/"))?.0.to_owned())))
        .collect();
    let way = |name: &str| {
        let own = came.get(name)?;
        let scoped = || Some(named.get(&format!("{}:registry", name.split_once('/')?.0))?.as_str());
        let said = config.scoped(name).or_else(|| config.usual()).or_else(scoped);
        let url = said.or_else(|| named.get("registry").map(String::as_str)).unwrap_or(own);
        Some(Way {
            url: url.to_owned(),
            unasked: config.proxy.then(|| "yarn reaches it through a proxy of its own settings".into()),
            credentials: config.has_credentials(url.trim_end_matches('/')),
            certificates: config.certificates.clone(),
            may_lack: false,
        })
    };
    let mut names: Vec<&str> = came.keys().map(String::as_str).collect();
    names.sort_unstable();
    protocols::npm("yarn", names.into_iter(), missing, &way)
}

fn of_berry(text: &str, folder: &Path, missing: &[&Artifact], ask: &Ask<'_>) -> Vec<Registry> {
    let settings = Berry::read(folder, ask);
    let names = berry::of_registries(text);
    let known: std::collections::HashSet<&str> = names.iter().map(String::as_str).collect();
    let missing: Vec<&Artifact> = missing.iter().copied().filter(|one| known.contains(one.name.as_str())).collect();
    protocols::npm("yarn", names.iter().map(String::as_str), &missing, &|name| settings.way(name, ask))
}

/// What the settings of Yarn 2 and newer say of registries, without secrets.
pub(super) struct Berry {
    pub registry: Option<String>,
    /// By scope, without the `@`.
    pub scopes: BTreeMap<String, String>,
    /// Scopes, addresses, and the empty text for all others, for which there is a credential.
    credentials: Vec<String>,
    proxy: bool,
    certificates: Option<PathBuf>,
    program: Option<PathBuf>,
}

impl Berry {
    pub(super) fn read(folder: &Path, ask: &Ask<'_>) -> Self {
        let homes = &ask.options.homes;
        let given = |name: &str| homes.variable(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let mut read = Berry {
            registry: given("YARN_NPM_REGISTRY_SERVER"),
            scopes: BTreeMap::new(),
            credentials: Vec::new(),
            proxy: given("YARN_HTTPS_PROXY").is_some() || given("YARN_HTTP_PROXY").is_some(),
            certificates: given("YARN_HTTPS_CA_FILE_PATH").map(PathBuf::from),
            program: given("YARN_YARN_PATH").map(PathBuf::from),
        };
        if given("YARN_NPM_AUTH_TOKEN").or_else(|| given("YARN_NPM_AUTH_IDENT")).is_some() {
            read.credentials.push(String::new());
        }
        // The nearest wins.
        for base in folder.ancestors().chain(std::iter::once(homes.home.as_path())) {
            let Ok(text) = ask.look.text(&base.join(".yarnrc.yml"), LARGEST) else { continue };
            let documents = yaml::read(&text).unwrap_or_default();
            let Some(table) = documents.first() else { continue };
            read.file(table, base);
        }
        read
    }

    fn file(&mut self, table: &Value, base: &Path) {
        let secret = |table: &Value| table.get("npmAuthToken").or_else(|| table.get("npmAuthIdent")).is_some();
        // What a variable holds may be a secret.
        let word =
            |key: &str| table.get(key).and_then(Value::word).filter(|word| !word.contains("${")).map(str::to_owned);
        self.registry = self.registry.take().or_else(|| word("npmRegistryServer"));
        self.program = self.program.take().or_else(|| word("yarnPath").map(|path| base.join(path)));
        let certificates = || word("httpsCaFilePath").or_else(|| word("caFilePath")).map(|path| base.join(path));
        self.certificates = self.certificates.take().or_else(certificates);
        self.proxy |= table.get("httpsProxy").or_else(|| table.get("httpProxy")).is_some();
        if secret(table) {
            self.credentials.push(String::new());
        }
        for entry in table.get("npmScopes").map(Value::entries).unwrap_or_default() {
            let scope = entry.key.trim_start_matches('@').to_owned();
            if secret(&entry.value) {
                self.credentials.push(scope.clone());
            }
            if let Some(url) =
                entry.value.get("npmRegistryServer").and_then(Value::word).filter(|url| !url.contains("${"))
            {
                self.scopes.entry(scope).or_insert_with(|| url.to_owned());
            }
        }
        for entry in
            table.get("npmRegistries").map(Value::entries).unwrap_or_default().iter().filter(|e| secret(&e.value))
        {
            let plain = entry.key.split_once("//").map_or(entry.key.as_str(), |(_, rest)| rest);
            self.credentials.push(plain.trim_end_matches('/').to_owned());
        }
    }

    fn way(&self, name: &str, ask: &Ask<'_>) -> Option<Way> {
        let scope = name.strip_prefix('@').and_then(|name| Some(name.split_once('/')?.0));
        let own = scope.and_then(|scope| self.scopes.get(scope)).or(self.registry.as_ref()).cloned();
        let url = own.or_else(|| self.usual(ask))?;
        let plain = url.split_once("//").map_or(url.as_str(), |(_, rest)| rest).trim_end_matches('/');
        let known = |one: &str| self.credentials.iter().any(|known| known == one);
        let credentials = known("") || known(plain) || scope.is_some_and(known);
        Some(Way {
            unasked: self.proxy.then(|| "yarn reaches it through a proxy of its own settings".into()),
            credentials,
            certificates: self.certificates.clone(),
            may_lack: false,
            url,
        })
    }

    /// What the installed Yarn has where nothing is configured, as its own table of settings says.
    fn usual(&self, ask: &Ask<'_>) -> Option<String> {
        let program = self.program.clone().or_else(|| ask.options.homes.program("yarn", ask.look))?;
        let text = ask.look.text(&program, LARGEST).ok()?;
        let (_, behind) = text.split_once("npmRegistryServer:{")?;
        let behind: String = behind.chars().take(400).collect();
        let (_, value) = behind.split_once("default:\"")?;
        let (value, _) = value.split_once('"')?;
        (value.starts_with("https://") && value.len() < 200).then(|| value.to_owned())
    }
}
