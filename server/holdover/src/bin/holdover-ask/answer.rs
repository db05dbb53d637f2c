//! Whether an answer is what was asked for, or somebody else's page. May not look at anything but its bytes.

use contract::Expects;

/// Whether it is what was expected. A login page in its place is HTML, whatever its header says.
pub(crate) fn fits(kind: &str, body: &[u8], expects: Expects) -> bool {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    let page = kind.to_ascii_lowercase().contains("html");
    match expects {
        Expects::Object => !page && body.first() == Some(&b'{'),
        Expects::Description => !page && body.first() == Some(&b'<') && holds(body, "<project"),
        Expects::Listing if body.first() == Some(&b'{') => !page && holds(body, "\"files\""),
        // A page of links is one by what it links to; one without a file says which interface it is.
        Expects::Listing => {
            [".whl", ".tar.gz", ".zip", "pypi:repository-version"].into_iter().any(|mark| holds(body, mark))
        }
    }
}

pub(crate) fn holds(body: &[u8], text: &str) -> bool {
    memchr::memmem::find(body, text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_page_passes_for_nothing() {
        let page = b"<!DOCTYPE html><html><a href=/login>Welcome aboard</a></html>";
        for kind in ["text/html", "application/json", ""] {
            assert!(!fits(kind, page, Expects::Object), "{kind}");
            assert!(!fits(kind, page, Expects::Listing), "{kind}");
        }
        assert!(!fits("text/html; charset=utf-8", b"{\"portal\": true}", Expects::Object));
        assert!(!fits("application/json", b"{\"portal\": true}", Expects::Listing));
        assert!(!fits("application/json", b"", Expects::Object));
        assert!(!fits("text/xml", page, Expects::Description));
        assert!(!fits("text/html", b"<html><project></project></html>", Expects::Description));
        assert!(!fits("text/xml", b"no <project", Expects::Description));
    }

    #[test]
    fn what_registries_answer_fits() {
        assert!(fits("text/plain", b"\xEF\xBB\xBF\n {\"dl\":\"x\"}", Expects::Object));
        assert!(fits("application/vnd.pypi.simple.v1+json", b"{\"files\": []}", Expects::Listing));
        assert!(fits("text/html", b"<a href=\"a-1.0-py3-none-any.whl#sha256=0\">a</a>", Expects::Listing));
        for kind in ["text/xml", "application/octet-stream", ""] {
            assert!(fits(kind, b"<?xml version=\"1.0\"?>\n<project xmlns=\"x\">", Expects::Description), "{kind}");
        }
        assert!(fits("text/html", b"<meta name=\"pypi:repository-version\" content=\"1.0\">", Expects::Listing));
    }
}
