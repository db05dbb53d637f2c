//! The judge of the inventory's answers about Maven: `mvn --offline -DskipTests package` with the installed Maven 3.8, both ways.
//! Maven does not compare what it once downloaded: where it passes on damage, the checksums that lie beside it decide.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::type_complexity,
    reason = "a test may stop and print"
)]

mod judge;
mod jvm;

use judge::{DAMAGES, Damage, Dice, Tally, damage, files, random_cases, write};
use jvm::{Case, Place, needs, pom};

fn list(all: &[String]) -> String {
    format!("<dependencies>{}</dependencies>", all.concat())
}

fn managed(all: &[String]) -> String {
    format!("<dependencyManagement>{}</dependencyManagement>", list(all))
}

/// Parents, imports, properties, scopes, exclusions, options, moves, and several versions of one thing.
fn artifacts() -> Vec<(&'static str, String)> {
    let pom = "<packaging>pom</packaging>";
    let child = "<parent><groupId>x.y</groupId><artifactId>parent</artifactId><version>1</version></parent>";
    vec![
        ("x.y:top:1", format!("{pom}<properties><leaf>1.2</leaf></properties>")),
        (
            "x.y:parent:1",
            format!(
                "<parent><groupId>x.y</groupId><artifactId>top</artifactId><version>1</version></parent>{pom}{}",
                managed(&[needs("x:leaf:${leaf}", ""), needs("x:bom:3", "<type>pom</type><scope>import</scope>")])
            ),
        ),
        ("x:bom:3", format!("{pom}{}", managed(&[needs("x:from-bom:7", ""), needs("x:leaf:9", "")]))),
        ("x.y:a:1", format!("{child}{}", list(&[needs("x:leaf", ""), needs("x:from-bom", ""), needs("x:b:2", "")]))),
        (
            "x:b:2",
            list(&[
                needs("x:leaf:1.1", ""),
                needs("x:tested:1", "<scope>test</scope>"),
                needs("x:given:1", "<scope>provided</scope>"),
                needs("x:maybe:1", "<optional>true</optional>"),
                needs("x:excluded:1", ""),
                needs("x:running:1", "<scope>runtime</scope>"),
            ]),
        ),
        ("x:leaf:1.1", list(&[needs("x:never:1", "")])),
        ("x:leaf:1.2", String::new()),
        ("x:leaf:9", String::new()),
        ("x:from-bom:7", String::new()),
        ("x:tested:1", String::new()),
        ("x:given:1", String::new()),
        ("x:maybe:1", String::new()),
        ("x:excluded:1", list(&[needs("x:below-excluded:1", "")])),
        ("x:below-excluded:1", String::new()),
        ("x:never:1", String::new()),
        ("x:running:1", list(&[needs("x:deep:1", "")])),
        ("x:deep:1", list(&[needs("x:deeper:1", "")])),
        ("x:deep:2", list(&[needs("x:deeper:1", ""), needs("x:b:2", "")])),
        ("x:deeper:1", String::new()),
        ("x:deeper:2", String::new()),
        (
            "x:old:1",
            "<distributionManagement><relocation><artifactId>new</artifactId></relocation></distributionManagement>"
                .into(),
        ),
        ("x:new:1", list(&[needs("x:leaf:1.1", "")])),
        ("x:for-tests:1", list(&[needs("x:below-tests:1", "")])),
        ("x:below-tests:1", String::new()),
        ("x:container:1", list(&[needs("x:in-container:1", "")])),
        ("x:in-container:1", String::new()),
    ]
}

fn project() -> Vec<(&'static str, String)> {
    let body = format!(
        "<properties><tests>for-tests</tests></properties>{}{}",
        managed(&[needs("x:deep:2", ""), needs("x:deeper:2", "")]),
        list(&[
            needs(
                "x.y:a:1",
                "<exclusions><exclusion><groupId>x</groupId><artifactId>excluded</artifactId></exclusion></exclusions>"
            ),
            needs("x:${tests}:1", "<scope>test</scope>"),
            needs("x:old:1", ""),
            needs("x:container:1", "<scope>provided</scope>"),
            needs("x:maybe:1", "<optional>true</optional>"),
        ])
    );
    vec![("pom.xml", pom("me:app:1", &body))]
}

fn plain() -> Place {
    let artifacts = artifacts();
    let artifacts: Vec<(&str, &str)> = artifacts.iter().map(|(one, body)| (*one, body.as_str())).collect();
    Place::new("plain", &artifacts, &project())
}

fn gone(case: &Case, coordinates: &str, extension: &str) {
    std::fs::remove_file(case.file(coordinates, extension)).unwrap();
}

/// Has a file be from a repository that nobody asks.
fn from_elsewhere(case: &Case, coordinates: &str) {
    let note = case.file(coordinates, "jar").with_file_name("_remote.repositories");
    let text = std::fs::read_to_string(&note).unwrap();
    write(&note, text.replace(">here=", ">elsewhere="));
}

#[test]
fn the_inventory_and_maven_agree_on_what_a_project_needs() {
    let place = plain();
    let mut tally = Tally::default();
    let cases: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("nothing damaged", &[], &|_| {}),
        ("a direct dependency gone", &["x.y:a"], &|case| gone(case, "x.y:a:1", "jar")),
        ("a transitive one gone", &["x:from-bom"], &|case| gone(case, "x:from-bom:7", "jar")),
        ("one for tests gone", &["x:below-tests"], &|case| gone(case, "x:below-tests:1", "jar")),
        ("what a container has gone", &["x:in-container"], &|case| gone(case, "x:in-container:1", "jar")),
        ("a parent gone", &["x.y:top", "x.y:a", "x:leaf", "x:never"], &|case| gone(case, "x.y:top:1", "pom")),
        ("an import gone", &["x:bom", "x.y:a", "x:leaf", "x:never"], &|case| gone(case, "x:bom:3", "pom")),
        ("a description gone", &["x:b"], &|case| gone(case, "x:b:2", "pom")),
        ("the description of what is passed over gone", &[], &|case| gone(case, "x:leaf:1.1", "pom")),
        ("where it has moved to gone", &["x:new"], &|case| gone(case, "x:new:1", "jar")),
        ("what it was before it moved gone", &["x:old"], &|case| gone(case, "x:old:1", "pom")),
        ("from a repository that nobody asks", &["x:deep"], &|case| from_elsewhere(case, "x:deep:2")),
        ("no note of where it came from", &[], &|case| {
            std::fs::remove_file(case.file("x:deep:2", "jar").with_file_name("_remote.repositories")).unwrap();
        }),
        ("a plugin gone", &["org.apache.maven.plugins:maven-jar-plugin"], &|case| {
            gone(case, "org.apache.maven.plugins:maven-jar-plugin:2.4", "jar");
        }),
        ("what a plugin runs with gone", &["org.plug:deep"], &|case| gone(case, "org.plug:deep:1", "jar")),
        ("what Maven adds to plugins gone", &["org.codehaus.plexus:plexus-utils"], &|case| {
            gone(case, "org.codehaus.plexus:plexus-utils:1.1", "jar");
        }),
        ("a new dependency", &["x:below-excluded"], &|case| {
            case.edit(
                "pom.xml",
                "<dependency><groupId>x</groupId><artifactId>old</artifactId>",
                &format!(
                    "{}<dependency><groupId>x</groupId><artifactId>old</artifactId>",
                    needs("x:below-excluded:1", "")
                ),
            );
        }),
        ("another version that is not here", &["x:leaf"], &|case| {
            case.edit("pom.xml", "<dependencies><dependency><groupId>x</groupId><artifactId>deep</artifactId><version>2", "<dependencies><dependency><groupId>x</groupId><artifactId>leaf</artifactId><version>9</version></dependency><dependency><groupId>x</groupId><artifactId>deep</artifactId><version>2");
        }),
        ("no exclusion", &["x:excluded", "x:below-excluded"], &|case| {
            case.edit("pom.xml", "<artifactId>excluded</artifactId>", "<artifactId>nothing</artifactId>");
        }),
        ("no version", &[], &|case| {
            case.edit("pom.xml", "<artifactId>old</artifactId><version>1</version>", "<artifactId>old</artifactId>");
        }),
        ("no XML", &[], &|case| case.edit("pom.xml", "</project>", "")),
        ("a conflict", &[], &|case| case.edit("pom.xml", "<properties>", "<<<<<<< ours\n<properties>")),
        ("an element that is none", &[], &|case| case.edit("pom.xml", "<properties>", "<nothing/><properties>")),
        ("a parent that is not here", &["no:such"], &|case| {
            case.edit(
                "pom.xml",
                "<properties>",
                "<parent><groupId>no</groupId><artifactId>such</artifactId><version>1</version></parent><properties>",
            );
        }),
    ];
    for (name, damaged, change) in cases {
        if tally.leaves_out() {
            continue;
        }
        let mut case = place.case();
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        case.judge(&mut tally, name);
    }
    tally.finish("Maven, what a project needs", 24);
}

#[test]
fn the_inventory_and_maven_agree_on_random_damage() {
    let place = plain();
    let mut tally = Tally::default();
    let mut dice = Dice::new(2211);
    for at in 0..random_cases(2) {
        let mut case = place.case();
        let ends = ["jar", "pom", "_remote.repositories"];
        let all: Vec<_> = files(&case.repository)
            .into_iter()
            .filter(|path| ends.iter().any(|end| path.to_str().unwrap().ends_with(end)))
            .collect();
        let path = dice.pick(&all).clone();
        let what = *dice.pick(&DAMAGES);
        let before = path.with_extension("jar").is_file();
        let changed = damage(&path, what, dice.roll(400));
        let below: Vec<&str> = path.strip_prefix(&case.repository).unwrap().to_str().unwrap().split('/').collect();
        let name = format!("{}:{}", below[..below.len() - 3].join("."), below[below.len() - 3]);
        let note = path.ends_with("_remote.repositories");
        // What is passed over has no archive here, and what is added to plugins is not described.
        let counts = before || name.starts_with("x.y:") || ["x:bom", "x:old"].contains(&name.as_str());
        if changed && !note && counts {
            case.damaged.push(name.clone());
            if what != Damage::Gone {
                case.unnoticed.push(name.clone());
            }
        }
        // A note that is damaged may name another repository, or none, which is as good as no note.
        case.compares = !changed || note;
        case.judge(&mut tally, &format!("{at}: {name} {} {what:?}", below[below.len() - 1]));
    }
    println!("Maven, random damage: {} cases, {} differences", tally.cases, tally.differences.len());
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
}
