use super::*;

fn cargo(packages: &[(&str, &str)]) -> String {
    let entry = |(name, version): &(&str, &str)| {
        let (version, commit) = version.split_once('#').unwrap_or((version, ""));
        let (source, sum) = match commit {
            "" => ("registry+x".to_owned(), format!("checksum = \"sum of {name} {version}\"\n")),
            commit => (format!("git+x?branch=main#{commit}"), String::new()),
        };
        format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n{sum}")
    };
    let all: Vec<_> = packages.iter().map(entry).collect();
    format!("# by cargo\nversion = 4\n\n[[package]]\nname = \"me\"\nversion = \"0.1.0\"\n{}", all.concat())
}

fn npm(packages: &[(&str, &str)]) -> String {
    let entry = |(name, version): &(&str, &str)| {
        format!(", \"node_modules/{name}\": {{\"version\": \"{version}\", \"integrity\": \"sha512-{name}{version}\"}}")
    };
    let all: Vec<_> = packages.iter().map(entry).collect();
    format!("{{\n\t\"lockfileVersion\": 3,\n\t\"packages\": {{\"\": {{}}{}}}\n}}\n", all.concat())
}

type Make = fn(&[(&str, &str)]) -> String;
const BOTH: [(Lockfile, Make); 2] = [(Lockfile::Cargo, cargo), (Lockfile::Npm, npm)];

fn sides(make: Make, [base, current, incoming]: [&[(&str, &str)]; 3]) -> LockfileSides {
    LockfileSides { base: Some(make(base)), current: make(current), incoming: make(incoming) }
}

/// The packages of a lockfile that a registry has.
fn held(kind: Lockfile, text: &str) -> Vec<(String, String)> {
    let empty = if kind == Lockfile::Npm { npm(&[]) } else { cargo(&[]) };
    let none = LockfileSides { base: None, current: empty.clone(), incoming: empty };
    kind.account(&none, text).unwrap().kept.into_iter().map(|one| (one.name, one.version)).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
}

#[test]
fn what_either_side_added_is_there_and_of_what_both_moved_the_newer() {
    for (kind, make) in BOTH {
        let sides = sides(
            make,
            [
                &[("both", "1.0.0"), ("down", "1.5.0"), ("gone", "1.0.0"), ("theirs", "1.0.0")],
                &[("both", "1.9.0"), ("down", "1.4.0"), ("left", "2.0.0"), ("theirs", "1.0.0")],
                &[("both", "1.10.0"), ("down", "1.5.0"), ("gone", "1.0.0"), ("right", "0.3.0"), ("theirs", "1.1.0")],
            ],
        );
        let wanted = [
            ("both", "1.10.0"),
            ("down", "1.4.0"),
            ("gone", "1.0.0"),
            ("left", "2.0.0"),
            ("right", "0.3.0"),
            ("theirs", "1.1.0"),
        ];
        assert_eq!(held(kind, &kind.start(&sides).unwrap()), pairs(&wanted), "{kind:?}");
    }
    // Versions that do not exclude each other may both be needed.
    let apart = sides(cargo, [&[("a", "1.0.0")], &[("a", "1.0.0")], &[("a", "2.0.0")]]);
    assert_eq!(
        held(Lockfile::Cargo, &Lockfile::Cargo.start(&apart).unwrap()),
        pairs(&[("a", "1.0.0"), ("a", "2.0.0")])
    );
}

#[test]
fn a_version_that_the_tool_replaced_is_told_and_one_that_nobody_needs_any_more_is_not() {
    let start = cargo(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0"), ("d", "1.0.0#x")]);
    let merged = cargo(&[("a", "1.2.0"), ("c", "1.0.0"), ("c", "2.0.0"), ("d", "1.0.0#y")]);
    let told = Lockfile::Cargo.replaced(&start, &merged).unwrap();
    let told: Vec<_> = told.iter().map(|(name, version, _)| (name.as_str(), version.as_str())).collect();
    assert_eq!(told, [("a", "1.0.0"), ("d", "1.0.0")]);
}

#[test]
fn one_version_with_two_contents_and_two_commits_are_for_a_person() {
    for (kind, make) in BOTH {
        let mut sides = sides(make, [&[], &[("a", "1.0.0")], &[("a", "1.0.0")]]);
        sides.incoming = sides.incoming.replace("sum of a", "evil a").replace("sha512-a", "sha512-b");
        let error = kind.start(&sides).unwrap_err();
        assert_eq!(error, LockfileError::Unlike { name: "a".into(), version: "1.0.0".into() }, "{kind:?}");
    }
    let commits = sides(cargo, [&[("a", "1.0.0#one")], &[("a", "1.0.0#two")], &[("a", "1.0.0#three")]]);
    assert_eq!(Lockfile::Cargo.start(&commits).unwrap_err(), LockfileError::Commits { name: "a".into() });
    let one = sides(cargo, [&[("a", "1.0.0#one")], &[("a", "1.0.0#one")], &[("a", "1.0.0#three")]]);
    assert!(Lockfile::Cargo.start(&one).unwrap().contains("#three"));
}

#[test]
fn the_account_says_what_came_from_where_what_is_dropped_and_what_neither_had() {
    for (kind, make) in BOTH {
        let sides =
            sides(make, [&[], &[("a", "1.0.0"), ("b", "1.0.0")], &[("a", "1.0.0"), ("c", "1.0.0"), ("d", "1.0.0")]]);
        let told = kind.account(&sides, &make(&[("b", "1.0.0"), ("c", "1.0.0"), ("new", "3.0.0")])).unwrap();
        let words = |all: &[LockfilePackage]| all.iter().map(|one| (one.name.clone(), one.side)).collect::<Vec<_>>();
        let named = |all: &[(&str, LineOrigin)]| all.iter().map(|(n, s)| ((*n).to_owned(), *s)).collect::<Vec<_>>();
        let kept = [("b", LineOrigin::Current), ("c", LineOrigin::Incoming), ("new", LineOrigin::Made)];
        assert_eq!(words(&told.kept), named(&kept), "{kind:?}");
        assert_eq!(words(&told.dropped), named(&[("a", LineOrigin::Both), ("d", LineOrigin::Incoming)]), "{kind:?}");
        let forged = make(&[("b", "1.0.0")]).replace("sum of b", "evil").replace("sha512-b", "sha512-x");
        let error = kind.account(&sides, &forged).unwrap_err();
        assert_eq!(error, LockfileError::Other { name: "b".into(), version: "1.0.0".into() }, "{kind:?}");
    }
}

#[test]
fn broken_old_and_odd_lockfiles_are_said_and_indents_and_comments_stay() {
    for (kind, make) in BOTH {
        let good = make(&[("a", "1.0.0")]);
        for broken in
            ["", "{", "[", "<<<<<<< HEAD\n", "{\"lockfileVersion\": 3}", "package = 3", "[[package]]\nname = 1\n"]
        {
            let sides = LockfileSides { base: None, current: good.clone(), incoming: broken.to_owned() };
            // An empty file is TOML without packages.
            if kind == Lockfile::Npm || !broken.is_empty() {
                let error = kind.start(&sides).unwrap_err();
                assert!(
                    matches!(error, LockfileError::Unreadable { side: "incoming", .. }),
                    "{kind:?} {broken}: {error}"
                );
            }
        }
        let sides = LockfileSides { base: Some("{<".to_owned()), current: good.clone(), incoming: good };
        let start = kind.start(&sides).unwrap();
        assert!(
            start.starts_with(if kind == Lockfile::Npm { "{\n\t\"lockfileVersion\"" } else { "# by cargo\n" }),
            "{start}"
        );
    }
    let old = r#"{"lockfileVersion": 1, "dependencies": {}}"#.to_owned();
    let sides = LockfileSides { base: None, current: npm(&[]), incoming: old };
    assert!(matches!(Lockfile::Npm.start(&sides), Err(LockfileError::Form { .. })));
    let old = cargo(&[]) + "\n[metadata]\n\"checksum a 1.0.0\" = \"1\"\n";
    let sides = LockfileSides { base: None, current: cargo(&[]), incoming: old };
    assert!(matches!(Lockfile::Cargo.start(&sides), Err(LockfileError::Form { .. })));
}

fn uv(packages: &[(&str, &str)]) -> String {
    let entry = |(name, version): &(&str, &str)| {
        let file = format!("{name}-{version}.whl");
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"r\" }}\nwheels = [{{ url = \"r/{file}\", hash = \"of {file}\" }}]\n"
        )
    };
    let own = "\n[[package]]\nname = \"me\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"gone\" }]\n";
    format!("version = 1\nrevision = 3\n{own}{}", packages.iter().map(entry).collect::<String>())
}

#[test]
fn of_uvs_packages_what_a_side_changed_stays_and_versions_of_one_name_stay_together() {
    let sides = sides(
        uv,
        [
            &[("back", "2.0"), ("both", "1.0"), ("fork", "1.0"), ("gone", "1.0")],
            &[("back", "1.0"), ("both", "1.9"), ("fork", "1.0"), ("fork", "2.0")],
            &[("back", "2.0"), ("both", "1.10"), ("fork", "1.0"), ("gone", "1.0"), ("new", "1.0rc1")],
        ],
    );
    let start = Lockfile::Uv.start(&sides).unwrap();
    let held: Vec<String> = uv::packages("merged", &start).unwrap().into_keys().map(|id| id.0 + " " + &id.1).collect();
    assert_eq!(held, ["back 1.0", "both 1.10", "fork 1.0", "fork 2.0", "gone 1.0", "new 1.0rc1"]);
    assert!(
        !start.contains("dependencies") && start.contains("revision = 3"),
        "what needs what is uv's to say: {start}"
    );
    let replaced =
        |merged: &str| Lockfile::Uv.replaced(&start, merged).unwrap().into_iter().map(|id| id.0).collect::<Vec<_>>();
    assert_eq!(replaced(&uv(&[("back", "2.0"), ("both", "1.10"), ("fork", "2.0")])), ["back"]);
    // A wheel that only one side knows of is no other content; the same one with another checksum is.
    let one = uv(&[("a", "1.0")]);
    let with = one.replace("wheels = [", "wheels = [{ url = \"r/other.whl\", hash = \"x\" }, ");
    let mut sides = LockfileSides { base: None, current: one.clone(), incoming: with };
    assert!(Lockfile::Uv.start(&sides).is_ok());
    sides.incoming = one.replace("of a-1.0.whl", "evil");
    assert_eq!(
        Lockfile::Uv.start(&sides).unwrap_err(),
        LockfileError::Unlike { name: "a".into(), version: "1.0".into() }
    );
    sides.incoming = one.replace("version = 1\n", "version = 2\n");
    assert!(matches!(Lockfile::Uv.start(&sides), Err(LockfileError::Form { .. })));
    for broken in ["", "version = 1\n[[package]]\n", "[", "version = 1\n[[package]]\nname = \"a\"\n"] {
        sides.incoming = broken.to_owned();
        assert!(matches!(Lockfile::Uv.start(&sides), Err(LockfileError::Unreadable { .. })), "{broken}");
    }
}

fn pnpm(body: &str) -> String {
    format!("lockfileVersion: '9.0'\n\nimporters:\n\n  .: {{}}\n\npackages:\n\n{body}\nsnapshots:\n\n  x@1.0.0: {{}}\n")
}

#[test]
fn pnpms_packages_are_read_as_pnpm_writes_them_and_what_is_written_in_another_way_is_said() {
    let plain = pnpm(
        "  '@a/b@1.0.0':\n    resolution: {integrity: sha512-x==, tarball: y}\n\n  c@2.0.0:\n    resolution: {integrity: sha512-z==}\n    engines: {node: '>=1'}\n",
    );
    let told = pnpm::packages("current", &plain).unwrap();
    let told: Vec<_> =
        told.iter().map(|((name, version, _), of)| (name.as_str(), version.as_str(), of[""].as_str())).collect();
    assert_eq!(told, [("@a/b", "1.0.0", "sha512-x=="), ("c", "2.0.0", "sha512-z==")]);
    let mut sides = LockfileSides { base: None, current: plain.clone(), incoming: plain.replace("z==", "evil") };
    assert_eq!(
        Lockfile::Pnpm.start(&sides).unwrap_err(),
        LockfileError::Unlike { name: "c".into(), version: "2.0.0".into() }
    );
    sides.incoming = plain.replace("9.0", "6.0");
    assert!(matches!(Lockfile::Pnpm.start(&sides), Err(LockfileError::Form { .. })));
    let strange = [
        "packages: {a: 1}\n",
        "---\n",
        "packages:\n  c\n",
        "packages:\n  c:\n",
        "packages:\n  c@1:\n  c@1:\n",
        "pnpmfileChecksum: x\n",
        "\tx\n",
    ];
    for strange in strange {
        sides.incoming = format!("lockfileVersion: '9.0'\n{strange}");
        assert!(
            matches!(Lockfile::Pnpm.start(&sides), Err(LockfileError::Unreadable { side: "incoming", .. })),
            "{strange}"
        );
    }
    sides.incoming = plain.trim_end().to_owned();
    let start = Lockfile::Pnpm.start(&sides).unwrap();
    assert!(
        start.starts_with("<<<<<<< current\nlock") && start.ends_with("x@1.0.0: {}\n>>>>>>> incoming\n"),
        "{start}"
    );
}
