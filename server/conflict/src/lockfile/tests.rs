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

fn yarn(packages: &[(&str, &str, &str)]) -> String {
    let block = |(asked, resolution, sum): &(&str, &str, &str)| {
        let version = resolution.rsplit(['@', ':']).next().unwrap();
        format!(
            "\n\"{asked}\":\n  version: {version}\n  resolution: \"{resolution}\"\n  checksum: 10c0/{sum}\n  linkType: hard\n"
        )
    };
    let all: String = packages.iter().map(block).collect();
    format!("# generated\n\n__metadata:\n  version: 10\n  cacheKey: 10c0\n{all}")
}

#[test]
fn yarns_packages_are_put_together_by_what_is_asked_for() {
    let (a, b) = (("a@npm:^1.0.0", "a@npm:1.0.0", "x"), ("b@npm:2", "b@npm:2.0.0", "y"));
    let a_next = ("a@npm:^1.0.0, a@npm:^1.1.0", "a@npm:1.1.0", "z");
    let sides = |base: &[_], current: &[_], incoming: &[_]| LockfileSides {
        base: Some(yarn(base)),
        current: yarn(current),
        incoming: yarn(incoming),
    };
    let keys = |sides: &LockfileSides| {
        let text = Lockfile::Yarn.start(sides).unwrap();
        text.lines()
            .filter_map(|line| Some(line.strip_prefix('"')?.strip_suffix("\":")?.to_owned()))
            .collect::<Vec<_>>()
    };
    let both = sides(&[a], &[a, b], &[a_next]);
    assert_eq!(keys(&both), ["a@npm:^1.0.0, a@npm:^1.1.0", "b@npm:2"], "the side that moved it since");
    let back = sides(&[a_next], &[a_next, b], &[a]);
    assert_eq!(
        keys(&back),
        ["a@npm:^1.0.0", "a@npm:^1.1.0", "b@npm:2"],
        "a step back is meant; who asks for more still does"
    );
    let newer = LockfileSides { base: None, ..both.clone() };
    assert_eq!(keys(&newer)[0], "a@npm:^1.0.0, a@npm:^1.1.0");
    let text = Lockfile::Yarn.start(&both).unwrap();
    assert!(
        text.contains("\n\n__metadata:\n  version: 10\n  cacheKey: 10c0\n\n") && text.ends_with("hard\n"),
        "{text}"
    );
    let account = Lockfile::Yarn.account(&both, &text).unwrap();
    assert_eq!((account.kept.len(), account.dropped.len()), (2, 1), "{account:?}");
    // One version with two sums, unless archives are made in two ways.
    let evil = sides(&[a], &[a, b], &[("a@npm:^1.0.0", "a@npm:1.0.0", "evil")]);
    let unlike = LockfileError::Unlike { name: "a".into(), version: "1.0.0".into() };
    assert_eq!(Lockfile::Yarn.start(&evil).unwrap_err(), unlike);
    let other = LockfileSides { incoming: evil.incoming.replace("10c0/", "10/"), ..evil.clone() };
    assert!(Lockfile::Yarn.start(&other).is_ok());
    let commit = |commit: &str| yarn(&[("g@h/g", &format!("g@https://h/g.git#commit={commit}"), "x")]);
    let commits = LockfileSides { base: Some(commit("1")), current: commit("2"), incoming: commit("3") };
    assert_eq!(Lockfile::Yarn.start(&commits).unwrap_err(), LockfileError::Commits { name: "g".into() });
    let one = LockfileSides { base: Some(commit("2")), ..commits };
    assert!(Lockfile::Yarn.start(&one).unwrap().contains("commit=3"));
}

#[test]
fn what_yarn_does_not_write_is_said_and_a_key_that_is_long_is_read() {
    let plain = yarn(&[("a@npm:^1.0.0", "a@npm:1.0.0", "x")]);
    let incoming = |incoming: String| LockfileSides { base: None, current: plain.clone(), incoming };
    for old in [plain.replace("version: 10", "version: 6"), "# THIS\n# yarn lockfile v1\n\na@1:\n".to_owned()] {
        assert!(matches!(Lockfile::Yarn.start(&incoming(old.clone())), Err(LockfileError::Form { .. })), "{old}");
    }
    for strange in [
        "a: 1\n",
        "{\"a\": 1}\n",
        "- a:\n",
        "? \"a@npm:2\"\n",
        "\"a@npm:2\":\n  version: 2.0.0\n",
        "\"a@npm:^1.0.0\":\n  resolution: \"a@npm:2.0.0\"\n",
        "__metadata:\n  version: 10\n",
        "\"a\\q\":\n",
    ] {
        let told = Lockfile::Yarn.start(&incoming(format!("{plain}\n{strange}")));
        assert!(matches!(told, Err(LockfileError::Unreadable { side: "incoming", .. })), "{strange}");
    }
    assert!(matches!(Lockfile::Yarn.start(&incoming(String::new())), Err(LockfileError::Unreadable { .. })));
    let long: Vec<String> = (0..200).map(|n| format!("b@npm:^1.0.{n}")).collect();
    let block = format!("\n? \"{}\"\n:\n  version: 1.1.0\n  resolution: \"b@npm:1.1.0\"\n", long.join(", "));
    let text = Lockfile::Yarn.start(&incoming(plain.clone() + &block)).unwrap();
    assert!(text.contains("\n? \"b@npm:^1.0.0, ") && text.contains("\"\n:\n  version: 1.1.0\n"), "{text}");
    assert_eq!(Lockfile::Yarn.account(&incoming(plain.clone() + &block), &text).unwrap().kept.len(), 1);
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
