//! `event`: what can be said of an event alone.

use std::io::Write;

use roomdag::crypto::{
    KeyRing, RequiredSigner, SignerRole, Timestamp, content_hash, event_id, reference_hash,
    required_signers, verify,
};
use roomdag::event::HashCheck;
use roomdag::json::{Array, Object, Value};
use roomdag::lab::formats::{DumpEvent, Fault, GivenId};
use roomdag::limits::Limits;
use roomdag::pdu::{Pdu, redact};
use roomdag::version::RoomVersionRules;

use crate::console::Console;
use crate::dropped::{Header, hash_check, nominal_id, stated_hash};
use crate::failure::{Answer, Failure};
use crate::input::{RoomArgs, STDIN, no_event, place};
use crate::output::{Format, FormatArgs, Output};
use crate::table::{Cell, Color, Table};

/// Print the id, the hashes and the redacted form of an event
///
/// Takes one event, or several as NDJSON. The room version must be given unless one of them is a
/// create event. As JSON one event is an object, and several are an array of objects. The exit code
/// is 1 if a format, an id, a hash or a signature is wrong.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag event spec-vectors/events/example.json --room-version 11
  roomdag event spec-vectors/events/example.json --room-version 11 --canonical | sha256sum")]
pub(crate) struct Args {
    /// The event: a file, or `-` for standard input
    #[arg(default_value = STDIN)]
    file: String,
    /// Print only the event in canonical JSON, and a line feed
    #[arg(long)]
    canonical: bool,
    #[command(flatten)]
    input: RoomArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let keys = args.input.key_ring(console)?;
    let dump = args.input.read_events(&args.file)?;
    let mut answer = Answer::Positive;
    for fault in &dump.faults {
        let place = place(&args.file, fault.position);
        if args.input.strict {
            return Err(Failure::input(place, &fault.error));
        }
        console.warn(format_args!("{place}: {}", fault.error));
        answer = Answer::Negative;
    }
    if dump.events.is_empty() && (args.canonical || dump.faults.iter().all(|f| f.json.is_none())) {
        return Err(no_event(&args.file));
    }
    let mut out = Output::open();
    if args.canonical {
        for event in &dump.events {
            out.write_all(&event.json.to_canonical())?;
            out.write_all(b"\n")?;
        }
        out.finish()?;
        return Ok(answer);
    }
    let question = Question {
        rules: &dump.rules,
        keys: keys.as_ref(),
        now: args.input.now(),
    };
    let mut reports = Vec::new();
    for event in dump.events {
        let position = event.position;
        let report = question.report(event);
        if !report.is_good {
            answer = Answer::Negative;
        }
        reports.push((position, report.json));
    }
    let unreadable = dump.faults.into_iter();
    reports.extend(unreadable.filter_map(|fault| Some((fault.position, question.refuse(fault)?))));
    reports.sort_by_key(|(position, _)| *position);
    let reports: Vec<Object> = reports.into_iter().map(|(_, report)| report).collect();
    match (args.format.or_json(), reports.as_slice()) {
        (Format::Table, _) => {
            for report in &reports {
                table(report, console).print(&mut out)?;
            }
        }
        (Format::Json, [only]) => write_line(&mut out, only)?,
        (Format::Json, _) => {
            let array: Array = reports.into_iter().map(Value::Object).collect();
            out.write_all(&Value::Array(array).to_canonical())?;
            out.write_all(b"\n")?;
        }
        (Format::Ndjson, _) => {
            for report in &reports {
                write_line(&mut out, report)?;
            }
        }
    }
    out.finish()?;
    Ok(answer)
}

fn write_line(out: &mut Output, report: &Object) -> Result<(), Failure> {
    out.write_all(&report.to_canonical())?;
    out.write_all(b"\n")?;
    Ok(())
}

fn table(report: &Object, console: &Console) -> Table {
    let mut table = Table::new(&["PROPERTY", "VALUE"], console.colors_output());
    for (name, value) in report {
        let text = match value {
            Value::String(text) => text.clone(),
            value => String::from_utf8_lossy(&value.to_canonical()).into_owned(),
        };
        let color = match text.as_str() {
            "invalid" | "false" => Some(Color::Bad),
            "valid" | "true" | "ok" => Some(Color::Good),
            _ => None,
        };
        let value = Cell::new(&text);
        table.row(vec![
            Cell::new(name),
            color.map_or(Cell::new(&text), |c| value.color(c)),
        ]);
    }
    table
}

/// By what an event is judged.
struct Question<'a> {
    rules: &'a RoomVersionRules,
    keys: Option<&'a KeyRing>,
    now: Timestamp,
}

/// What can be said of it.
struct Report {
    json: Object,
    is_good: bool,
}

impl Question<'_> {
    /// What can be said of an object that is no canonical JSON, and so has no hashes.
    fn refuse(&self, fault: Fault) -> Option<Object> {
        let mut report = Report {
            json: Object::new(),
            is_good: false,
        };
        report.header(&fault.json?);
        report.say("room_version", self.rules.id);
        report.say("format", "invalid");
        report.say("reason", fault.error.to_string().as_str());
        report.say("signatures", "unchecked");
        report.say("event_id", Value::Null);
        if let Some(given) = fault.given_id.id() {
            report.say("stated_event_id", given.as_str());
        }
        Some(report.json)
    }

    fn report(&self, event: DumpEvent) -> Report {
        let DumpEvent {
            json: event,
            given_id,
            ..
        } = event;
        let limits = Limits::default();
        let hash_ok = hash_check(&event) == HashCheck::Ok;
        let mut report = Report {
            json: Object::new(),
            is_good: hash_ok,
        };
        report.header(&event);
        if let Some(hash) = stated_hash(&event) {
            report.say("stated_content_hash", hash);
        }
        report.say("room_version", self.rules.id);
        report.say("content_hash", content_hash(&event).to_base64().as_str());
        report.say("content_hash_ok", hash_ok);
        report.say(
            "reference_hash",
            reference_hash(&event, self.rules).to_base64().as_str(),
        );
        report.say("redacted", redact(&event, self.rules));
        let id = match Pdu::from_json(event.clone(), self.rules, &limits) {
            Ok(pdu) => {
                let id = event_id(&pdu, self.rules);
                report.say("format", "ok");
                let signers = required_signers(&pdu, self.rules);
                let signers: Array = signers.iter().map(signer).collect();
                report.say("required_signers", Value::Array(signers));
                self.signatures(pdu, &limits, &mut report);
                id
            }
            Err(error) => {
                report.is_good = false;
                report.say("format", "invalid");
                report.say("reason", error.to_string().as_str());
                report.say("signatures", "unchecked");
                nominal_id(&event, &GivenId::None, self.rules)
            }
        };
        report.say("event_id", id.as_str());
        if let Some(given) = given_id.id() {
            let matches = *given == id;
            // A name is not meant to be the hash.
            report.is_good &= matches || matches!(given_id, GivenId::Name(_));
            report.say("stated_event_id", given.as_str());
            report.say("event_id_ok", matches);
        }
        report
    }

    fn signatures(&self, pdu: Pdu, limits: &Limits, report: &mut Report) {
        let Some(keys) = self.keys else {
            return report.say("signatures", "unchecked");
        };
        match verify(pdu, self.rules, keys, self.now, limits) {
            Ok(_) => report.say("signatures", "valid"),
            Err(error) => {
                report.is_good = false;
                report.say("signatures", "invalid");
                report.say("reason", error.to_string().as_str());
            }
        }
    }
}

impl Report {
    fn header(&mut self, event: &Object) {
        let header = Header::of(event);
        for (name, value) in [
            ("type", header.event_type),
            ("state_key", header.state_key),
            ("sender", header.sender),
        ] {
            if let Some(value) = value {
                self.say(name, value.as_str());
            }
        }
    }

    fn say(&mut self, name: &str, value: impl Into<Value>) {
        self.json.insert(name, value);
    }
}

fn signer(signer: &RequiredSigner) -> Value {
    let mut object = Object::new();
    let role = match signer.role {
        SignerRole::Sender => "sender",
        SignerRole::EventId => "event_id",
        SignerRole::Authoriser => "authoriser",
    };
    object.insert("role", role);
    object.insert(
        "server",
        signer.server.as_deref().map_or(Value::Null, Value::from),
    );
    Value::Object(object)
}
