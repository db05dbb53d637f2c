//! Artifacts and plugins that are made here, a folder that stands in for their repository, and projects that Maven builds of them.
//! May run the installed Maven and Java's compiler; writes below the test cache folder only.
#![allow(dead_code, reason = "each test uses its part")]

use crate::judge::{Held, Tally, Verdict, copy, files, must, run, survey, write};
use contract::ArtifactState;
use inventory::{Homes, Survey};
use sha1::{Digest, Sha1};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

static PLACES: AtomicUsize = AtomicUsize::new(0);

/// `group:artifact:version`, and what stands in its description besides.
pub type Made<'a> = (&'a str, &'a str);

/// The plugins that Maven 3.8 binds to a jar by itself, with what they run with; goal, what it has resolved, phase.
const PLUGINS: [(&str, &str, &str, &[[&str; 3]]); 6] = [
    (
        "maven-resources-plugin",
        "2.6",
        "<dependencies><dependency><groupId>org.plug</groupId><artifactId>in</artifactId><version>1</version></dependency><dependency><groupId>org.apache.maven</groupId><artifactId>maven-core</artifactId><version>2.0.6</version></dependency></dependencies>",
        &[["resources", "", "process-resources"], ["testResources", "", "process-test-resources"]],
    ),
    ("maven-compiler-plugin", "3.1", "", &[["compile", "compile", "compile"], ["testCompile", "test", "test-compile"]]),
    ("maven-surefire-plugin", "2.12.4", "", &[["test", "test", "test"]]),
    ("maven-jar-plugin", "2.4", "", &[["jar", "runtime", "package"]]),
    ("maven-jar-plugin", "9", "", &[["jar", "runtime", "package"]]),
    (
        "maven-extra-plugin",
        "1",
        "<dependencies><dependency><groupId>org.plug</groupId><artifactId>extra</artifactId><version>1</version></dependency></dependencies>",
        &[["late", "", "verify"], ["early", "", "generate-sources"]],
    ),
];
/// What those plugins run with.
const OF_PLUGINS: [Made<'static>; 6] = [
    (
        "org.plug:in:1",
        "<dependencies><dependency><groupId>org.plug</groupId><artifactId>deep</artifactId><version>1</version></dependency><dependency><groupId>org.plug</groupId><artifactId>never</artifactId><version>1</version><scope>provided</scope></dependency></dependencies>",
    ),
    ("org.plug:deep:1", ""),
    ("org.plug:deep:2", ""),
    ("org.plug:extra:1", ""),
    (
        "org.apache.maven:maven-core:2.0.6",
        "<dependencies><dependency><groupId>org.apache.maven.wagon</groupId><artifactId>wagon-file</artifactId><version>1</version></dependency></dependencies>",
    ),
    ("org.codehaus.plexus:plexus-utils:1.1", ""),
];

pub fn tool(name: &str) -> PathBuf {
    let tools = std::env::var_os("HOLDOVER_TOOLS").map_or_else(
        || {
            let program = std::env::current_exe().expect("a test has a program");
            program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps").join("tools")
        },
        PathBuf::from,
    );
    let there = tools.join(name).is_file();
    assert!(there, "{name} is not there: run tests/maven/install.sh {}", tools.display());
    std::fs::canonicalize(tools.join(name)).unwrap()
}

/// The folder of the installed Maven.
pub fn maven_folder() -> PathBuf {
    tool("maven/bin/mvn").parent().unwrap().parent().unwrap().to_path_buf()
}

/// A dependency as a description has it.
pub fn needs(coordinates: &str, more: &str) -> String {
    let mut parts = coordinates.split(':');
    let (group, artifact) = (parts.next().unwrap(), parts.next().unwrap());
    let version = parts.next().map(|version| format!("<version>{version}</version>")).unwrap_or_default();
    format!("<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{version}{more}</dependency>")
}

/// A description of these coordinates.
pub fn pom(coordinates: &str, body: &str) -> String {
    let [group, artifact, version] = parts(coordinates);
    let own = if body.contains("<parent>") {
        String::new()
    } else {
        format!("<groupId>{group}</groupId><version>{version}</version>")
    };
    format!(
        "<project>\n<modelVersion>4.0.0</modelVersion>{own}<artifactId>{artifact}</artifactId>\n{body}\n</project>\n"
    )
}

fn parts(coordinates: &str) -> [&str; 3] {
    let parts: Vec<&str> = coordinates.split(':').collect();
    parts.try_into().expect(coordinates)
}

fn below(coordinates: &str) -> PathBuf {
    let [group, artifact, version] = parts(coordinates);
    Path::new(&group.replace('.', "/")).join(artifact).join(version).join(format!("{artifact}-{version}"))
}

fn publish(path: &Path, bytes: &[u8]) {
    write(path, bytes);
    let sum = hex::encode(Sha1::digest(bytes));
    write(&PathBuf::from(format!("{}.sha1", path.display())), sum);
}

/// Lays artifacts down as a repository has them, each with a second archive.
fn lay(remote: &Path, artifacts: &[Made<'_>]) {
    for (coordinates, body) in artifacts {
        let at = remote.join(below(coordinates)).display().to_string();
        publish(Path::new(&format!("{at}.pom")), pom(coordinates, body).as_bytes());
        if !body.contains("<packaging>pom</packaging>") {
            publish(Path::new(&format!("{at}.jar")), coordinates.as_bytes());
            publish(Path::new(&format!("{at}-more.jar")), format!("more of {coordinates}").as_bytes());
        }
    }
}

/// Lays artifacts and plugins down as a repository has them.
fn repository(remote: &Path, scratch: &Path, artifacts: &[Made<'_>]) {
    lay(remote, artifacts);
    lay(remote, &OF_PLUGINS);
    let source = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("maven/Show.java");
    let home = tool("maven/bin/mvn").parent().unwrap().parent().unwrap().to_path_buf();
    let archives = glob::glob(home.join("lib/*.jar").to_str().unwrap()).unwrap().map(Result::unwrap);
    let path = std::env::join_paths(archives).unwrap();
    let classes = scratch.join("classes");
    must(
        Command::new("javac").args(["-nowarn", "--release", "8", "-d"]).arg(&classes).arg("-cp").arg(path).arg(source),
    );
    for (name, version, body, goals) in PLUGINS {
        plugin(remote, scratch, (name, version, body), goals);
    }
}

/// A plugin with these goals, none of which does anything but write down what was resolved.
fn plugin(remote: &Path, scratch: &Path, (name, version, body): (&str, &str, &str), goals: &[[&str; 3]]) {
    let mojo = |[goal, resolves, phase]: &[&str; 3]| {
        let (shows, packs) = (*goal == "testCompile", *goal == "jar");
        format!(
            "<mojo><goal>{goal}</goal><requiresDependencyResolution>{resolves}</requiresDependencyResolution><phase>{phase}</phase>\
             <requiresProject>true</requiresProject><implementation>Show</implementation><language>java</language>\
             <instantiationStrategy>per-lookup</instantiationStrategy><executionStrategy>once-per-session</executionStrategy><parameters>\
             <parameter><name>project</name><type>org.apache.maven.project.MavenProject</type></parameter>\
             <parameter><name>shows</name><type>boolean</type></parameter>\
             <parameter><name>packs</name><type>boolean</type></parameter></parameters><configuration>\
             <project implementation=\"org.apache.maven.project.MavenProject\" default-value=\"${{project}}\"/>\
             <shows implementation=\"boolean\" default-value=\"{shows}\"/><packs implementation=\"boolean\" default-value=\"{packs}\"/></configuration></mojo>"
        )
    };
    let mojos: String = goals.iter().map(mojo).collect();
    let description = format!(
        "<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>{name}</artifactId><version>{version}</version>\
         <goalPrefix>{name}</goalPrefix><isolatedRealm>false</isolatedRealm><inheritedByDefault>true</inheritedByDefault><mojos>{mojos}</mojos><dependencies/></plugin>"
    );
    let folder = scratch.join("plugin");
    write(&folder.join("META-INF/maven/plugin.xml"), description);
    std::fs::copy(scratch.join("classes/Show.class"), folder.join("Show.class")).unwrap();
    let archive = scratch.join("plugin.jar");
    let _ = std::fs::remove_file(&archive);
    must(Command::new("jar").arg("cf").arg(&archive).arg("-C").arg(&folder).arg("."));
    let coordinates = format!("org.apache.maven.plugins:{name}:{version}");
    let at = remote.join(below(&coordinates)).display().to_string();
    publish(
        Path::new(&format!("{at}.pom")),
        pom(&coordinates, &format!("<packaging>maven-plugin</packaging>{body}")).as_bytes(),
    );
    publish(Path::new(&format!("{at}.jar")), &std::fs::read(archive).unwrap());
}

/// A project whose local repository is whole, kept between runs.
pub struct Place {
    run: PathBuf,
    kept: PathBuf,
    pub remote: PathBuf,
    held: Held,
}

pub struct Case {
    pub workspace: PathBuf,
    pub repository: PathBuf,
    pub home: PathBuf,
    remote: PathBuf,
    pub damaged: Vec<String>,
    /// Damage to the bytes of a file that has a checksum beside it.
    pub unnoticed: Vec<String>,
    /// What has to be the same as Maven resolved; not where the project's own texts are no more what was resolved.
    pub compares: bool,
}

impl Place {
    pub fn new(name: &str, artifacts: &[Made<'_>], project: &[(&str, String)]) -> Self {
        let own = concat!(include_str!("mod.rs"), include_str!("../../maven/Show.java"));
        let stamp = format!("{own}{artifacts:?}{project:?}{}", tool("maven/bin/mvn").display());
        let (held, folder, fresh) = Held::shared(&format!("judge-maven-{name}"), &stamp);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let run_in = folder.join("run").join(format!("{}-{number}", std::process::id()));
        let (kept, remote) = (folder.join("kept"), folder.join("remote"));
        let place = Place { run: run_in, kept, remote, held };
        if !fresh {
            for old in ["kept", "remote", "run", "scratch"] {
                let _ = std::fs::remove_dir_all(folder.join(old));
            }
            repository(&place.remote, &folder.join("scratch"), artifacts);
            let case = place.at(&place.kept);
            for (path, text) in project {
                write(&case.workspace.join(path), text);
            }
            case.settings();
            must(&mut case.maven(&["package"]));
            case.clean();
            place.held.done();
        }
        place
    }

    fn at(&self, folder: &Path) -> Case {
        Case {
            workspace: folder.join("workspace"),
            repository: folder.join("repository"),
            home: folder.join("home"),
            remote: self.remote.clone(),
            damaged: Vec::new(),
            unnoticed: Vec::new(),
            compares: true,
        }
    }

    pub fn case(&self) -> Case {
        copy(&self.kept, &self.run);
        self.at(&self.run)
    }

    /// Another project, of other artifacts that are published beside the plugins, as Maven leaves it with a connection; whether that
    /// went well does not matter.
    pub fn another(&self, artifacts: &[Made<'_>], project: &[(&str, String)]) -> Case {
        let mut case = self.case();
        std::fs::remove_dir_all(&case.workspace).unwrap();
        let _ = std::fs::remove_dir_all(case.repository.join("x"));
        case.remote = self.run.join("remote");
        copy(&self.remote, &case.remote);
        let _ = std::fs::remove_dir_all(case.remote.join("x"));
        lay(&case.remote, artifacts);
        for (path, text) in project {
            write(&case.workspace.join(path), text);
        }
        case.settings();
        run(&mut case.maven(&["package"]));
        case.clean();
        case
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.run);
    }
}

impl Case {
    /// The environment of both: nothing of this user's own.
    fn variables(&self) -> Vec<(String, String)> {
        let starts = ["MAVEN_", "M2_", "JAVA_"];
        let mut kept: Vec<(String, String)> = std::env::vars()
            .filter(|(name, _)| !starts.iter().any(|start| name.starts_with(start)) && name != "HOME")
            .filter(|(name, _)| !name.to_lowercase().ends_with("_proxy"))
            .collect();
        let (home, repository) = (self.home.display(), self.repository.display());
        let options =
            format!("-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.home={home} -Dmaven.repo.local={repository}");
        kept.push(("HOME".into(), home.to_string()));
        kept.push(("MAVEN_OPTS".into(), options));
        kept
    }

    /// With the pinned Maven first in the path.
    pub fn path_variables(&self) -> Vec<(String, String)> {
        let with_maven = |(name, value): (String, String)| match name.as_str() {
            "PATH" => (name, format!("{}:{value}", tool("maven/bin/mvn").parent().unwrap().display())),
            _ => (name, value),
        };
        self.variables().into_iter().map(with_maven).collect()
    }

    fn homes(&self) -> Homes {
        Homes::from_variables(self.path_variables())
    }

    pub fn maven(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool("maven/bin/mvn"));
        command.args(["--batch-mode", "-DskipTests"]).args(arguments).current_dir(&self.workspace);
        command.env_clear().envs(self.variables());
        command
    }

    fn settings(&self) {
        self.mirror(&format!("file://{}", self.remote.display()));
    }

    /// Everything is taken from this address.
    pub fn mirror(&self, url: &str) {
        let settings = format!(
            "<settings><mirrors><mirror><id>here</id><mirrorOf>*</mirrorOf><url>{url}</url></mirror></mirrors></settings>"
        );
        write(&self.home.join(".m2/settings.xml"), settings);
    }

    /// Takes away what a build left.
    fn clean(&self) {
        for module in files(&self.workspace).iter().filter(|path| path.ends_with("target/resolved")) {
            let _ = std::fs::remove_dir_all(module.parent().unwrap());
        }
    }

    /// A file of an artifact in the local repository.
    pub fn file(&self, coordinates: &str, extension: &str) -> PathBuf {
        let at = self.repository.join(below(coordinates));
        PathBuf::from(format!("{}.{extension}", at.display()))
    }

    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.workspace.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        write(&path, text.replacen(from, to, 1));
    }

    /// Judges, unless it is said that artifacts have moved in a way that is not followed.
    pub fn judge_or_doubt(self, tally: &mut Tally, name: &str) -> bool {
        let survey = survey(&self.workspace, self.homes());
        let mut problems = survey.readiness.ecosystems.iter().filter_map(|one| one.problem.as_deref());
        if survey.readiness.state == contract::ReadinessState::Unknown
            && problems.any(|why| why.contains(" has moved, and "))
        {
            return true;
        }
        self.judge(tally, name);
        false
    }

    pub fn judge(self, tally: &mut Tally, name: &str) {
        let survey = survey(&self.workspace, self.homes());
        let output = run(&mut self.maven(&["--offline", "package"]));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // Maven goes on where a description is not here, without what it would have said; that of what is passed over is not missed.
        let missed = text.lines().filter(|line| line.contains(" is missing,")).any(|line| {
            let coordinates = line.strip_prefix("[WARNING] The POM for ").and_then(|rest| rest.split(' ').next());
            coordinates.is_some_and(|coordinates| {
                let parts: Vec<&str> = coordinates.split(':').collect();
                let plain = format!("{}:{}:{}", parts[0], parts[1], parts[parts.len() - 1]);
                plain != "org.codehaus.plexus:plexus-utils:1.1" && self.file(&plain, "jar").is_file()
            })
        });
        let passes = output.status.success() && !missed;
        if passes && self.compares {
            self.same(&survey, tally, name);
        }
        let problems = text.lines().filter(|line| line.starts_with("[ERROR]") || line.starts_with("[WARN"));
        let verdict = Verdict {
            passes,
            silent: if passes { self.unnoticed.clone() } else { Vec::new() },
            damaged: self.damaged.clone(),
            output: problems.take(6).collect::<Vec<_>>().join("\n"),
        };
        tally.add(name, &survey, &verdict);
    }

    /// Holds what Maven resolved for all modules against what we say they need.
    fn same(&self, survey: &Survey, tally: &mut Tally, name: &str) {
        let written = files(&self.workspace).into_iter().filter(|path| path.ends_with("target/resolved"));
        let lines = written.flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        let theirs: BTreeSet<String> = lines.filter(|line| !line.starts_with("me:")).collect();
        let ours: BTreeSet<String> = survey
            .artifacts
            .iter()
            .filter(|one| !one.name.starts_with("org.") && !one.id.contains(":pom:"))
            .filter_map(|one| one.id.strip_prefix("maven:").map(str::to_owned))
            .collect();
        if ours != theirs {
            let only =
                |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect::<Vec<_>>();
            let line =
                format!("{name}: only we name {:?}, only Maven {:?}", only(&ours, &theirs), only(&theirs, &ours));
            println!("DIFFERENCE {line}");
            tally.differences.push(line);
        }
        let unknown = survey.artifacts.iter().filter(|one| one.state == ArtifactState::Unknown);
        assert_eq!(unknown.count(), 0, "{name}");
    }
}
