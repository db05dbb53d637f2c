//! The repositories of a Maven build, and the mirrors of its settings.

use super::{Place, SECRET, is, say};
use crate::server::Registry;

const PROJECT: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>org.app</groupId><artifactId>app</artifactId><version>1</version>{}<dependencies><dependency><groupId>org.left.pad</groupId><artifactId>left-pad</artifactId><version>1.3.0</version></dependency></dependencies></project>";

/// A description of everything below `/own`, a page that is none below `/portal`, nothing elsewhere.
fn repository() -> Registry {
    Registry::start(|path, to| match path.strip_prefix("/own/") {
        Some(below) => {
            let artifact = below.rsplit('/').nth(2).unwrap_or_default();
            let body = format!("<?xml version='1.0'?>\n<project><artifactId>{artifact}</artifactId></project>");
            say(to, "200 OK", "text/xml", &body);
        }
        None if path.starts_with("/portal/") => say(to, "200 OK", "text/xml", "<html>Welcome aboard</html>"),
        None if path.starts_with("/private/") => say(to, "401 Unauthorized", "text/plain", ""),
        None => say(to, "404 Not Found", "text/plain", ""),
    })
}

#[test]
fn repositories_of_maven_are_those_of_the_build_or_the_mirrors_that_stand_in_for_them() {
    let place = Place::bare();
    let registry = repository();
    let own = format!("http://127.0.0.1:{}", registry.port);
    let settings = |text: &str| {
        let file = place.home().join(".m2/settings.xml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, format!("<settings>{text}</settings>")).unwrap();
    };
    let mirror = |path: &str, more: &str| {
        format!(
            "<mirrors><mirror><id>near</id><mirrorOf>*</mirrorOf><url>http://user:{SECRET}@127.0.0.1:{}/{path}</url>{more}</mirror></mirrors>",
            registry.port
        )
    };
    place.write("pom.xml", &PROJECT.replace("{}", ""));
    // One mirror for everything: that it lacks something counts.
    settings(&mirror("own", ""));
    is(place.of("maven", &format!("{own}/own")), "reachable", "answers");
    settings(&mirror("none", ""));
    is(place.of("maven", &format!("{own}/none")), "incomplete", "it has nothing at");
    settings(&mirror("portal", ""));
    is(place.of("maven", &format!("{own}/portal")), "captive", "log in to the network");
    settings(&mirror("private", ""));
    is(place.of("maven", &format!("{own}/private")), "reachable", "which was not sent");
    let server = format!("<servers><server><id>near</id><password>{SECRET}</password></server></servers>");
    let plain = mirror("private", "").replace(&format!("user:{SECRET}@"), "");
    settings(&plain);
    is(place.of("maven", &format!("{own}/private")), "unauthorised", "maven has none");
    settings(&(plain + &server));
    is(place.of("maven", &format!("{own}/private")), "reachable", "which was not sent");
    settings(&(mirror("own", "") + "<proxies><proxy><host>127.0.0.1</host><port>9</port></proxy></proxies>"));
    is(place.of("maven", &format!("{own}/own")), "unknown", "a proxy of its own settings");
    let before = registry.heads().len();
    settings(&mirror("own", "<blocked>true</blocked>"));
    assert!(place.all().iter().all(|one| one["ecosystem"] != "maven"), "a blocked mirror is no way");
    assert_eq!(registry.heads().len(), before);

    // Of several that the build names each may lack what another has. The one that every build has leads nowhere here.
    let several = format!(
        "<repositories><repository><id>one</id><url>{own}/own</url></repository><repository><id>two</id><url>{own}/none</url></repository><repository><id>central</id><url>{own}/usual</url></repository></repositories><pluginRepositories><pluginRepository><id>central</id><url>{own}/usual</url></pluginRepository></pluginRepositories>"
    );
    place.write("pom.xml", &PROJECT.replace("{}", &several));
    settings("");
    for path in ["own", "none", "usual"] {
        is(place.of("maven", &format!("{own}/{path}")), "reachable", "answers");
    }
    place.keeps(&[&registry]);
    let wanted = "GET /own/org/left/pad/left-pad/1.3.0/left-pad-1.3.0.pom ";
    assert!(registry.heads().iter().any(|head| head.starts_with(wanted)), "{:?}", registry.heads());
    let heads = registry.heads();
    assert!(heads.iter().all(|head| !head.to_lowercase().contains("authorization")), "{heads:?}");
}
