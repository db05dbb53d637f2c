//! Pinning a requirement to the version that is locked: which are offered, and the edit of one in the text as it is now.
//! May not change a file.

use crate::Engine;
use contract::{Action, Edit, Range};
use inventory::Pin;
use serde_json::{Value, json};
use std::path::Path;

/// The action's name.
pub const PIN: &str = "inventory.pin";
/// Offered at a time.
const MOST: usize = 20;

impl Engine {
    /// The requirements on the lines of `range` of an open manifest that can be pinned.
    #[must_use]
    pub fn pin_actions(&self, file: &Path, text: &str, range: Range) -> Vec<Action> {
        let on_line = |pin: &Pin| pin.range.start.line <= range.end.line && range.start.line <= pin.range.end.line;
        let pins = self.pins(file, text).into_iter().filter(on_line).take(MOST);
        let action = |pin: Pin| Action {
            title: format!("Pin {} to {}, which is locked", pin.dependency, pin.version),
            action: PIN.to_owned(),
            answers: Vec::new(),
            range: pin.range,
            data: json!({
                "dependency": pin.dependency,
                "version": pin.version,
                "fingerprint": host::fingerprint(text.get(pin.span.clone()).unwrap_or_default().as_bytes()),
                "byte": pin.range.start.byte,
            }),
        };
        pins.map(action).collect()
    }

    /// The edit of such an action in the text as it is now; `None` where what it was offered for is not there any more, or
    /// another version is locked by now.
    #[must_use]
    pub fn pin_edit(&self, file: &Path, text: &str, data: &Value) -> Option<Edit> {
        let said = |key: &str| data.get(key).and_then(Value::as_str);
        let same = |pin: &Pin| {
            let replaced = text.get(pin.span.clone()).unwrap_or_default();
            Some(pin.dependency.as_str()) == said("dependency")
                && Some(pin.version.as_str()) == said("version")
                && Some(host::fingerprint(replaced.as_bytes()).as_str()) == said("fingerprint")
        };
        let all: Vec<Pin> = self.pins(file, text).into_iter().filter(same).collect();
        // Of several that are the same, only the one at its place is meant.
        let byte = data.get("byte").and_then(Value::as_u64);
        let pin = match &all[..] {
            [one] => one,
            several => several.iter().find(|pin| Some(pin.range.start.byte) == byte)?,
        };
        Some(Edit {
            file: file.to_path_buf(),
            range: crate::documents::range_of(text, pin.span.clone()),
            fingerprint: host::fingerprint(text.get(pin.span.clone())?.as_bytes()),
            text: pin.text.clone(),
        })
    }

    fn pins(&self, file: &Path, text: &str) -> Vec<Pin> {
        let survey = self.inner.workspace_of(file).and_then(|workspace| workspace.survey());
        survey.map(|survey| inventory::pins(&survey, file, text)).unwrap_or_default()
    }
}
