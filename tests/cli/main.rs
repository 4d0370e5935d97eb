//! The tool, end to end, on files of `spec-vectors/` and `tests/data/`.
#![allow(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, and says where"
)]

mod conformance;
mod generate;
mod input;
mod simulate;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

const V11: &str = "spec-vectors/rooms/v11-small/events.ndjson";
const V1: &str = "spec-vectors/rooms/v1-small/events.ndjson";
const KEYS: &str = "spec-vectors/rooms/server_keys.json";
const EVENT: &str = "spec-vectors/events/example.json";
const EVENT_KEY: &str = "spec-vectors/events/example.key";
const SCENARIO: &str = "tests/data/scenario.json5";

fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roomdag"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("NO_COLOR")
        .env_remove("RUST_BACKTRACE");
    command
}

fn run(args: &[&str]) -> Output {
    tool().args(args).output().unwrap()
}

fn run_with(args: &[&str], input: &[u8]) -> Output {
    let mut command = tool();
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A tool that gives up early need not read everything.
    let _ = writer.join().unwrap();
    output
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn document(output: &Output) -> Value {
    assert_eq!(code(output), 0, "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    stdout(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The first line that a call prints, of which no more is read, and the code with which it ends.
fn first_line(args: &[&str]) -> (Value, Option<i32>) {
    let mut child = tool()
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    drop(stdout);
    let line = serde_json::from_str(&first).unwrap();
    (line, child.wait().unwrap().code())
}

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn events(path: &str) -> Vec<Value> {
    file(path)
        .split_terminator('\n')
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn expected(room: &str) -> Value {
    serde_json::from_str(&file(&room.replace("events.ndjson", "expected.json"))).unwrap()
}

/// A file of this test run, in a folder of its own: tests run side by side.
fn temporary(name: &str, content: &str) -> PathBuf {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("cli-{}", FOLDERS.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn resolved(input: &str) -> Value {
    document(&run_with(&["resolve", "-"], input.as_bytes()))
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect()
}

#[test]
fn resolve_prints_what_real_servers_agree_on() {
    for room in [V1, V11] {
        let expected = expected(room);
        let server = &expected["servers"]["A"];
        let answer = document(&run(&["resolve", room]));
        assert_eq!(answer["digest"], server["current_state"], "{room}");
        assert_eq!(answer["room_id"], expected["room_id"]);
        assert_eq!(answer["room_version"], expected["room_version"]);
        assert_eq!(answer["extremities"], server["forward_extremities"]);
        assert_eq!(answer["events"], events(room).len());
        let keys: Vec<_> = answer["state"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                (
                    entry["type"].as_str().unwrap(),
                    entry["state_key"].as_str().unwrap(),
                )
            })
            .collect();
        assert!(keys.is_sorted());
    }
}

#[test]
fn every_form_of_a_room_is_the_same_room() {
    let all = events(V11);
    let whole = resolved(&file(V11));
    let mut backwards = all.clone();
    backwards.reverse();
    let backwards: String = backwards
        .iter()
        .map(|event| format!("{event}\r\n\n"))
        .collect();
    let forms = [
        backwards,
        Value::from(all.clone()).to_string(),
        serde_json::to_string_pretty(&all).unwrap(),
        json!({ "events": all }).to_string(),
        json!({ "events": all, "room_version": "11", "heads": whole["extremities"] }).to_string(),
        json!({ "pdus": all }).to_string(),
        json!({ "auth_chain": all }).to_string(),
        format!("\u{feff}{}", file(V11)),
    ];
    for form in forms {
        assert_eq!(resolved(&form), whole, "{form:.80}");
    }
}

#[test]
fn lines_end_at_line_feeds_only() {
    let mut all = events(V11);
    all[3]["__note"] = "first\u{2028}second\u{85}third".into();
    let text: String = all.iter().map(|event| format!("{event}\n")).collect();
    assert!(text.contains('\u{2028}'));
    assert_eq!(resolved(&text), resolved(&file(V11)));
}

#[test]
fn a_state_response_is_a_claim() {
    let all = events(V11);
    let whole = resolved(&file(V11));
    let state = whole["state"].as_array().unwrap().iter();
    let state: BTreeSet<_> = state
        .map(|entry| entry["event_id"].as_str().unwrap())
        .collect();
    let (pdus, rest): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|event| state.contains(event["event_id"].as_str().unwrap()));
    let chain: Vec<_> = rest
        .into_iter()
        .filter(|event| event.get("state_key").is_some())
        .collect();
    let response = json!({ "pdus": pdus, "auth_chain": chain });
    let join = json!([200, { "origin": "x", "state": pdus, "auth_chain": chain }]);
    for response in [response, join] {
        let answer = resolved(&response.to_string());
        assert_eq!(answer["claimed"], true);
        assert_eq!(answer["state"], whole["state"]);
        assert_eq!(answer["digest"], whole["digest"]);
        let checked = run_with(&["check", "-"], response.to_string().as_bytes());
        assert_eq!(code(&checked), 1);
        assert!(
            lines(&checked)
                .iter()
                .all(|row| row["auth_events"] == "allow")
        );
        assert!(
            lines(&checked)
                .iter()
                .any(|row| row["verdict"] == "waiting")
        );
    }
}

#[test]
fn the_state_at_an_event_is_before_or_after_it() {
    for room in [V1, V11] {
        let expected = expected(room);
        for (id, event) in expected["events"].as_object().unwrap().iter().take(12) {
            let after = document(&run(&["resolve", room, "--at", id]));
            let before = document(&run(&["resolve", room, "--at", id, "--before"]));
            assert_eq!(
                (&after["digest"], &after["before"]),
                (&event["after"], &json!(false))
            );
            assert_eq!(
                (&before["digest"], &before["before"]),
                (&event["before"], &json!(true))
            );
        }
    }
    let unknown = run(&["resolve", V11, "--at", "$nowhere"]);
    assert_eq!(code(&unknown), 2);
    assert!(stderr(&unknown).contains("`$nowhere` is not in"));
}

#[test]
fn given_states_are_resolved() {
    let whole = resolved(&file(V11));
    let id = whole["extremities"][0].as_str().unwrap();
    let before = document(&run(&["resolve", V11, "--at", id, "--before"]));
    let entries = temporary("entries.json", &whole["state"].to_string());
    let list: Value = whole["state"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event_id"].clone())
        .collect();
    let list = temporary("list.json", &list.to_string());
    let earlier = temporary("earlier.json", &before.to_string());
    let paths = [&entries, &list, &earlier].map(|path| path.to_str().unwrap());
    let answer = document(&run(&[
        "resolve", V11, "--states", paths[0], paths[1], paths[2],
    ]));
    assert_eq!(answer["digest"], whole["digest"]);
    assert!(answer.get("extremities").is_none());

    // What stands behind the option is a state, which the usage shows.
    let swallowed = run(&["resolve", "--states", paths[0], V11]);
    assert_eq!(code(&swallowed), 2);
    assert!(stderr(&swallowed).contains("resolve <ROOM> [OPTIONS] [--states <FILE>...]"));

    let wrong = temporary("wrong.json", r#"["$nowhere"]"#);
    let refused = run(&["resolve", V11, "--states", wrong.to_str().unwrap()]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("wrong.json: event `$nowhere` is not in the room"));
}

#[test]
fn options_are_echoed() {
    let plain = json!({
        "algorithm": "v2", "auth_difference": "inclusive", "rejected": "spec", "missing": "error"
    });
    assert_eq!(resolved(&file(V11))["options"], plain);
    let given = [
        "--algorithm",
        "v2.1",
        "--auth-difference",
        "exclusive",
        "--rejected",
        "skip",
    ];
    let args = [&["resolve", V11][..], &given, &["--missing", "report"]].concat();
    let answer = document(&run(&args));
    let echo = json!({
        "algorithm": "v2.1", "auth_difference": "exclusive", "rejected": "skip", "missing": "report"
    });
    assert_eq!(answer["options"], echo);
    assert_eq!(answer["missing_auth_events"], json!([]));
    let args = [&["check", V11][..], &given, &["--missing", "absent"]].concat();
    assert_eq!(lines(&run(&args))[0]["options"]["algorithm"], "v2.1");
    assert_eq!(code(&run(&["resolve", V11, "--algorithm", "v3"])), 2);
}

#[test]
fn check_gives_each_event_the_verdict_of_real_servers() {
    for room in [V1, V11] {
        let expected = expected(room);
        let output = run(&["check", room, "--keys", KEYS]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let rows = lines(&output);
        assert_eq!(rows.len(), events(room).len());
        for row in &rows {
            let event = &expected["events"][row["event_id"].as_str().unwrap()];
            assert_eq!(row["state_before"], event["before"]);
            assert_eq!(row["state_after"], event["after"]);
            assert_eq!(row["signatures"], "valid");
            assert_eq!(row["content_hash"], "ok");
            assert_eq!(row["verdict"], "accepted");
        }
        let array = document(&run(&["check", room, "--keys", KEYS, "--format", "json"]));
        assert_eq!(array, Value::from(rows));
    }
}

#[test]
fn check_lists_what_is_cited_first() {
    let mut seen = BTreeSet::new();
    let all = events(V11);
    for row in lines(&run(&["check", V11])) {
        let event = all
            .iter()
            .find(|event| event["event_id"] == row["event_id"])
            .unwrap();
        for list in ["prev_events", "auth_events"] {
            assert!(ids(&event[list]).into_iter().all(|id| seen.contains(id)));
        }
        seen.insert(row["event_id"].as_str().unwrap().to_owned());
    }
}

#[test]
fn arrival_order_tells_soft_failures() {
    let plain = lines(&run(&["check", V11]));
    let arrived = run(&["check", V11, "--arrival-order"]);
    let arrived = lines(&arrived);
    assert!(
        plain
            .iter()
            .all(|row| row.get("auth_current_state").is_none())
    );
    assert!(
        arrived
            .iter()
            .all(|row| row.get("auth_current_state").is_some())
    );
    assert!(plain.iter().all(|row| row["verdict"] != "soft_failed"));

    let room = run(&["generate", "--preset", "soft-fail", "--seed", "1"]).stdout;
    let soft_failed = |args: &[&str]| {
        let mut rows = lines(&run_with(args, &room));
        rows.retain(|row| row["verdict"] == "soft_failed");
        rows
    };
    assert_eq!(soft_failed(&["check", "-"]), Vec::<Value>::new());
    let rows = soft_failed(&["check", "-", "--arrival-order"]);
    assert!(rows.len() >= 10, "{}", rows.len());
    for row in rows {
        assert_eq!(row["auth_current_state"], "reject", "{row}");
        assert_eq!(row["auth_state"], "allow", "{row}");
    }
}

#[test]
fn bad_lines_are_reported_and_the_rest_is_used() {
    let room = file(V11);
    let (create, rest) = room.split_once('\n').unwrap();
    let bad = format!(
        "{create}\nnot json\n\n{rest}{create}\n{{\"type\":\"m.room.message\",\"sender\":5}}\n\
         {{\"event_id\":\"$float\",\"type\":\"m.x\",\"content\":{{\"n\":1.5}}}}\n[1]\n\
         {{\"type\":\"m.x\",\"sender\":\"@a:b\",\"sender\":\"@c:d\"}}\n"
    );
    let path = temporary("bad.ndjson", &bad);
    let path = path.to_str().unwrap();
    let output = run(&["resolve", path]);
    let answer = document(&output);
    assert_eq!(answer["digest"], resolved(&room)["digest"]);
    let count = room.lines().count();
    let line = |number: usize| format!("bad.ndjson:{number}: ");
    let messages = stderr(&output);
    assert!(messages.contains(&line(2)), "{messages}");
    assert!(
        messages.contains(&format!("{}event `$", line(count + 3))),
        "{messages}"
    );
    assert!(
        messages.contains(&format!("{}`room_id` is missing", line(count + 4))),
        "{messages}"
    );
    assert!(messages.contains(&line(count + 5)), "{messages}");
    assert!(messages.contains(&line(count + 6)), "{messages}");
    let repeated = format!(
        "{}not canonical JSON: key `sender` appears",
        line(count + 7)
    );
    assert!(messages.contains(&repeated), "{messages}");

    let checked = run(&["check", path]);
    assert_eq!(code(&checked), 1);
    let dropped: Vec<_> = lines(&checked)
        .into_iter()
        .filter(|row| row["verdict"] == "dropped")
        .collect();
    assert_eq!(dropped.len(), 3);
    assert!(
        dropped
            .iter()
            .all(|row| row["format"] == "invalid" && row["reason"].is_string())
    );
    assert!(dropped.iter().any(|row| row["event_id"] == "$float"));
    // Of what has a key twice, nothing can be relied on but where it is.
    let repeated = &dropped[2];
    assert_eq!(repeated["position"], format!("line {}", count + 7));
    assert!(repeated["event_id"].is_null() && repeated["sender"].is_null());
    let summary = format!("{count} accepted, 3 dropped, 2 unreadable");
    assert!(stderr(&checked).contains(&summary), "{}", stderr(&checked));

    let strict = run(&["resolve", path, "--strict"]);
    assert_eq!(code(&strict), 2);
    assert!(strict.stdout.is_empty());
    assert!(stderr(&strict).contains(&line(2)));
}

#[test]
fn broken_elements_of_an_array_are_reported_by_line() {
    let all = events(V11);
    let elements: Vec<String> = all.iter().map(ToString::to_string).collect();
    let array = format!("[\n{},\n{{\"a\":tru}}\n]", elements.join(",\n"));
    let output = run_with(&["resolve", "-"], array.as_bytes());
    assert_eq!(document(&output)["events"], all.len());
    assert!(stderr(&output).contains(&format!("<stdin>:{}: ", all.len() + 2)));
}

#[test]
fn a_wrong_event_id_is_reported_and_not_used() {
    let room = file(V11);
    let id = events(V11)[4]["event_id"].as_str().unwrap().to_owned();
    let other = format!("$x{}", &id[2..]);
    let stated = |id: &str| format!("{{\"event_id\":\"{id}\"");
    let changed = room.replacen(&stated(&id), &stated(&other), 1);
    assert_ne!(changed, room);
    let output = run_with(&["check", "-"], changed.as_bytes());
    assert_eq!(code(&output), 0);
    let message = format!("<stdin>:5: `event_id` is `{other}`, but the event's id is `{id}`");
    assert!(stderr(&output).contains(&message), "{}", stderr(&output));
    assert!(lines(&output) == lines(&run(&["check", V11])));
    assert_eq!(
        code(&run_with(&["check", "-", "--strict"], changed.as_bytes())),
        2
    );

    let trusted = run_with(&["check", "-", "--trust-event-ids"], changed.as_bytes());
    assert_eq!(code(&trusted), 1);
    assert!(
        lines(&trusted)
            .iter()
            .any(|row| row["event_id"] == other.as_str())
    );
    assert!(
        lines(&trusted)
            .iter()
            .any(|row| row["reason"] == format!("`{id}` is missing"))
    );
}

#[test]
fn a_forged_event_is_dropped_and_an_altered_one_is_redacted() {
    let mut all = events(V11);
    let message = all
        .iter_mut()
        .find(|event| event["type"] == "m.room.message")
        .unwrap();
    message["content"]["body"] = "altered".into();
    let altered = message["event_id"].clone();
    let name = all
        .iter_mut()
        .find(|event| event["type"] == "m.room.name")
        .unwrap();
    name["depth"] = json!(1);
    name.as_object_mut().unwrap().remove("event_id");
    let text: String = all.iter().map(|event| format!("{event}\n")).collect();
    let rows = lines(&run_with(&["check", "-", "--keys", KEYS], text.as_bytes()));
    let row = rows.iter().find(|row| row["event_id"] == altered).unwrap();
    assert_eq!(
        (&row["content_hash"], &row["signatures"]),
        (&json!("mismatch"), &json!("valid"))
    );
    let forged = rows.last().unwrap();
    assert_eq!(forged["verdict"], "dropped");
    assert_eq!(forged["signatures"], "invalid");
    assert_eq!(forged["format"], "ok");
}

#[test]
fn keys_come_in_three_forms_and_expire() {
    let plain: Value = serde_json::from_str(&file(KEYS)).unwrap();
    let convert = |validity: &str, ts: u64| -> Value {
        let mut keys = plain.clone();
        for server in keys.as_object_mut().unwrap().values_mut() {
            for key in server.as_object_mut().unwrap().values_mut() {
                *key = json!({ "key": key.clone(), validity: ts });
            }
        }
        keys
    };
    let documents: Value = plain
        .as_object()
        .unwrap()
        .iter()
        .map(|(server, keys)| {
            let (id, key) = keys.as_object().unwrap().iter().next().unwrap();
            json!({
                "server_name": server, "valid_until_ts": 9_000_000_000_000_u64,
                "verify_keys": { id: { "key": key } }, "old_verify_keys": {},
            })
        })
        .collect();
    let verdicts = |name: &str, keys: &Value, now: &str| {
        let path = temporary(name, &keys.to_string());
        let output = run(&["check", V11, "--now", now, "--keys", path.to_str().unwrap()]);
        let rows = lines(&output);
        rows.iter()
            .map(|row| row["signatures"].to_string())
            .collect::<BTreeSet<_>>()
    };
    let late = "2000000000000";
    assert_eq!(
        verdicts(
            "until.json",
            &convert("valid_until_ts", 9_000_000_000_000),
            late
        ),
        only("valid")
    );
    assert_eq!(
        verdicts("old.json", &convert("expired_ts", 9_000_000_000_000), late),
        only("valid")
    );
    assert_eq!(verdicts("documents.json", &documents, late), only("valid"));
    assert_eq!(
        verdicts("expired.json", &convert("expired_ts", 1), late),
        only("invalid")
    );
    // A key is believed for a week from now, whatever its server says.
    assert_eq!(
        verdicts(
            "early.json",
            &convert("valid_until_ts", 9_000_000_000_000),
            "1000"
        ),
        only("invalid")
    );

    let broken = temporary("broken.json", r#"{"a":{"ed25519:x":"AAAA"}}"#);
    let output = run(&["check", V11, "--keys", broken.to_str().unwrap()]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("broken.json: `a` `ed25519:x`"));
}

#[test]
fn the_room_version_comes_from_the_caller_or_the_create_event() {
    let tail: String = file(V11).split_inclusive('\n').skip(1).collect();
    let output = run_with(&["resolve", "-"], tail.as_bytes());
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--room-version"));
    let output = run_with(&["check", "-", "--room-version", "11"], tail.as_bytes());
    assert_eq!(code(&output), 1);
    assert!(lines(&output).iter().all(|row| row["verdict"] == "waiting"));
    assert_eq!(code(&run(&["resolve", V11, "--room-version", "nope"])), 2);
    assert_eq!(document(&run(&["resolve", V1]))["room_version"], "1");
}

#[test]
fn unusable_input_is_no_answer() {
    let deep = "[".repeat(200_000);
    let scenario = format!("{{tardis_version: 1, events: {deep}");
    let inputs = [
        "",
        "\n \n",
        "{}",
        "[]",
        "17",
        "nonsense",
        "[1,2",
        "{\"events\":3}",
        &deep,
        &scenario,
    ];
    for input in inputs {
        let output = run_with(&["resolve", "-"], input.as_bytes());
        assert_eq!(code(&output), 2, "{input:.40}");
        assert!(output.stdout.is_empty());
        assert!(
            stderr(&output).starts_with("error: <stdin>:"),
            "{}",
            stderr(&output)
        );
    }
    // The fault is named, and not that no line names a room version.
    let output = run_with(&["resolve", "-"], b"junk\njunk\n");
    assert!(stderr(&output).starts_with("error: <stdin>:1: not canonical JSON"));
    for verb in ["resolve", "check"] {
        let output = run_with(&[verb, "-", "--room-version", "11"], b"junk\njunk\n");
        assert_eq!(code(&output), 2, "{verb}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(code(&run(&["resolve", "/does/not/exist"])), 2);
    assert_eq!(code(&run(&["no-such-verb"])), 2);
    assert_eq!(code(&run(&["resolve"])), 2);
}

#[test]
fn a_scenario_is_a_room() {
    let rows = lines(&run(&["check", SCENARIO]));
    assert_eq!(rows.len(), 8);
    assert!(
        rows.iter()
            .all(|row| row["verdict"] == "accepted" && row["content_hash"] == "ok")
    );
    // What TARDIS itself calls the create event.
    assert_eq!(
        rows[0]["event_id"],
        "$cz0SjjwzXQCwyFXlex-Tf3e40bigYZwZyLyLT0CWoDU"
    );

    let named = file(SCENARIO).replace("calculate_event_ids: true,", "");
    let output = run_with(&["resolve", "-", "--trust-event-ids"], named.as_bytes());
    let answer = document(&output);
    let name = answer["state"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["type"] == "m.room.name");
    assert_eq!(name.unwrap()["event_id"], "$BOB_NAME");
    assert_eq!(answer["extremities"], json!(["$MERGE"]));

    let untrusted = run_with(&["check", "-"], named.as_bytes());
    assert_eq!(code(&untrusted), 1);
    assert!(stderr(&untrusted).contains("event 1: `event_id` is `$CREATE`"));
    for version in ["1", "3", "11"] {
        let other = named.replace("'10'", &format!("'{version}'"));
        let output = run_with(&["check", "-", "--trust-event-ids"], other.as_bytes());
        assert_eq!(code(&output), 0, "{version}: {}", stderr(&output));
    }
}

#[test]
fn a_scenario_may_give_states_where_history_is_missing() {
    let gap = file(SCENARIO).replace(
        r#"prev_events: ["$LEVELS"], auth_events: ["$CREATE", "$BOB", "$LEVELS"]"#,
        r#"prev_events: ["$GONE"], auth_events: ["$CREATE", "$BOB", "$LEVELS"]"#,
    );
    let waiting = run_with(&["check", "-"], gap.as_bytes());
    assert_eq!(
        lines(&waiting)
            .iter()
            .filter(|row| row["verdict"] == "waiting")
            .count(),
        2
    );
    let bridged = gap.replace(
        "events: [\n",
        "precalculated_state_after: { $BOB_NAME: ['$CREATE', '$ALICE', '$RULES', '$BOB', '$LEVELS', \
         '$BOB_NAME'] },\n events: [\n",
    );
    let output = run_with(&["check", "-"], bridged.as_bytes());
    assert_eq!(code(&output), 0, "{}{}", stderr(&output), stdout(&output));
}

#[test]
fn synthetic_events_need_not_be_complete() {
    let room = r#"{"event_id":"$C","room_id":"!r:x","type":"m.room.create","state_key":"","sender":"@a:x","content":{"creator":"@a:x","room_version":"6"}}
{"event_id":"$J","room_id":"!r:x","type":"m.room.member","state_key":"@a:x","sender":"@a:x","content":{"membership":"join"},"prev_events":["$C"],"auth_events":["$C"]}
"#;
    let output = run_with(&["resolve", "-", "--trust-event-ids"], room.as_bytes());
    assert_eq!(document(&output)["extremities"], json!(["$J"]));
    assert_eq!(code(&run_with(&["check", "-"], room.as_bytes())), 1);
}

#[test]
fn an_event_among_its_own_ancestors_is_dropped() {
    let circle = file(SCENARIO)
        .replace("calculate_event_ids: true,", "")
        .replace(
            r#"prev_events: ["$BOB"]"#,
            r#"prev_events: ["$BOB", "$BOB_NAME"]"#,
        );
    let output = run_with(&["check", "-", "--trust-event-ids"], circle.as_bytes());
    assert_eq!(code(&output), 1);
    let rows = lines(&output);
    assert_eq!(rows.len(), 8);
    let dropped: Vec<_> = rows
        .iter()
        .filter(|row| row["verdict"] == "dropped")
        .collect();
    let names: Vec<_> = dropped
        .iter()
        .map(|row| row["event_id"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["$BOB_NAME", "$LEVELS"]);
    for row in dropped {
        assert_eq!(row["reason"], "the event is among its own ancestors");
        assert!(row["sender"].is_string());
    }
}

#[test]
fn the_answer_depends_on_the_set_of_events_only() {
    let first = run(&["check", V11]);
    let second = run(&["check", V11]);
    assert_eq!(first.stdout, second.stdout);
    let mut shuffled: Vec<String> = file(V11).lines().map(ToOwned::to_owned).collect();
    shuffled.sort_by_key(|line| line.len() % 7);
    let shuffled = shuffled.join("\n");
    assert_eq!(
        run_with(&["check", "-"], shuffled.as_bytes()).stdout,
        first.stdout
    );
}

#[test]
fn of_two_copies_the_whole_one_counts() {
    let all = events(V11);
    let name = all
        .iter()
        .find(|event| event["type"] == "m.room.topic")
        .unwrap();
    let mut altered = name.clone();
    altered["content"]["topic"] = "altered".into();
    let id = &name["event_id"];
    let room = file(V11);
    for text in [format!("{altered}\n{room}"), format!("{room}{altered}\n")] {
        let output = run_with(&["check", "-"], text.as_bytes());
        let rows = lines(&output);
        assert_eq!(
            rows.iter().find(|row| row["event_id"] == *id).unwrap()["content_hash"],
            "ok"
        );
        assert!(stderr(&output).contains("already"));
    }
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    // More than fits into a pipe, so that the tool cannot have printed all before the reader left.
    let args = ["check", "spec-vectors/rooms/v11-parted/events.ndjson"];
    assert!(run(&args).stdout.len() > 2 * 65_536);
    let mut child = tool()
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut byte = [0];
    stdout.read_exact(&mut byte).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0);
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
}

#[test]
fn tables_are_for_people() {
    let plain = run(&["check", V11, "--format", "table"]);
    let text = stdout(&plain);
    assert!(text.starts_with("EVENT"));
    assert_eq!(text.lines().count(), events(V11).len() + 1);
    assert!(!text.contains('\u{1b}'));
    let colored = run(&["check", V11, "--format", "table", "--color", "always"]);
    assert!(stdout(&colored).contains("\u{1b}[32maccepted\u{1b}[0m"));
    let never = run(&["resolve", V11, "--format", "table", "--color", "never"]);
    assert!(!stdout(&never).contains('\u{1b}'));
    let asked = tool()
        .args(["check", V11, "--format", "table"])
        .env("NO_COLOR", "1")
        .output();
    assert_eq!(asked.unwrap().stdout, plain.stdout);
    assert!(stderr(&plain).contains("62 accepted"));
    assert!(run(&["check", V11, "--quiet"]).stderr.is_empty());
    assert!(run(&["-q", "resolve", "/does/not/exist"]).stderr.is_empty());
}

#[test]
fn what_a_terminal_would_act_upon_is_escaped() {
    let room = r#"{"event_id":"$C","room_id":"!r:x","type":"m.room.create","state_key":"","sender":"@a\u001b[31m:x","content":{"creator":"@a:x","room_version":"6"}}"#;
    let output = run_with(
        &["check", "-", "--trust-event-ids", "--format", "table"],
        room.as_bytes(),
    );
    assert!(!stdout(&output).contains('\u{1b}'));
    assert!(!stderr(&output).contains('\u{1b}'));
}

#[test]
fn event_tells_what_an_event_says_alone() {
    let report = document(&run(&["event", EVENT, "--room-version", "11"]));
    assert_eq!(report["content_hash_ok"], true);
    assert_eq!(report["format"], "ok");
    assert_eq!(
        report["required_signers"],
        json!([{"role": "sender", "server": "example.org"}])
    );
    assert_eq!(report["redacted"]["content"], json!({}));
    let room_event = events(V11)[4].clone();
    let report = document(&run_with(
        &["event", "--room-version", "11", "--keys", KEYS],
        room_event.to_string().as_bytes(),
    ));
    assert_eq!(report["event_id"], room_event["event_id"]);
    assert_eq!(report["event_id_ok"], true);
    assert_eq!(report["signatures"], "valid");

    let mut altered = room_event.clone();
    altered["content"] = json!({ "altered": true });
    let output = run_with(
        &["event", "--room-version", "11"],
        altered.to_string().as_bytes(),
    );
    assert_eq!(code(&output), 1);
    assert_eq!(code(&run(&["event", EVENT])), 2);
    // A create event tells its room version itself.
    let create = events(V11)[0].to_string();
    assert_eq!(
        document(&run_with(&["event"], create.as_bytes()))["room_version"],
        "11"
    );
    // The canonical bytes are those of the event, without what the dump added.
    let canonical = stdout(&run_with(&["event", "--canonical"], create.as_bytes()));
    assert!(
        canonical.starts_with(r#"{"auth_events":[],"content":{"#) && canonical.ends_with("}\n")
    );
    assert!(!canonical.contains("event_id"));
    let two = run_with(&["event", "--format", "ndjson"], file(V11).as_bytes());
    assert_eq!(lines(&two).len(), events(V11).len());
}

#[test]
fn a_signed_event_verifies() {
    let unsigned = r#"{"type":"m.x","sender":"@a:example.org","room_id":"!r:example.org","content":{"n":1},"depth":2,"origin_server_ts":1,"prev_events":[],"auth_events":[]}"#;
    let generated = run(&["keygen", "--id", "mine"]);
    let line = stdout(&generated);
    assert!(line.starts_with("ed25519 mine ") && line.ends_with('\n'));
    assert_ne!(stdout(&run(&["keygen", "--id", "mine"])), line);
    assert!(stdout(&run(&["keygen"])).starts_with("ed25519 a_"));
    let key = temporary("signing.key", &line);
    let args = [
        "sign",
        "--key",
        key.to_str().unwrap(),
        "--server",
        "example.org",
    ];
    let signed = run_with(
        &[&args[..], &["--room-version", "6"]].concat(),
        unsigned.as_bytes(),
    );
    assert_eq!(code(&signed), 0, "{}", stderr(&signed));
    let public = stderr(&generated)
        .trim()
        .rsplit(' ')
        .next()
        .unwrap()
        .to_owned();
    let keys = json!({ "example.org": { "ed25519:mine": public } });
    let keys = temporary("public.json", &keys.to_string());
    let args = [
        "event",
        "--room-version",
        "6",
        "--keys",
        keys.to_str().unwrap(),
    ];
    assert_eq!(
        document(&run_with(&args, &signed.stdout))["signatures"],
        "valid"
    );
    // Signing again with the same key gives the same event.
    let again = run(&[
        "sign",
        "--key",
        EVENT_KEY,
        "--server",
        "example.org",
        "--room-version",
        "11",
        EVENT,
    ]);
    assert_eq!(stdout(&again), file(EVENT));
    let redacted = run(&["redact", EVENT, "--room-version", "11"]);
    assert_eq!(
        run_with(&["redact", "--room-version", "11"], &redacted.stdout).stdout,
        redacted.stdout
    );
}

#[test]
fn completions_and_manual_pages_are_there() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            stdout(&run(&["completions", shell])).contains("resolve"),
            "{shell}"
        );
    }
    assert!(stdout(&run(&["man"])).contains("roomdag\\-resolve"));
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("man");
    let output = run(&["man", "--dir", dir.to_str().unwrap()]);
    assert_eq!(code(&output), 0);
    for page in ["roomdag.1", "roomdag-check.1", "roomdag-resolve.1"] {
        assert!(
            fs::read_to_string(dir.join(page)).unwrap().contains(".TH"),
            "{page}"
        );
    }
}

/// The examples of the help texts, run as they stand.
#[test]
fn every_verb_shows_two_examples() {
    let usage = stdout(&run(&["--help"]));
    let (_, verbs) = usage.split_once("Commands:\n").unwrap();
    let verbs: Vec<_> = verbs
        .lines()
        .map_while(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.len() >= 13, "{verbs:?}");
    let folder = Path::new(env!("CARGO_BIN_EXE_roomdag")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", folder.display());
    for verb in verbs {
        let help = stdout(&run(&[verb, "--help"]));
        let examples = help
            .split("Examples:")
            .nth(1)
            .expect(verb)
            .replace("\\\n", "");
        let examples: Vec<_> = examples
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(examples.len(), 2, "{verb}");
        for example in examples {
            assert!(example.contains(&format!("roomdag {verb}")), "{example}");
            // What becomes of the last answer is left out.
            let (before, last) = example.split_at(example.rfind("roomdag ").unwrap());
            let last = last.split(['|', '>', '&']).next().unwrap();
            if !last.contains('~') {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("{before}{last}")]);
                shell.current_dir(env!("CARGO_MANIFEST_DIR"));
                let output = shell.env("PATH", &path).output().unwrap();
                assert!(code(&output) < 2, "{example}: {}", stderr(&output));
            }
        }
    }
}

fn only(word: &str) -> BTreeSet<String> {
    BTreeSet::from([format!("\"{word}\"")])
}
