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

use contract::{ArtifactState, ReadinessState};
use judge::{DAMAGES, Damage, Dice, Tally, damage, files, random_cases, survey, write};
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
    let all = std::env::var_os("HOLDOVER_JUDGE_CASES").is_some();
    for (at, (name, damaged, change)) in cases.iter().enumerate() {
        // Java takes its time to start: the usual run takes every third.
        if at % 3 != 0 && !all {
            continue;
        }
        let mut case = place.case();
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        case.judge(&mut tally, name);
    }
    tally.finish("Maven, what a project needs", 8);
}

/// Modules that need one another, a parent that is a module itself, an import from the build, profiles, plugins of the project's own.
fn modules() -> Place {
    let artifacts = artifacts();
    let artifacts: Vec<(&str, &str)> = artifacts.iter().map(|(one, body)| (*one, body.as_str())).collect();
    let plugin = |name: &str, more: &str| format!("<plugin><artifactId>{name}</artifactId>{more}</plugin>");
    let execution = |goal: &str, more: &str| {
        format!("<executions><execution>{more}<goals><goal>{goal}</goal></goals></execution></executions>")
    };
    let top = format!(
        "<packaging>pom</packaging><properties><own>1</own></properties><modules><module>parent</module><module>bom</module><module>a</module><module>deep/b</module></modules>\
         <build><pluginManagement><plugins>{}{}</plugins></pluginManagement></build>",
        plugin("maven-jar-plugin", "<version>9</version>"),
        plugin("maven-extra-plugin", "<version>1</version>"),
    );
    let inherits = |name: &str, path: &str| {
        format!("<parent><groupId>me</groupId><artifactId>{name}</artifactId><version>1</version>{path}</parent>")
    };
    let parent = format!(
        "{}<packaging>pom</packaging>{}<profiles><profile><id>usual</id><activation><activeByDefault>true</activeByDefault></activation>{}</profile>\
         <profile><id>new</id><activation><jdk>[11,)</jdk></activation>{}</profile></profiles>",
        inherits("top", ""),
        managed(&[needs("me:bom:1", "<type>pom</type><scope>import</scope>")]),
        list(&[needs("x:maybe:1", "")]),
        list(&[needs("x:deeper", "")]),
    );
    let bom = format!(
        "{}<packaging>pom</packaging>{}",
        inherits("top", ""),
        managed(&[needs("x:leaf:9", ""), needs("x:deeper:2", "")])
    );
    let a = format!(
        "{}{}<build><plugins>{}{}</plugins></build>",
        inherits("parent", "<relativePath>../parent</relativePath>"),
        list(&[needs("me:b:1", ""), needs("x:leaf", "")]),
        plugin("maven-extra-plugin", &execution("late", "")),
        plugin("maven-resources-plugin", &format!("<dependencies>{}</dependencies>", needs("org.plug:deep:2", ""))),
    );
    let b = format!(
        "{}{}",
        inherits("parent", "<relativePath>../../parent/pom.xml</relativePath>"),
        list(&[needs("x:running:1", "")])
    );
    let project = [
        ("pom.xml", pom("me:top:1", &top)),
        ("parent/pom.xml", pom("me:parent:1", &parent)),
        ("bom/pom.xml", pom("me:bom:1", &bom)),
        ("a/pom.xml", pom("me:a:1", &a)),
        ("deep/b/pom.xml", pom("me:b:1", &b)),
    ];
    Place::new("modules", &artifacts, &project)
}

#[test]
fn the_inventory_and_maven_agree_on_modules_profiles_and_plugins() {
    let place = modules();
    let mut tally = Tally::default();
    let cases: &[(&str, &[&str], &dyn Fn(&Case))] = &[
        ("nothing damaged", &[], &|_| {}),
        ("what a module needs gone", &["x:leaf"], &|case| gone(case, "x:leaf:9", "jar")),
        ("what a module needs through another gone", &["x:deep"], &|case| gone(case, "x:deep:1", "jar")),
        ("what a profile brings gone", &["x:deeper"], &|case| gone(case, "x:deeper:2", "jar")),
        ("a plugin of another version gone", &["org.apache.maven.plugins:maven-jar-plugin"], &|case| {
            gone(case, "org.apache.maven.plugins:maven-jar-plugin:9", "jar");
        }),
        ("what a plugin has instead gone", &["org.plug:deep"], &|case| gone(case, "org.plug:deep:2", "jar")),
        ("a plugin that runs later gone", &["org.apache.maven.plugins:maven-extra-plugin"], &|case| {
            gone(case, "org.apache.maven.plugins:maven-extra-plugin:1", "jar");
        }),
        ("a plugin that runs now, and what it needs is not here", &["org.plug:extra"], &|case| {
            case.edit("a/pom.xml", "<goal>late</goal>", "<goal>early</goal>");
        }),
        ("a plugin that never runs", &[], &|case| {
            case.edit("a/pom.xml", "<goals><goal>late", "<phase>none</phase><goals><goal>late");
            let folder = case.file("org.apache.maven.plugins:maven-extra-plugin:1", "jar");
            std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
        }),
        ("a module gone", &[], &|case| std::fs::remove_dir_all(case.workspace.join("deep")).unwrap()),
        ("a module that is none any more", &["me:b"], &|case| {
            case.edit("pom.xml", "<module>deep/b</module>", "");
            std::fs::remove_dir_all(case.workspace.join("deep")).unwrap();
        }),
        ("an import that is none any more", &["me:bom", "x:leaf", "x:deeper"], &|case| {
            case.edit("pom.xml", "<module>bom</module>", "");
            std::fs::remove_dir_all(case.workspace.join("bom")).unwrap();
        }),
        ("no condition holds, and the usual profile is active", &["x:maybe"], &|case| {
            case.edit("parent/pom.xml", "[11,)", "[99,)");
        }),
        ("a profile by name", &["x:maybe"], &|case| write(&case.workspace.join(".mvn/maven.config"), "-Pusual\n")),
        ("a property by name", &[], &|case| write(&case.workspace.join(".mvn/maven.config"), "-Dsome=thing\n")),
        ("another mirror", &[], &|case| {
            let path = case.home.join(".m2/settings.xml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("<id>here</id>", "<id>there</id>"));
        }),
        ("a mirror for others", &[], &|case| {
            let path = case.home.join(".m2/settings.xml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("<mirrorOf>*<", "<mirrorOf>*,!central<"));
        }),
        ("settings that are broken", &[], &|case| {
            let path = case.home.join(".m2/settings.xml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("</settings>", ""));
        }),
        ("a repository with the same id", &[], &|case| {
            let path = case.home.join(".m2/settings.xml");
            let text = std::fs::read_to_string(&path).unwrap();
            write(&path, text.replace("<mirrorOf>*<", "<mirrorOf>nothing<"));
            let own = "<repositories><repository><id>here</id><url>file:///nowhere</url></repository></repositories>";
            let plugins =
                own.replace("repositories>", "pluginRepositories>").replace("repository>", "pluginRepository>");
            case.edit("pom.xml", "<modules>", &format!("{own}{plugins}<modules>"));
        }),
        ("a circle of parents", &[], &|case| {
            case.edit("pom.xml", "<packaging>", "<parent><groupId>me</groupId><artifactId>parent</artifactId><version>1</version><relativePath>parent</relativePath></parent><packaging>");
        }),
    ];
    let all = std::env::var_os("HOLDOVER_JUDGE_CASES").is_some();
    for (at, (name, damaged, change)) in cases.iter().enumerate() {
        // Java takes its time to start: the usual run takes every third.
        if at % 3 != 0 && !all {
            continue;
        }
        let mut case = place.case();
        change(&case);
        case.damaged = damaged.iter().map(|&name| name.to_owned()).collect();
        case.judge(&mut tally, name);
    }
    tally.finish("Maven, modules, profiles and plugins", 7);
}

const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// A dependency on a random artifact, written in a random way.
fn random_need(dice: &mut Dice, versions: bool) -> String {
    let name = *dice.pick(&NAMES);
    let version = match dice.roll(if versions { 5 } else { 9 }) {
        0 => "1",
        1 => "2",
        2 => "3",
        3 => "${two}",
        4 => "${three}",
        _ => return needs(&format!("x:{name}"), &random_more(dice)),
    };
    needs(&format!("x:{name}:{version}"), &random_more(dice))
}

fn random_more(dice: &mut Dice) -> String {
    let mut more = String::new();
    more.push_str(
        ["", "", "", "<scope>runtime</scope>", "<scope>test</scope>", "<scope>provided</scope>"][dice.roll(6)],
    );
    if dice.roll(5) == 0 {
        more.push_str("<optional>true</optional>");
    }
    if dice.roll(6) == 0 {
        more.push_str("<classifier>more</classifier>");
    }
    if dice.roll(3) == 0 {
        let name = if dice.roll(6) == 0 { "*" } else { *dice.pick(&NAMES) };
        let exclusion =
            ["<exclusions><exclusion><groupId>x</groupId><artifactId>", name, "</artifactId></exclusion></exclusions>"];
        more.push_str(&exclusion.concat());
    }
    more
}

/// Each artifact in three versions, with parents that manage some of them, one import, moves, and profiles.
fn random_artifacts(dice: &mut Dice) -> Vec<(String, String)> {
    let manages = |dice: &mut Dice| -> Vec<String> { (0..dice.roll(4)).map(|_| random_need(dice, true)).collect() };
    let properties = "<properties><two>2</two><three>3</three></properties><packaging>pom</packaging>";
    let parent = |name: &str| {
        format!("<parent><groupId>x</groupId><artifactId>{name}</artifactId><version>1</version></parent>")
    };
    let all: Vec<String> = NAMES.iter().map(|name| needs(&format!("x:{name}:{}", 1 + dice.roll(3)), "")).collect();
    let mut low = manages(dice);
    low.push(needs("x:bom:1", "<type>pom</type><scope>import</scope>"));
    let mut out = vec![
        ("x:top:1".to_owned(), format!("{properties}{}", managed(&manages(dice)))),
        ("x:bom:1".to_owned(), format!("{properties}{}", managed(&all))),
        (
            "x:low:1".to_owned(),
            format!(
                "{}<packaging>pom</packaging><properties><two>1</two></properties>{}",
                parent("top"),
                managed(&low)
            ),
        ),
    ];
    for name in NAMES {
        for version in 1..=3 {
            let needed: Vec<String> = (0..dice.roll(4)).map(|_| random_need(dice, false)).collect();
            let profile = match dice.roll(4) {
                0 => format!(
                    "<profiles><profile><id>p</id><activation><property><name>!none</name></property></activation>{}</profile></profiles>",
                    list(&[random_need(dice, true)])
                ),
                1 => format!(
                    "<profiles><profile><id>p</id><activation><jdk>[1.4,1.8)</jdk></activation>{}</profile></profiles>",
                    list(&[random_need(dice, true)])
                ),
                _ => String::new(),
            };
            let moved = match dice.roll(14) {
                0 => format!(
                    "<distributionManagement><relocation><artifactId>{}</artifactId><version>3</version></relocation></distributionManagement>",
                    dice.pick(&NAMES)
                ),
                _ => String::new(),
            };
            out.push((format!("x:{name}:{version}"), format!("{}{}{profile}{moved}", parent("low"), list(&needed))));
        }
    }
    out
}

fn random_project(dice: &mut Dice) -> String {
    let needed: Vec<String> = (0..2 + dice.roll(3)).map(|_| random_need(dice, true)).collect();
    let manages: Vec<String> = (0..dice.roll(3)).map(|_| random_need(dice, true)).collect();
    let properties = "<properties><two>2</two><three>3</three></properties>";
    pom("me:app:1", &format!("{properties}{}{}", managed(&manages), list(&needed)))
}

/// No wrapper can be run here: what is said of one is unverified.
#[test]
fn a_wrapper_is_never_ready_and_what_it_names_is_missing_until_it_is_unpacked() {
    let place = plain();
    let case = place.case();
    let url = "https://maven.example/apache-maven-3.8.7-bin.zip";
    let properties = format!("wrapperVersion=3.3.2\ndistributionUrl={}\n", url.replace(':', "\\:"));
    write(&case.workspace.join(".mvn/wrapper/maven-wrapper.properties"), properties);
    let state = |case: &Case| {
        let survey = survey(&case.workspace, inventory::Homes::from_variables(case.path_variables()));
        let named =
            survey.artifacts.iter().find(|one| one.name == "org.apache.maven:apache-maven").map(|one| one.state);
        (survey.readiness.state, named.unwrap(), survey.readiness.ecosystems[0].problem.clone().unwrap_or_default())
    };
    let (ready, named, _) = state(&case);
    assert_eq!((ready, named), (ReadinessState::Incomplete, ArtifactState::Missing));
    // Where the script puts it: by Java's hash of the address, as `"…".hashCode()` in hexadecimal.
    let hash = url.chars().fold(0_u32, |hash, letter| hash.wrapping_mul(31).wrapping_add(u32::from(letter)));
    let own = case.home.join(format!(".m2/wrapper/dists/apache-maven-3.8.7/{hash:x}"));
    // Where the program of Java puts it.
    let other = case.home.join(".m2/wrapper/dists/apache-maven-3.8.7-bin/1abc/apache-maven-3.8.7");
    for unpacked in [own, other] {
        std::fs::create_dir_all(unpacked.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(jvm::maven_folder(), &unpacked).unwrap();
        let (ready, named, problem) = state(&case);
        assert_eq!((ready, named), (ReadinessState::Unknown, ArtifactState::Present));
        assert!(problem.contains("unverified"), "{problem}");
        std::fs::remove_file(&unpacked).unwrap();
    }
}

/// Whether it is in doubt which of the artifacts of a random repository Maven would choose; compared where it is not.
fn random_repository(place: &Place, seed: u64, tally: &mut Tally) -> bool {
    let mut dice = Dice::new(seed);
    let artifacts = random_artifacts(&mut dice);
    let artifacts: Vec<(&str, &str)> = artifacts.iter().map(|(one, body)| (one.as_str(), body.as_str())).collect();
    let case = place.another(&artifacts, &[("pom.xml", random_project(&mut dice))]);
    case.judge_or_doubt(tally, &format!("seed {seed}"))
}

/// A description that cannot be read has not moved either (114); what has moved below something that is passed over makes two names
/// one (118); of what is managed twice the first counts where it is inherited (136).
#[test]
fn repositories_that_once_made_a_difference_make_none() {
    let place = plain();
    let mut tally = Tally::default();
    let doubted = [114, 118, 136].map(|seed| random_repository(&place, seed, &mut tally));
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
    assert_eq!(doubted, [false, true, false]);
}

#[test]
fn the_inventory_and_maven_choose_the_same_of_random_repositories() {
    let place = plain();
    let mut tally = Tally::default();
    let first: u64 = std::env::var("HOLDOVER_JUDGE_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    let mut doubted = 0;
    for seed in first..first + random_cases(1) as u64 {
        doubted += usize::from(random_repository(&place, seed, &mut tally));
    }
    let (cases, passed, differences) = (tally.cases, tally.passed, tally.differences.len());
    println!(
        "Maven, random repositories: {cases} cases, {passed} pass, {differences} differences; {doubted} more in doubt"
    );
    assert!(tally.differences.is_empty(), "{:#?}", tally.differences);
    assert!(doubted <= cases, "{doubted} in doubt");
}

#[test]
fn the_inventory_and_maven_agree_on_random_damage() {
    let place = plain();
    let mut tally = Tally::default();
    let mut dice = Dice::new(2211);
    for at in 0..random_cases(1) {
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
