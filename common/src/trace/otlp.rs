//! Spans as the OpenTelemetry protocol writes them in JSON: those of each service under a resource
//! of its name.

use serde_json::{Value, json};

use super::tracer::Record;

/// How the spans of a service are called by whoever keeps them.
const PREFIX: &str = "ticketing-";

/// An `ExportTraceServiceRequest` with these spans.
pub(super) fn json(records: &[Record]) -> String {
    let mut services: Vec<&str> = records.iter().map(|record| record.service).collect();
    services.sort_unstable();
    services.dedup();
    let resource = |service: &&str| {
        let own = records.iter().filter(|record| record.service == *service);
        let name = format!("{PREFIX}{service}");
        let version = env!("CARGO_PKG_VERSION");
        json!({
            "resource": {"attributes": [
                attribute("service.name", &name),
                attribute("service.version", version),
            ]},
            "scopeSpans": [{
                "scope": {"name": "ticketing"},
                "spans": own.map(span).collect::<Vec<_>>(),
            }],
        })
    };
    json!({"resourceSpans": services.iter().map(resource).collect::<Vec<_>>()}).to_string()
}

fn span(record: &Record) -> Value {
    let notes = record.notes.iter().map(|(key, value)| attribute(key, value));
    let status = if record.failed { json!({"code": 2}) } else { json!({}) };
    let mut span = json!({
        "traceId": format!("{:032x}", record.place.trace),
        "spanId": format!("{:016x}", record.place.span),
        "name": record.name,
        "kind": record.kind as u8,
        // Whole numbers of 64 bits are texts in JSON.
        "startTimeUnixNano": record.begun_ns.to_string(),
        "endTimeUnixNano": record.ended_ns.to_string(),
        "attributes": notes.collect::<Vec<_>>(),
        "status": status,
    });
    if let Some(parent) = record.parent {
        span["parentSpanId"] = json!(format!("{parent:016x}"));
    }
    span
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}
