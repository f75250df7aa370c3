//! The document: what all operations have in common is in every one of them.

use serde_json::Value;

use crate::rig::Toy;

#[tokio::test]
async fn every_operation_describes_errors_and_its_common_headers() {
    let toy = Toy::new().await;
    let document: Value = serde_json::to_value(&toy.document).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            seen += 1;
            let error = &operation["responses"]["default"]["$ref"];
            assert_eq!(error, "#/components/responses/Error", "{method} {path}");
            let refers = operation["parameters"].to_string();
            assert_eq!(refers.contains("IdempotencyKey"), method != "get", "{method} {path}");
            assert_eq!(refers.contains("IfMatch\""), method == "put", "{method} {path}");
        }
    }
    assert_eq!(seen, 12, "all routes of the toy and of health");
    let read = &document["paths"]["/api/notes/{id}"]["get"];
    assert!(read["parameters"].to_string().contains("IfNoneMatch"));
    assert!(read["responses"]["304"].is_object());
    let stream = &document["paths"]["/api/notes/{id}/live"]["get"];
    assert!(stream["responses"]["304"].is_null(), "a stream has no tag");
    let security = &document["paths"]["/api/notes"]["post"]["security"];
    assert_eq!(*security, serde_json::json!([{"session": []}, {"bearer": []}]));
}

#[tokio::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let toy = Toy::new().await;
    let document: Value = serde_json::to_value(&toy.document).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "$ref" => references.push(text.clone()),
                    other => collect(other, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
