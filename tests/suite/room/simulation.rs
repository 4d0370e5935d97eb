//! The simulation itself: its stories are the same everywhere, and what is broken is found.

use std::collections::BTreeSet;

use roomdag::testing::network::{Check, Conditions, Divergence, Plant, Story, dot, svg};
use roomdag::version::{RoomVersionRules, V8, V11};

/// The first story that goes wrong in this way with a fault planted.
fn found(plant: Plant, check: Check, rules: &RoomVersionRules) -> (Story, Box<Divergence>) {
    let conditions = Conditions {
        plant: Some(plant),
        crashes: Some(10),
        ..Conditions::default()
    };
    let stories = (0..200).map(|seed| Story::new(seed, rules).under(conditions));
    let mut wrong = stories.filter_map(|story| Some((story.clone(), story.tell().err()?)));
    let found = wrong.find(|(_, divergence)| divergence.check == check);
    found.unwrap_or_else(|| panic!("{plant:?} is not found"))
}

/// The elements of a drawing are closed in their order, and every text is escaped.
fn is_well_formed(xml: &str) -> bool {
    let mut open = Vec::new();
    for tag in xml.split('<').skip(1) {
        let Some((tag, text)) = tag.split_once('>') else {
            return false;
        };
        let name = tag.trim_start_matches('/').split([' ', '/']).next();
        if tag.starts_with('/') {
            if open.pop() != name {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name.unwrap());
        }
        if text.contains('>') || tag.matches('"').count() % 2 == 1 {
            return false;
        }
    }
    open.is_empty()
}

#[test]
fn the_same_seed_is_the_same_story() {
    let (story, divergence) = found(Plant::Disk, Check::Restore, &V11);
    assert_eq!(story.tell().unwrap_err(), divergence);
    let first = Story::new(7, &V11).tell().unwrap();
    assert_eq!(Story::new(7, &V11).tell().unwrap(), first);
    assert_ne!(Story::new(8, &V11).tell().unwrap(), first);
}

#[test]
fn what_is_given_holds_and_leaves_the_rest_to_the_seed() {
    let alone = Conditions {
        servers: Some(1),
        hostile: Some(0),
        crashes: Some(0),
        ..Conditions::default()
    };
    let outcome = Story::new(1, &V11).under(alone).tell().unwrap();
    // The founder, and one who was not there.
    assert_eq!((outcome.replicas, outcome.joins), (2, 0));
    assert_eq!((outcome.forged, outcome.crashes), (0, 0));
    let crowd = Conditions {
        servers: Some(30),
        hostile: Some(5),
        late: Some(0),
        loss: Some(0),
        ..Conditions::default()
    };
    let outcome = Story::new(1, &V11).under(crowd).tell().unwrap();
    assert!(outcome.replicas > 20, "{outcome:?}");
}

#[test]
fn steps_that_are_left_out_do_not_happen() {
    let story = Story::new(3, &V11);
    let nothing = story.clone().without((1..=story.steps()).collect());
    let (all, nothing) = (story.tell().unwrap(), nothing.tell().unwrap());
    assert!(nothing.events < all.events);
    assert_eq!((nothing.joins, nothing.forged), (0, 0));
}

#[test]
fn a_server_that_resolves_otherwise_is_found() {
    let (_, divergence) = found(Plant::Resolution, Check::Agreement, &V11);
    assert!(
        divergence
            .chronicle
            .events
            .iter()
            .any(|event| event.is_disputed)
    );
}

#[test]
fn servers_that_let_levels_be_raised_are_found() {
    found(Plant::Notifications, Check::Grants, &V8);
}

#[test]
fn servers_that_let_strangers_speak_are_found() {
    found(Plant::Aliases, Check::Levels, &V8);
}

#[test]
fn a_shorter_story_goes_wrong_in_the_same_way() {
    let (story, whole) = found(Plant::Resolution, Check::Agreement, &V11);
    let shortest = story.minimised(300).unwrap();
    let divergence = &shortest.divergence;
    assert_eq!(divergence.check, whole.check);
    let events = |divergence: &Divergence| divergence.chronicle.events.len();
    assert!(events(divergence) < events(&whole));
    // Nothing of it can be left out.
    assert!(shortest.trials < 300);
    let told = story.clone().without(divergence.without.clone()).tell();
    assert_eq!(told.unwrap_err().what, divergence.what);
    for step in shortest.steps {
        let mut without: BTreeSet<usize> = divergence.without.clone();
        without.insert(step);
        let told = story.clone().without(without).tell();
        let goes_wrong = told.is_err_and(|other| other.check == divergence.check);
        assert!(!goes_wrong, "step {step} can be left out");
    }
}

#[test]
fn a_picture_shows_every_event_and_where_servers_disagree() {
    let (_, divergence) = found(Plant::Resolution, Check::Agreement, &V11);
    let chronicle = &divergence.chronicle;
    let drawing = svg(chronicle);
    assert!(is_well_formed(&drawing), "{drawing}");
    assert!(drawing.contains("#d00000"));
    let dot = dot(chronicle);
    for event in &chronicle.events {
        assert!(drawing.contains(event.id.as_str()));
        assert!(dot.contains(event.id.as_str()));
    }
    assert!(!is_well_formed("<svg><g></svg></g>") && !is_well_formed("<svg>a > b</svg>"));
}
