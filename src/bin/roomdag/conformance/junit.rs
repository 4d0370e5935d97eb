//! The report in the form of `JUnit`, which build servers read.

use std::fmt::Write as _;

use super::report::{Counts, FailedCase, Group, Report};

/// The report as an XML document: a suite for each file.
pub(super) fn document(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let total = &report.total;
    let name = match report.cut() {
        Some(cut) => format!("roomdag conformance ({cut})"),
        None => "roomdag conformance".to_owned(),
    };
    open(&mut xml, "testsuites", &name, &total.counts);
    for row in &report.files {
        open(&mut xml, "testsuite", &row.file, &row.counts);
        for failed in &row.failures {
            let group = total.groups.iter().find(|group| group.by == failed.group());
            failure(&mut xml, &row.file, failed, group);
        }
        for (address, is_unsupported) in &row.others {
            testcase(&mut xml, &row.file, address);
            xml.push_str(if *is_unsupported {
                "><skipped message=\"the question is not answered\"/></testcase>\n"
            } else {
                "/>\n"
            });
        }
        xml.push_str("</testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn open(xml: &mut String, element: &str, name: &str, counts: &Counts) {
    let (tests, errors, skipped) = (counts.cases, counts.no_answer, counts.unsupported);
    let failures = counts.failed.saturating_sub(errors);
    // Writing to a string does not fail.
    let _ = writeln!(
        xml,
        "<{element} name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" \
         errors=\"{errors}\" skipped=\"{skipped}\">",
        escaped(name)
    );
}

fn testcase(xml: &mut String, file: &str, address: &str) {
    let name = address.strip_prefix(file).unwrap_or(address);
    let name = name.strip_prefix('#').unwrap_or(name);
    let (name, file) = (escaped(name), escaped(file));
    let _ = write!(xml, "<testcase classname=\"{file}\" name=\"{name}\"");
}

fn failure(xml: &mut String, file: &str, failed: &FailedCase, group: Option<&Group>) {
    testcase(xml, file, &failed.address);
    let members = || {
        let rows = failed.differences.iter();
        let members: Vec<&str> = rows.map(|row| row.member.as_str()).collect();
        format!("not as expected: {}", members.join(", "))
    };
    let (element, message) = match failed.trouble() {
        Some(trouble) => ("error", trouble.to_owned()),
        None => ("failure", members()),
    };
    let _ = write!(
        xml,
        "><{element} type=\"{}\" message=\"{}\">",
        escaped(failed.group()),
        escaped(&message)
    );
    for row in &failed.differences {
        let text = format!(
            "{}: expected {}, got {}\n",
            row.member,
            row.expected(),
            row.got()
        );
        xml.push_str(&escaped(&text));
    }
    if let Some(Group {
        by,
        unclear: Some(unclear),
        ruled: Some(ruled),
        ..
    }) = group
    {
        xml.push_str(&escaped(&format!("{by}: {unclear} {ruled}\n")));
    }
    if let Some(spec) = &failed.spec {
        xml.push_str(&escaped(spec));
    }
    let _ = writeln!(xml, "</{element}></testcase>");
}

/// Text for an attribute or an element. What XML has no way to say is written as Rust would.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.extend(c.escape_default());
            }
            c => escaped.push(c),
        }
    }
    escaped
}
