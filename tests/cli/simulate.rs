//! `simulate`: seeds, shards, statistics, and what is told of a fault.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::{code, first_line, lines, run, stderr, stdout, temporary};

/// Arguments of `simulate`, by spaces, and some more.
fn simulate(args: &str, more: &[&str]) -> Output {
    let mut all = vec!["simulate"];
    all.extend(args.split(' '));
    all.extend(more);
    run(&all)
}

#[test]
fn the_same_seeds_are_the_same_bytes_whoever_works_on_them() {
    for format in ["json", "ndjson", "table"] {
        let of = |jobs: &str| {
            let args = format!("--seeds 3..7 --room-version 11 --format {format} --jobs {jobs}");
            stdout(&simulate(&args, &[]))
        };
        let one = of("1");
        assert!(!one.is_empty());
        assert_eq!(one, of("3"), "{format}");
    }
    let rooms = lines(&simulate("--seeds 3..5 --format ndjson", &[]));
    let order: Vec<(u64, &str)> = rooms
        .iter()
        .map(|room| {
            (
                room["seed"].as_u64().unwrap(),
                room["room_version"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(order.len(), 24);
    assert_eq!(
        (order[0], order[11], order[12]),
        ((3, "1"), (3, "12"), (4, "1"))
    );
}

#[test]
fn the_statistics_of_shards_add_up_to_those_of_the_whole() {
    let args = "--seeds 0..7 --room-version 9 --plant disk --crashes 20 --format json";
    let whole = simulate(args, &[]);
    let shards = ["1/3", "2/3", "3/3"].map(|shard| {
        let share = simulate(args, &["--shard", shard]);
        let name = format!("simulate-{}.json", &shard[..1]);
        temporary(&name, &stdout(&share)).display().to_string()
    });
    let merge = |files: &[&str]| {
        let mut args = vec!["simulate", "--format", "json", "--merge"];
        args.extend(files);
        run(&args)
    };
    // The order in which jobs end is nobody's.
    let merged = merge(&[&shards[2], &shards[0], &shards[1]]);
    assert_eq!(stdout(&merged), stdout(&whole));
    assert_eq!((code(&merged), code(&whole)), (1, 1));
    let whole: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(
        (&whole["rooms"], &whole["seeds"]),
        (&json!(7), &json!([{"from": 0, "to": 7, "step": 1}]))
    );
    assert_eq!(code(&merge(&[&shards[0], &shards[0]])), 2);
    let other = simulate("--seeds 8..9 --room-version 9 --format json", &[]);
    let other = temporary("simulate-other.json", &stdout(&other));
    assert_eq!(code(&merge(&[&shards[0], &other.display().to_string()])), 2);
}

#[test]
fn a_fault_is_reported_with_a_smaller_room_and_a_picture() {
    let folder = std::env::temp_dir().join(format!("roomdag-simulate-{}", std::process::id()));
    let out = folder.display().to_string();
    let args = "--seeds 0..4 --room-version 11 --plant disk --crashes 30 --saves 50 --format json";
    let output = simulate(args, &["--out", &out]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let statistics: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failure = &statistics["failures"][0];
    let found = folder.join(format!("v11-seed-{}", failure["seed"]));
    let read = |name: &str| fs::read_to_string(found.join(name)).unwrap();

    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(
        (&report["seed"], &report["check"]),
        (&failure["seed"], &json!("restore"))
    );
    let (events, whole) = (read("events.ndjson"), read("whole.ndjson"));
    assert!(events.lines().count() < whole.lines().count());
    assert_eq!(report["minimised"]["events"], events.lines().count());
    for line in events.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap().is_object());
    }
    let picture = read("room.svg");
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(read("room.dot").starts_with("digraph"));
    let story = read("story.txt");
    assert!(story.contains("comes back otherwise"));
    // In words, and not in those of the program.
    for debug in [
        "Some(",
        "None",
        "Weather",
        "HashCheck",
        "Mismatch",
        "Accepted",
    ] {
        assert!(!story.contains(debug), "{debug}: {story}");
    }

    // The command that the report gives tells the story again.
    let command = report["minimised"]["command"].as_str().unwrap();
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let again = run(&args);
    assert_eq!(code(&again), 1);
    assert!(stderr(&again).contains(report["minimised"]["what"].as_str().unwrap()));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_engine_that_panics_is_reported_like_one_that_errs() {
    let args = "--seeds 0..40 --room-version 11 --plant panic --format json";
    let folder = std::env::temp_dir().join(format!("roomdag-panic-{}", std::process::id()));
    let output = simulate(args, &["--out", &folder.display().to_string()]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let statistics: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failure = &statistics["failures"][0];
    assert_eq!(failure["check"], "panic");
    let found = folder.join(format!("v11-seed-{}", failure["seed"]));
    let report = fs::read_to_string(found.join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["what"], "the engine panics: a planted fault");
    let events = fs::read_to_string(found.join("events.ndjson")).unwrap();
    assert_eq!(report["minimised"]["events"], events.lines().count());
    fs::remove_dir_all(folder).unwrap();

    let command = report["minimised"]["command"].as_str().unwrap();
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let again = run(&args);
    assert_eq!(code(&again), 1, "{}", stderr(&again));
    assert!(stderr(&again).contains("the engine panics: a planted fault"));
    assert!(!stderr(&again).contains("panicked at"));
}

#[test]
fn a_folder_that_cannot_be_is_refused_before_the_work() {
    let file = temporary("simulate-no-folder", "");
    let within = file.join("found").display().to_string();
    // A campaign of which nobody would see the end.
    let args = "--seeds 0..18446744073709551615 --format json";
    let output = simulate(args, &["--out", &within]);
    assert_eq!(code(&output), 2);
    assert!(output.stdout.is_empty());
    assert!(stderr(&output).contains(&within), "{}", stderr(&output));
}

#[test]
fn a_story_without_some_steps_does_not_add_up_with_a_whole_one() {
    let args = "--room-version 11 --format json --seed";
    let whole = simulate(args, &["1"]);
    let shortened = simulate(args, &["2", "--without", "3,4"]);
    let read = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };
    assert_eq!(read(&whole)["without"], json!([]));
    assert_eq!(read(&shortened)["without"], json!([3, 4]));
    let mut older = read(&simulate(args, &["3"]));
    assert_eq!(older["roomdag"], env!("CARGO_PKG_VERSION"));
    older["roomdag"] = json!("0.0.0");
    let whole = temporary("simulate-whole.json", &stdout(&whole));
    for (name, other) in [
        ("simulate-shortened.json", stdout(&shortened)),
        ("simulate-older.json", older.to_string()),
    ] {
        let other = temporary(name, &other).display().to_string();
        let merged = run(&["simulate", "--merge", &whole.display().to_string(), &other]);
        assert_eq!(code(&merged), 2);
        assert!(
            stderr(&merged).contains("were given"),
            "{}",
            stderr(&merged)
        );
    }
}

#[test]
fn what_servers_hold_otherwise_is_told_in_words() {
    let args = "--seeds 0..3 --room-version 11 --plant resolution --format ndjson";
    let output = simulate(args, &[]);
    assert_eq!(code(&output), 1);
    let rooms = lines(&output);
    let what = rooms
        .iter()
        .find_map(|room| room["wrong"]["what"].as_str())
        .unwrap();
    assert!(
        what.contains("differ") && what.contains(", in the replay $"),
        "{what}"
    );
    assert!(!what.contains("Some(") && !what.contains(" { "), "{what}");
}

#[test]
fn a_campaign_without_end_is_ended_by_its_reader() {
    let largest = simulate(
        "--room-version 11 --format ndjson --seed",
        &[&u64::MAX.to_string()],
    );
    assert_eq!(lines(&largest)[0]["seed"], u64::MAX);

    let (room, code) = first_line(&[
        "simulate",
        "--seeds",
        "0..18446744073709551615",
        "--room-version",
        "11",
        "--format",
        "ndjson",
    ]);
    assert_eq!(room["seed"], 0);
    assert!(code.is_some_and(|code| code < 2));
}

#[test]
fn what_is_no_statistics_is_called_so() {
    for (name, text) in [("empty.json", "[]"), ("lines.json", "{}\n{}\n")] {
        let path = temporary(name, text).display().to_string();
        let output = run(&["simulate", "--merge", &path]);
        assert_eq!(code(&output), 2);
        assert!(
            stderr(&output).contains("not one JSON object"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn the_bounds_of_conditions_are_in_the_help() {
    let help = stdout(&run(&["simulate", "--help"]));
    for option in [
        "servers",
        "hostile",
        "users",
        "steps",
        "delay",
        "loss",
        "repeats",
        "reordering",
        "partitions",
        "crashes",
        "saves",
        "lazy",
        "malice",
        "late",
    ] {
        let refused = stderr(&simulate(&format!("--{option} 99999999"), &[]));
        let bounds = refused.split("is not in ").nth(1).expect(option);
        let bounds = bounds
            .split_whitespace()
            .next()
            .unwrap()
            .replace("..=", " to ");
        let entry = help.split(&format!("--{option} <")).nth(1).expect(option);
        let entry = entry.split("\n\n").next().unwrap();
        assert!(
            entry.trim_end().ends_with(&format!(": {bounds}")),
            "{option}: {entry}"
        );
    }
}

#[test]
fn a_campaign_that_cannot_be_is_refused() {
    for args in [
        "--seeds 5..5",
        "--seeds 0..4 --shard 3/2",
        "--seed 1 --room-version 13",
        "--seed 1 --servers 0",
        "--seed 1 --loss 101",
        "--merge tests/data/scenario.json5",
        "--seeds 0..2 --without 3",
        "--seed 3 --without 0",
        "--seed 3 --without 99999999",
    ] {
        assert_eq!(code(&simulate(args, &[])), 2, "{args}");
    }
}
