//! Reports for programs: JSON and its schema, SARIF, badges.

use std::path::Path;

use eyrie_cli::render::{PassScore, badge, json, sarif};
use eyrie_posture::report::{Outcome, Report};
use serde_json::{Value, json};

use crate::fixture;

fn written(draw: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    draw(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn assert_valid(schema: &Value, instance: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The schema as the types have it now.
fn schema() -> Value {
    let mut schema = schemars::schema_for!(Report).to_value();
    let object = schema.as_object_mut().unwrap();
    object.insert("title".into(), "Eyrie report".into());
    schema
}

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
    // Links of rustdoc mean nothing there.
    let now = format!("{:#}\n", schema()).replace("[`", "`").replace("`]", "`");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == now,
        "docs/report.schema.json is stale: run `UPDATE_SCHEMA=1 cargo test -p eyrie-cli schema` and commit it"
    );
}

#[test]
fn reports_keep_to_the_schema_and_come_back_as_they_were() {
    for report in [fixture::falco(), fixture::several(), fixture::hostile()] {
        let text = written(|out| json::render(&report, true, out));
        assert_valid(&schema(), &serde_json::from_str(&text).unwrap());
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = serde_json::to_value(fixture::falco()).unwrap();
    assert!(validator.is_valid(&good));
    for (pointer, wrong) in [
        ("/projects/0/repositories/0/checks/0/outcome", json!("maybe")),
        ("/projects/0/score/overall/earned", json!(-1)),
        ("/projects/0/repositories/0/checks/0/evidence", json!("README.md")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = wrong;
        assert!(!validator.is_valid(&bad), "{pointer}");
    }
}

#[test]
fn json_ends_its_line_and_is_one_line_for_programs() {
    let compact = written(|out| json::render(&fixture::falco(), false, out));
    assert_eq!(compact.matches('\n').count(), 1);
    assert!(compact.ends_with('\n'));
    let mut small = fixture::falco();
    small.projects[0].repositories[0].checks.truncate(1);
    small.projects[0].repositories[0].missing.truncate(1);
    small.projects[0].repositories[0].notes.truncate(1);
    small.projects[0].repositories[0].history.as_mut().unwrap().points.drain(..2);
    small.projects[0].repositories[0].history.as_mut().unwrap().points.truncate(1);
    insta::assert_snapshot!(written(|out| json::render(&small, true, out)), @r#"
    {
      "version": 1,
      "projects": [
        {
          "name": "falco",
          "score": {
            "overall": {
              "earned": 51,
              "possible": 77,
              "percent": 662
            },
            "best_possible": {
              "earned": 67,
              "possible": 77,
              "percent": 870
            },
            "categories": {
              "best_practices": {
                "earned": 8,
                "possible": 11,
                "percent": 727
              },
              "documentation": {
                "earned": 23,
                "possible": 29,
                "percent": 793
              },
              "legal": {
                "earned": 0,
                "possible": 5,
                "percent": 0
              },
              "license": {
                "earned": 15,
                "possible": 20,
                "percent": 750
              },
              "security": {
                "earned": 5,
                "possible": 12,
                "percent": 416
              }
            },
            "rating": "b"
          },
          "repositories": [
            {
              "path": "/src/falco",
              "url": "https://github.com/falcosecurity/falco",
              "commit": "3f2a91c0b7d15e8842c6f0a9d3b1e7745c20ab66",
              "work_tree": true,
              "catalog": "clomonitor",
              "sets": [
                "code",
                "community"
              ],
              "score": {
                "overall": {
                  "earned": 51,
                  "possible": 77,
                  "percent": 662
                },
                "best_possible": {
                  "earned": 67,
                  "possible": 77,
                  "percent": 870
                },
                "categories": {
                  "best_practices": {
                    "earned": 8,
                    "possible": 11,
                    "percent": 727
                  },
                  "documentation": {
                    "earned": 23,
                    "possible": 29,
                    "percent": 793
                  },
                  "legal": {
                    "earned": 0,
                    "possible": 5,
                    "percent": 0
                  },
                  "license": {
                    "earned": 15,
                    "possible": 20,
                    "percent": 750
                  },
                  "security": {
                    "earned": 5,
                    "possible": 12,
                    "percent": 416
                  }
                },
                "rating": "b"
              },
              "checks": [
                {
                  "id": "adopters",
                  "title": "Adopters",
                  "category": "documentation",
                  "weight": 1,
                  "outcome": "pass",
                  "reason": "A file lists who uses it.",
                  "docs": "https://eyrie.example/checks/adopters",
                  "evidence": [
                    {
                      "kind": "file",
                      "path": "ADOPTERS.md",
                      "line": null,
                      "commit": null,
                      "url": "https://github.com/falcosecurity/falco/blob/3f2a91c0/ADOPTERS.md",
                      "text": null
                    }
                  ]
                }
              ],
              "missing": [
                {
                  "why": "No token for github.com",
                  "supply": "Set GITHUB_TOKEN, or record the answers elsewhere with `eyrie forge record https://github.com/falcosecurity/falco --output DIR` and give them with `--forge-data DIR`.",
                  "checks": [
                    "website",
                    "code_review",
                    "sbom",
                    "github_discussions"
                  ],
                  "points": 8
                }
              ],
              "notes": [
                {
                  "severity": "warning",
                  "text": "the exemption of `website` expired on 2026-06-30 and no longer counts",
                  "path": ".clomonitor.yml",
                  "line": 4
                }
              ],
              "history": {
                "points": [
                  {
                    "commit": "ac02df2000000000000000000000000000000000",
                    "date": "2025-03-17T10:00:00Z",
                    "subject": "docs: say how to contribute",
                    "score": {
                      "earned": 34,
                      "possible": 70,
                      "percent": 485
                    },
                    "categories": {},
                    "changes": [
                      {
                        "check": "contributing",
                        "from": "fail",
                        "to": "pass",
                        "reason": "CONTRIBUTING.md has content."
                      }
                    ]
                  }
                ],
                "cut_short": "the clone is shallow: nothing before 2024-11-25 is here"
              }
            }
          ]
        }
      ]
    }
    "#);
}

/// What the standard asks of the parts that are used here (by hand from its text).
fn sarif_schema() -> Value {
    json!({
        "type": "object",
        "required": ["version", "runs"],
        "additionalProperties": false,
        "properties": {
            "$schema": {"type": "string", "format": "uri"},
            "version": {"const": "2.1.0"},
            "runs": {"type": "array", "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"rules": {"type": "array", "uniqueItems": true, "items": {"$ref": "#/$defs/rule"}}},
                    }}},
                    "automationDetails": {"type": "object", "required": ["id"]},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {"type": "array", "items": {
                        "type": "object",
                        "required": ["executionSuccessful"],
                        "properties": {
                            "executionSuccessful": {"type": "boolean"},
                            "toolExecutionNotifications": {"type": "array", "items": {
                                "type": "object",
                                "required": ["message"],
                                "properties": {"level": {"$ref": "#/$defs/level"}, "message": {"$ref": "#/$defs/message"}},
                            }},
                        },
                    }},
                    "versionControlProvenance": {"type": "array", "items": {
                        "type": "object", "required": ["repositoryUri"],
                        "properties": {"repositoryUri": {"type": "string", "format": "uri"}},
                    }},
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            }},
        },
        "$defs": {
            "level": {"enum": ["none", "note", "warning", "error"]},
            "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}},
            "rule": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "helpUri": {"type": "string", "format": "uri", "pattern": "^https?://"},
                    "help": {"$ref": "#/$defs/message"},
                    "shortDescription": {"$ref": "#/$defs/message"},
                    "defaultConfiguration": {"type": "object", "properties": {"level": {"$ref": "#/$defs/level"}}},
                    "properties": {"type": "object", "properties": {
                        "tags": {"type": "array", "uniqueItems": true},
                        "security-severity": {"type": "string", "pattern": "^(10\\.0|[0-9]\\.[0-9])$"},
                    }},
                },
            },
            "result": {
                "type": "object",
                "required": ["message", "ruleId", "ruleIndex", "kind", "level", "locations", "partialFingerprints"],
                "properties": {
                    "kind": {"enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]},
                    "level": {"$ref": "#/$defs/level"},
                    "message": {"$ref": "#/$defs/message"},
                    "ruleIndex": {"type": "integer", "minimum": 0},
                    "locations": {"type": "array", "minItems": 1, "items": {
                        "type": "object",
                        "required": ["physicalLocation"],
                        "properties": {"physicalLocation": {
                            "type": "object",
                            "required": ["artifactLocation"],
                            "properties": {
                                "artifactLocation": {
                                    "type": "object",
                                    "required": ["uri"],
                                    "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": "^[^/:]+(/[^/:]+)*$"}},
                                },
                                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
                            },
                        }},
                    }},
                    "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                },
                "if": {"properties": {"kind": {"const": "fail"}}},
                "else": {"properties": {"level": {"const": "none"}}},
            },
        },
    })
}

#[test]
fn sarif_keeps_to_the_standard() {
    let schema = sarif_schema();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for report in [fixture::falco(), fixture::several(), fixture::hostile()] {
        let log: Value = serde_json::from_str(&written(|out| sarif::render(&report, out))).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        for (run, repository) in log["runs"].as_array().unwrap().iter().zip(&report.projects[0].repositories)
        {
            let results = run["results"].as_array().unwrap();
            let open = repository
                .checks
                .iter()
                .filter(|check| matches!(check.outcome, Outcome::Fail | Outcome::Unknown));
            assert_eq!(results.len(), open.count());
            for result in results {
                let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
                assert_eq!(rule["id"], result["ruleId"]);
            }
        }
        assert_eq!(
            log["runs"].as_array().unwrap().len(),
            report.projects[0].repositories.len() + report.projects[0].failures.len()
        );
    }
}

#[test]
fn sarif_of_a_failed_and_an_open_check() {
    let mut report = fixture::falco();
    report.projects[0].repositories[0]
        .checks
        .retain(|check| ["binary_artifacts", "code_of_conduct", "code_review"].contains(&check.id.as_str()));
    let log: Value = serde_json::from_str(&written(|out| sarif::render(&report, out))).unwrap();
    insta::assert_json_snapshot!(log["runs"][0]["results"], @r#"
    [
      {
        "ruleId": "code_of_conduct",
        "ruleIndex": 0,
        "kind": "fail",
        "level": "warning",
        "message": {
          "text": "No code of conduct in the repository, and the README has no heading or link that names one.\nAdd CODE_OF_CONDUCT.md. A project of the CNCF can adopt the foundation's code with one line:\n\n    This project follows the \\[CNCF Code of Conduct\\](https://github.com/cncf/foundation/blob/main/code-of-conduct.md)."
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": ".",
                "uriBaseId": "SRCROOT"
              }
            }
          }
        ],
        "partialFingerprints": {
          "eyrieCheck/v1": "clomonitor/code_of_conduct"
        },
        "properties": {
          "outcome": "fail",
          "points": 2
        }
      },
      {
        "ruleId": "binary_artifacts",
        "ruleIndex": 1,
        "kind": "fail",
        "level": "warning",
        "message": {
          "text": "Two files are compiled programs.\nBuild them in CI, or download them with a checksum, and remove them from git."
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "test/trace_files/syscall.scap.bin",
                "uriBaseId": "SRCROOT"
              }
            },
            "message": {
              "text": "ELF executable, 1,204,224 bytes"
            }
          },
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "userspace/engine/lua/%E6%B5%8B%E8%AF%95%E6%95%B0%E6%8D%AE/%E3%83%97%E3%83%A9%E3%82%B0%E3%82%A4%E3%83%B3.so",
                "uriBaseId": "SRCROOT"
              }
            },
            "message": {
              "text": "ELF shared object, 88,120 bytes"
            }
          }
        ],
        "partialFingerprints": {
          "eyrieCheck/v1": "clomonitor/binary_artifacts"
        },
        "properties": {
          "outcome": "fail",
          "points": 2
        }
      },
      {
        "ruleId": "code_review",
        "ruleIndex": 2,
        "kind": "open",
        "level": "none",
        "message": {
          "text": "Reviews are only known to the forge."
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": ".",
                "uriBaseId": "SRCROOT"
              }
            }
          }
        ],
        "partialFingerprints": {
          "eyrieCheck/v1": "clomonitor/code_review"
        },
        "properties": {
          "outcome": "unknown",
          "points": 3
        }
      }
    ]
    "#);
    insta::assert_json_snapshot!(log["runs"][0]["tool"]["driver"]["rules"][1], @r#"
    {
      "id": "binary_artifacts",
      "shortDescription": {
        "text": "Binary artifacts"
      },
      "defaultConfiguration": {
        "level": "warning"
      },
      "properties": {
        "category": "security",
        "weight": 2,
        "tags": [
          "security"
        ],
        "security-severity": "5.0"
      },
      "helpUri": "https://eyrie.example/checks/binary_artifacts",
      "help": {
        "text": "Build them in CI, or download them with a checksum, and remove them from git."
      }
    }
    "#);
}

#[test]
fn badges() {
    let endpoint = |report: &Report, pass_score: Option<&str>| {
        let pass_score: Option<PassScore> = pass_score.map(|score| score.parse().unwrap());
        written(|out| badge::render_endpoint(report, pass_score, out))
    };
    insta::assert_snapshot!(endpoint(&fixture::falco(), None), @r#"{"schemaVersion":1,"label":"eyrie","message":"66.2% B","color":"yellow"}"#);
    insta::assert_snapshot!(endpoint(&fixture::falco(), Some("66.2")), @r#"{"schemaVersion":1,"label":"eyrie","message":"66.2% B","color":"brightgreen"}"#);
    insta::assert_snapshot!(endpoint(&fixture::falco(), Some("66.3")), @r#"{"schemaVersion":1,"label":"eyrie","message":"66.2% B","color":"orange"}"#);
    insta::assert_snapshot!(endpoint(&fixture::several(), None), @r#"{"schemaVersion":1,"label":"eyrie","message":"41.6% C (incomplete)","color":"orange","isError":true}"#);
    let mut nothing = fixture::falco();
    nothing.projects.clear();
    insta::assert_snapshot!(endpoint(&nothing, None), @r#"{"schemaVersion":1,"label":"eyrie","message":"not assessed","color":"lightgrey"}"#);
    insta::assert_snapshot!(written(|out| badge::render_svg(&fixture::falco(), None, out)), @r##"
    <svg xmlns="http://www.w3.org/2000/svg" width="97" height="20" role="img" aria-label="eyrie: 66.2% B">
    <title>eyrie: 66.2% B</title>
    <clipPath id="r"><rect width="97" height="20" rx="3"/></clipPath>
    <g clip-path="url(#r)"><rect width="38" height="20" fill="#444"/><rect x="38" width="59" height="20" fill="#866700"/></g>
    <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
    <text x="5" y="14" textLength="28">eyrie</text>
    <text x="43" y="14" textLength="49">66.2% B</text>
    </g>
    </svg>
    "##);
}

#[test]
fn a_rating_cannot_break_out_of_the_badge() {
    let mut report = fixture::falco();
    report.projects[0].score.rating = Some("<script>\"&\x1b".into());
    let svg = written(|out| badge::render_svg(&report, None, out));
    assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;&quot;&amp;\\x1b"), "{svg}");
}

#[test]
fn pass_scores_are_exact() {
    for (text, tenths) in [("0", 0), ("75", 750), ("72.5", 725), ("100", 1000), ("100.0%", 1000), ("007", 70)]
    {
        assert_eq!(text.parse::<PassScore>().map(PassScore::tenths), Ok(tenths), "{text}");
    }
    for text in ["", "-1", "100.1", "75.", ".5", "75.55", "1e2", "NaN", "+5", "７５", "75,5", "4294967296"]
    {
        assert!(text.parse::<PassScore>().is_err(), "{text}");
    }
    // CLOMonitor says 74.99999999999999 here.
    assert!("75".parse::<PassScore>().unwrap().reached_by(fixture::of(72, 96)));
    assert!(!"100".parse::<PassScore>().unwrap().reached_by(fixture::of(2499, 2500)));
    assert!("100".parse::<PassScore>().unwrap().reached_by(fixture::of(0, 0)), "nothing applies");
}
