//! Which back end answers: an endpoint that the settings name, else a local model. Where one may not be used, why; nothing is connected to here.

use crate::inner::Inner;
use crate::models;
use crate::workspace::Workspace;
use contract::ModelState;
use explain::backend::{Backend, Failure, Place};
use explain::endpoint::Endpoint;
use explain::service::Service;
use std::path::Path;
use std::sync::Arc;

/// The back end for a workspace; `None` where none is set up.
pub(crate) fn wanted(inner: &Arc<Inner>, workspace: &Workspace) -> Option<Result<Box<dyn Backend>, Failure>> {
    let settings = workspace.loaded().settings.explain.clone();
    let Some(address) = settings.endpoint.filter(|address| !address.trim().is_empty()) else {
        return local(inner);
    };
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

/// The model that is in use on this machine.
fn local(inner: &Arc<Inner>) -> Option<Result<Box<dyn Backend>, Failure>> {
    let (program, model) = match models::wanted(inner)? {
        Ok(both) => both,
        Err(refused) => return Some(Err(refused)),
    };
    let (engine, named) = (Arc::downgrade(inner), model.clone());
    let standing = move |state: ModelState, words: &str| {
        if let Some(inner) = engine.upgrade() {
            models::told(&inner, &named, state, words);
        }
    };
    Some(Ok(Box::new(Service::new(program, model, Box::new(standing)))))
}

/// Whether a workspace is one of the folders, or in one.
fn is_let(cloud: &[std::path::PathBuf], root: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let root = real(root);
    cloud.iter().any(|folder| folder.is_absolute() && root == real(folder))
}

/// A place in words.
pub(crate) fn words(place: &Place) -> String {
    match place {
        Place::ThisMachine => "this machine".to_owned(),
        Place::Network(named) => format!("{named} in your network"),
        Place::Cloud(named) => format!("{named}, outside your network"),
    }
}
