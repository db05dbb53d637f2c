//! Which back end answers: an endpoint that the settings name, else a local model. Where one may not be used, why; nothing is connected to here.

use crate::inner::Inner;
use crate::workspace::Workspace;
use explain::backend::{Backend, Failure, Place};
use explain::endpoint::Endpoint;
use std::path::Path;

/// The back end for a workspace; `None` where none is set up.
pub(super) fn wanted(inner: &Inner, workspace: &Workspace) -> Option<Result<Box<dyn Backend>, Failure>> {
    let settings = workspace.loaded().settings.explain.clone();
    let address = settings.endpoint.filter(|address| !address.trim().is_empty())?;
    let model = settings.endpoint_model.unwrap_or_else(|| "default".to_owned());
    let endpoint = match Endpoint::new(&address, &model, settings.key_variable) {
        Ok(endpoint) => endpoint,
        Err(problem) => return Some(Err(problem)),
    };
    let cloud = settings.cloud.unwrap_or_default();
    Some(match endpoint.place() {
        Place::ThisMachine => Ok(Box::new(endpoint)),
        Place::Cloud(named) if !is_let(&cloud, &workspace.root) => Err(Failure {
            what: format!(
                "no model was asked: {named} is outside your network, and this workspace's text may not be sent there"
            ),
            next: "add the workspace's folder to `explain.cloud` in your own settings, or use a model on this machine"
                .to_owned(),
        }),
        Place::Network(_) | Place::Cloud(_) => match inner.gate.permit() {
            Ok(permit) => Ok(Box::new(endpoint.with(Some(permit)))),
            Err(refused) => {
                let text = refused.to_string();
                let (what, next) = text.split_once("\nhint: ").unwrap_or((&text, ""));
                Err(Failure { what: format!("no model was asked: {what}"), next: next.to_owned() })
            }
        },
    })
}

/// Whether a workspace is one of the folders, or in one.
fn is_let(cloud: &[std::path::PathBuf], root: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let root = real(root);
    cloud.iter().any(|folder| folder.is_absolute() && root == real(folder))
}

/// A place in words.
pub(super) fn words(place: &Place) -> String {
    match place {
        Place::ThisMachine => "this machine".to_owned(),
        Place::Network(named) => format!("{named} in your network"),
        Place::Cloud(named) => format!("{named}, outside your network"),
    }
}
