//! What is decided by the names and first bytes of files: `binary_artifacts`, `dependency_update_tool`.

use serde_json::json;

use super::{Case, DAY, Row, check, row};

/// `mark`, then as many bytes as a format's header has, so that nothing takes it for text.
fn head(mark: &[u8]) -> Vec<u8> {
    let mut bytes = mark.to_vec();
    bytes.resize(128, 1);
    bytes
}

fn elf() -> Vec<u8> {
    head(b"\x7fELF\x02\x01\x01\0")
}

fn marked(length: usize, marks: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, mark) in marks {
        bytes[*at..*at + mark.len()].copy_from_slice(mark);
    }
    bytes
}

/// So many programs.
fn programs(number: usize) -> Case {
    (0..number).fold(Case::new(), |case, at| case.file(&format!("bin/tool-{at}"), elf()))
}

const EXTENSIONS: [&str; 27] = [
    "crx", "deb", "dex", "dey", "elf", "o", "a", "so", "macho", "iso", "class", "jar", "bundle", "dylib",
    "lib", "msi", "dll", "drv", "efi", "exe", "ocx", "pyc", "pyo", "par", "rpm", "wasm", "whl",
];

#[test]
fn binary_artifacts_by_content() {
    let one = |content: Vec<u8>| Case::new().file("thing", content);
    let mut rows: Vec<Row> = Vec::new();
    let counted: [(&str, Vec<u8>); 15] = [
        ("crx", head(b"Cr24\x02\0\0\0")),
        ("deb", head(b"!<arch>\ndebian-binary   \x01\x02")),
        ("dex", marked(128, &[(0, b"dex\n035\0"), (36, b"\x70")])),
        ("dey", marked(128, &[(0, b"dey\n036\0"), (40, b"dex\n035\0"), (76, b"\x70")])),
        ("elf", elf()),
        ("macho of 32 bits", head(b"\xFE\xED\xFA\xCE")),
        ("macho of 64 bits", head(b"\xFE\xED\xFA\xCF")),
        ("macho of 32 bits, little end first", head(b"\xCE\xFA\xED\xFE")),
        ("macho of 64 bits, little end first", head(b"\xCF\xFA\xED\xFE")),
        ("macho for several processors", head(b"\xCA\xFE\xBA\xBE\0\0\0\x02")),
        ("macho for several processors, little end first", head(b"\xBE\xBA\xFE\xCA")),
        ("class", head(b"\xCA\xFE\xBA\xBE\0\0\0\x41")),
        ("exe", head(b"MZ\x90\0\x03\0\0\0")),
        ("rpm", head(b"\xED\xAB\xEE\xDB\x03\0\0\0")),
        ("wasm", head(b"\0asm\x01\0\0\0")),
    ];
    for (format, content) in counted {
        rows.push(row(format!("{format}, whatever it is called"), one(content), "pass 9"));
    }
    let not_counted: [(&str, Vec<u8>); 10] = [
        ("zip, so a jar under another name", head(b"PK\x03\x04")),
        ("gzip", head(b"\x1f\x8b\x08\0")),
        ("ar, so a static library under another name", head(b"!<arch>\nlibx.o/")),
        ("compiled Python under another name", head(b"\xa7\x0d\r\n\0\0\0\0")),
        ("iso, whose mark is behind the first kilobyte", marked(32_780, &[(32_769, b"CD001")])),
        ("png", head(b"\x89PNG\r\n\x1a\n")),
        ("pdf", head(b"%PDF-1.7\n\x01")),
        ("component of WebAssembly", head(b"\0asm\x0d\0\x01\0")),
        ("bytes of no format", head(b"\x01\x02\x03")),
        ("ELF cut short", b"\x7fELF".to_vec()),
    ];
    for (format, content) in not_counted {
        rows.push(row(format!("{format} does not count"), one(content), "pass 10"));
    }
    rows.push(row("text that begins like an exe is none", one(b"MZ is a mark of DOS\n".to_vec()), "pass 10"));
    rows.push(row(
        "a file pointer of Git LFS is text",
        one(b"version https://git-lfs.github.com/spec/v1\n".to_vec()),
        "pass 10",
    ));
    check("binary_artifacts", rows);
}

#[test]
fn binary_artifacts_by_extension() {
    let mut rows: Vec<Row> = Vec::new();
    for extension in EXTENSIONS {
        let path = format!("lib/x.{extension}");
        rows.push(row(format!("{path}, not text"), Case::new().file(&path, head(b"\x01\x02")), "pass 9"));
        rows.push(row(format!("{path}, text"), Case::new().file(&path, "a\tb\r\nc\n"), "pass 10"));
    }
    let with = |at: usize| {
        let mut bytes = vec![b'a'; 2048];
        bytes[at] = 2;
        bytes
    };
    let rows_of_text: [(&str, Vec<u8>, &str); 6] = [
        ("an empty file", Vec::new(), "pass 10"),
        ("a control character in the first kilobyte", with(1000), "pass 9"),
        ("a control character behind the first kilobyte", with(1500), "pass 10"),
        ("Latin-1", b"caf\xe9 cr\xe8me\n".to_vec(), "pass 10"),
        ("delete is no control character here", b"a\x7fb\x7fc\x7fd\n".to_vec(), "pass 10"),
        ("an escape sequence", b"\x1b[31mred\x1b[0m\n".to_vec(), "pass 9"),
    ];
    for (about, content, expected) in rows_of_text {
        rows.push(row(format!("{about} called x.so"), Case::new().file("x.so", content), expected));
    }
    let control = || head(b"\x01\x02");
    for (path, expected) in [
        ("x.SO", "pass 10"),
        ("x.so.1", "pass 10"),
        ("so", "pass 10"),
        (".so", "pass 10"),
        ("x.so.txt", "pass 10"),
        ("x.tar.so", "pass 9"),
        ("deep/er/x.so", "pass 9"),
        ("testdata/x.so", "pass 10"),
        ("a/testdata/b/x.so", "pass 10"),
        ("src/test/x.so", "pass 10"),
        ("a/src/test/b/x.so", "pass 10"),
        ("mytestdata/x.so", "pass 9"),
        ("testdata.so", "pass 9"),
        ("Testdata/x.so", "pass 9"),
        ("src/tests/x.so", "pass 9"),
        ("test/x.so", "pass 9"),
    ] {
        rows.push(row(path, Case::new().file(path, control()), expected));
    }
    rows.push(row("a link to a binary does not count", programs(1).link("x.so", "bin/tool-0"), "pass 9"));
    check("binary_artifacts", rows);
}

#[test]
fn binary_artifacts_counted() {
    let mut rows = Vec::new();
    for (number, expected) in [
        (0, "pass 10"),
        (1, "pass 9"),
        (4, "pass 6"),
        (5, "pass 5"),
        (6, "fail 4"),
        (9, "fail 1"),
        (10, "fail 0"),
        (12, "fail 0"),
    ] {
        rows.push(row(format!("{number} binaries"), programs(number), expected));
    }
    const JAR: &str = "gradle/wrapper/gradle-wrapper.jar";
    let wrapped = |number: usize, action: &str| {
        let text = format!(
            "on: push\npermissions: {{}}\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: {action}\n"
        );
        programs(number).file(JAR, head(b"PK\x03\x04")).file(".github/workflows/ci.yml", text)
    };
    rows.push(row("a wrapper of Gradle, no workflow", Case::new().file(JAR, head(b"PK\x03\x04")), "pass 9"));
    rows.push(row(
        "a wrapper of Gradle that no workflow validates",
        wrapped(0, "actions/checkout@v4"),
        "pass 9",
    ));
    rows.push(row(
        "five binaries and a wrapper that no workflow validates",
        wrapped(5, "actions/checkout@v4"),
        "fail 4",
    ));
    // Whether the validation has run on this commit, nobody asks: one point more or less.
    for action in ["gradle/wrapper-validation-action@v1", "gradle/actions/wrapper-validation@v3"] {
        rows.push(row(format!("a wrapper with {action}"), wrapped(0, action), "pass"));
        rows.push(row(format!("four binaries and a wrapper with {action}"), wrapped(4, action), "pass"));
        rows.push(row(
            format!("five binaries and a wrapper with {action}"),
            wrapped(5, action),
            "unknown: --scorecard",
        ));
        rows.push(row(format!("six binaries and a wrapper with {action}"), wrapped(6, action), "fail"));
    }
    rows.push(row(
        "another jar is never excused",
        wrapped(5, "gradle/wrapper-validation-action@v1").file("x.jar", head(b"PK\x03\x04")),
        "fail",
    ));
    rows.push(row(
        "a wrapper among test data",
        Case::new().file(&format!("testdata/{JAR}"), head(b"PK\x03\x04")),
        "pass 10",
    ));
    rows.push(row(
        "a workflow that cannot be read may validate the wrapper",
        programs(5).file(JAR, head(b"PK\x03\x04")).file(".github/workflows/ci.yml", "on: [push\n"),
        "unknown: mend .github/workflows/ci.yml",
    ));
    check("binary_artifacts", rows);
}

const NAMES: [&str; 17] = [
    ".github/dependabot.yml",
    ".github/dependabot.yaml",
    "renovate.json",
    "renovate.json5",
    ".github/renovate.json",
    ".github/renovate.json5",
    ".gitlab/renovate.json",
    ".gitlab/renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".renovaterc.json5",
    ".scala-steward.conf",
    "scala-steward.conf",
    ".github/.scala-steward.conf",
    ".github/scala-steward.conf",
    ".config/.scala-steward.conf",
    ".config/scala-steward.conf",
];

const DEPENDABOT: &str = "49699333+dependabot[bot]@users.noreply.github.com";

#[test]
fn dependency_update_tool() {
    let mut rows = Vec::new();
    let human = || Case::new().commit("a@b", DAY);
    for name in NAMES {
        // Neither git nor a forge is needed for these.
        rows.push(row(name, Case::new().file(name, "x\n"), "pass"));
        let upper = name.to_uppercase();
        rows.push(row(upper.clone(), Case::new().file(&upper, "x\n"), "pass"));
        let below = format!("sub/{name}");
        rows.push(row(below.clone(), human().file(&below, "x\n"), "fail"));
    }
    for name in [
        "dependabot.yml",
        ".dependabot/config.yml",
        ".github/dependabot.json",
        ".github/renovate.yml",
        ".gitlab/dependabot.yml",
        ".config/renovate.json",
        ".github/dependabot.yml/x",
        ".github/dependabot.yml.disabled",
    ] {
        rows.push(row(name, human().file(name, "x\n"), "fail"));
    }
    let bare = || human().git();
    rows.push(row("neither a file nor a commit", bare(), "fail"));
    rows.push(row("dependabot wrote the last commit", bare().commit(DEPENDABOT, DAY), "pass"));
    rows.push(row(
        "dependabot wrote a commit long ago",
        Case::new().commit(DEPENDABOT, 900 * DAY).commits(40, 10),
        "pass",
    ));
    rows.push(row("dependabot's old address", bare().commit("support@dependabot.com", DAY), "pass"));
    rows.push(row(
        "somebody else called so",
        bare().commit("1+dependabot[bot]@users.noreply.github.com", DAY),
        "fail",
    ));
    rows.push(row(
        "a commit by Renovate",
        bare().commit("29139614+renovate[bot]@users.noreply.github.com", DAY),
        "fail",
    ));
    rows.push(row("a repository without commits", Case::new().git(), "fail"));
    rows.push(row("no git", Case::new(), "unknown: assess a clone"));
    rows.push(row("a shallow clone", human().shallow(), "unknown: --unshallow"));
    rows.push(row("a shallow clone with a file", human().shallow().file("renovate.json", "{}"), "pass"));
    rows.push(row(
        "a shallow clone with a commit of dependabot's",
        bare().commit(DEPENDABOT, DAY).shallow(),
        "pass",
    ));
    let known = |email: &str| {
        let author = json!({"email": email, "user": null});
        let commit = json!({"oid": "1", "message": "Bump x", "author": author, "associatedPullRequests": {"nodes": []}});
        json!({"name": "r", "defaultBranchRef": {"name": "main", "target": {"history": {"nodes": [commit]}}}})
    };
    rows.push(row(
        "no git, the forge knows a commit of dependabot's",
        Case::new().forge(known(DEPENDABOT)),
        "pass",
    ));
    rows.push(row(
        "no git, the forge knows none among the newest",
        Case::new().forge(known("a@b")),
        "unknown: assess a clone",
    ));
    rows.push(row(
        "shallow, the forge knows a commit of dependabot's",
        human().shallow().forge(known(DEPENDABOT)),
        "pass",
    ));
    rows.push(row(
        "with the history here, the forge is not needed",
        human().forge(json!({"name": "r"})),
        "fail",
    ));
    check("dependency_update_tool", rows);
}
