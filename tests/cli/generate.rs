//! `generate`, and what the other verbs make of its rooms.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::{code, document, file, first_line, lines, run, run_with, stderr, stdout, temporary};

/// The presets, with the last room version in which each makes sense.
fn presets() -> Vec<(String, String)> {
    let list = document(&run(&["generate", "--list"]));
    let rows = list.as_array().unwrap().iter();
    let presets = rows.filter(|row| row["kind"] == "preset");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let newest = |row: &Value| text(row["room_versions"].as_array().unwrap().last().unwrap());
    presets
        .map(|row| (text(&row["name"]), newest(row)))
        .collect()
}

#[test]
fn a_generated_room_is_a_room_to_the_other_verbs() {
    let keys = temporary("generate-keys.json", "");
    let keys = keys.to_str().unwrap();
    for (preset, version) in presets() {
        let args = ["generate", "--preset", &preset, "--room-version", &version];
        let more = ["--seed", "5", "--events", "80", "--keys-to", keys];
        let room = run(&[&args[..], &more[..]].concat());
        assert_eq!(code(&room), 0, "{preset}: {}", stderr(&room));
        let checked = run_with(
            &["check", "-", "--arrival-order", "--keys", keys],
            &room.stdout,
        );
        assert!(code(&checked) < 2, "{preset}: {}", stderr(&checked));
        let accepted = lines(&checked)
            .into_iter()
            .filter(|row| row["verdict"] == "accepted");
        assert!(accepted.count() > 15, "{preset}");
        let resolved = run_with(&["resolve", "-", "--keys", keys], &room.stdout);
        assert_eq!(code(&resolved), 0, "{preset}: {}", stderr(&resolved));
        assert_eq!(document(&resolved)["room_version"], *version);
    }
}

#[test]
fn a_room_as_one_object_has_its_own_keys() {
    let args = [
        "generate", "--preset", "invalid", "--seeds", "3..5", "--events", "90",
    ];
    let rooms = stdout(&run(&args));
    assert_eq!(rooms.lines().count(), 2);
    for (seed, room) in (3..).zip(rooms.lines()) {
        let value: Value = serde_json::from_str(room).unwrap();
        assert_eq!(value["seed"], seed);
        assert_eq!(value["preset"], "invalid");
        assert_eq!(value["events"].as_array().unwrap().len(), 90);
        let path = temporary(&format!("generated-{seed}.json"), room);
        let path = path.to_str().unwrap();
        let checked = run(&["check", path, "--keys", path]);
        assert_eq!(code(&checked), 1, "{}", stderr(&checked));
        let verdicts: BTreeSet<String> = lines(&checked)
            .iter()
            .map(|row| row["signatures"].as_str().unwrap().to_owned())
            .collect();
        assert!(
            verdicts.contains("valid") && verdicts.contains("invalid"),
            "{verdicts:?}"
        );
    }
}

#[test]
fn the_jobs_of_an_array_share_out_the_seeds() {
    let all = [
        "generate", "--preset", "calm", "--seeds", "0..7", "--events", "20",
    ];
    let seeds = |output: &str| -> Vec<u64> {
        let rooms = output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        rooms
            .map(|room: Value| room["seed"].as_u64().unwrap())
            .collect()
    };
    let whole = stdout(&run(&all));
    let mut shared: Vec<String> = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let part = stdout(&run(&[&all[..], &["--shard", shard]].concat()));
        shared.extend(part.lines().map(str::to_owned));
    }
    let none = run(&[&all[..], &["--shard", "9/9"]].concat());
    assert_eq!((code(&none), stdout(&none)), (0, String::new()));
    assert!(stderr(&none).contains("none for this one"));
    assert_eq!(seeds(&whole), (0..7).collect::<Vec<_>>());
    let (mut one, mut other): (Vec<_>, Vec<_>) = (whole.lines().collect(), shared.iter().collect());
    one.sort_unstable();
    other.sort_unstable();
    assert_eq!(one, other);
}

#[test]
fn rooms_go_into_a_folder_with_the_keys() {
    let folder = std::env::temp_dir().join(format!("roomdag-generate-{}", std::process::id()));
    let path = folder.to_str().unwrap();
    let args = [
        "generate",
        "--preset",
        "gap",
        "--room-version",
        "9",
        "--seeds",
        "1..3",
        "-o",
        path,
    ];
    let output = run(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let names = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    let expected = [
        "gap-v9-1.left-out.ndjson",
        "gap-v9-1.ndjson",
        "gap-v9-2.left-out.ndjson",
        "gap-v9-2.ndjson",
        "server_keys.json",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());

    let single = run(&[
        "generate",
        "--preset",
        "gap",
        "--room-version",
        "9",
        "--seed",
        "2",
    ]);
    let kept = file(folder.join("gap-v9-2.ndjson").to_str().unwrap());
    assert_eq!(stdout(&single), kept);
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn numbers_and_weights_change_a_room() {
    let args = [
        "generate", "--preset", "calm", "--events", "90", "--as", "rooms",
    ];
    let more = [
        "--members",
        "30",
        "--servers",
        "3",
        "--branches",
        "4",
        "--gaps",
    ];
    let weights = ["--weight", "message=1", "--weight", "invalid=20"];
    let room = document(&run(&[&args[..], &more[..], &weights[..]].concat()));
    assert_eq!(room["server_keys"].as_object().unwrap().len(), 3);
    let left_out = room["left_out"].as_array().unwrap().len();
    assert!(left_out > 0);
    assert_eq!(room["events"].as_array().unwrap().len() + left_out, 90);
}

#[test]
fn what_cannot_be_made_is_said() {
    for (args, reason) in [
        (&["--preset", "none"][..], "'none'"),
        (
            &["--preset", "knocks", "--room-version", "6"],
            "no `knocks` in room version `6`",
        ),
        (
            &["--preset", "calm", "--room-version", "13"],
            "no room version `13`",
        ),
        (&["--preset", "calm", "--weight", "knock"], "not DEED=N"),
        (&["--preset", "calm", "--weight", "peace=1"], "`peace`"),
        (
            &["--preset", "calm", "--members", "1"],
            "`members` is not from",
        ),
        (
            &["--preset", "restricted", "--room-version", "1"],
            "it is in 8, 9",
        ),
        (&["--preset", "calm", "--weight", "peace=1"], "--list"),
        (&["--preset", "calm", "--format", "json"], "--format"),
        (&["--preset", "calm", "--seeds", "5..5"], "5..5"),
        (
            &["--preset", "calm", "--seeds", "0..5", "--shard", "0/2"],
            "0/2",
        ),
        (&[], "--preset"),
    ] {
        let output = run(&[&["generate"], args].concat());
        assert_eq!(code(&output), 2, "{args:?}");
        assert_eq!(stdout(&output), "");
        assert!(
            stderr(&output).contains(reason),
            "{args:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn the_bounds_of_numbers_are_in_the_help() {
    let help = stdout(&run(&["generate", "--help"]));
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for option in ["members", "servers", "events", "branches"] {
        let args = [
            "generate",
            "--preset",
            "calm",
            &format!("--{option}"),
            "99999999",
        ];
        let refused = run(&args);
        assert_eq!(code(&refused), 2, "{option}");
        let refusal = stderr(&refused);
        let bounds = refusal.trim().split("is not from ").nth(1).unwrap();
        assert!(
            help.contains(&format!(": {bounds}, by default")),
            "{bounds}"
        );
    }
}

#[test]
fn the_largest_seed_is_a_seed_and_a_long_range_begins_at_once() {
    let largest = u64::MAX.to_string();
    let args = [
        "generate", "--preset", "calm", "--events", "20", "--seed", &largest,
    ];
    assert_eq!(lines(&run(&args)).len(), 20);

    let args = ["generate", "--preset", "calm", "--events", "20", "--seeds"];
    let (room, code) = first_line(&[&args[..], &["0..18446744073709551615"]].concat());
    // It goes no further than to where nobody reads it.
    assert_eq!((&room["seed"], code), (&0.into(), Some(0)));
}

#[test]
fn a_path_that_ends_like_a_folder_is_one() {
    let folder = std::env::temp_dir().join(format!("roomdag-folder-{}", std::process::id()));
    let path = format!("{}/", folder.display());
    let output = run(&[
        "generate", "--preset", "calm", "--events", "20", "-o", &path,
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(folder.join("calm-v12-0.ndjson").is_file());
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn presets_and_deeds_are_listed() {
    let listed = run(&["generate", "--list", "--format", "table"]);
    let help = stdout(&run(&["generate", "--help"]));
    for (preset, _) in presets() {
        assert!(stdout(&listed).contains(&preset));
        assert!(
            help.contains(&format!("- {preset}:")),
            "{preset} is not in the help"
        );
    }
}
