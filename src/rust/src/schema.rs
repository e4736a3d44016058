//! What a stranger's schema may ask for, before the grammar's compiler sees it.

use serde_json::Value;

pub const BYTES_MAX: usize = 64 * 1024;
const DEPTH_MAX: usize = 32;
const PATTERN_BYTES_MAX: usize = 512;
const OPTIONS_MAX: usize = 1024;
const MEMBERS_MAX: usize = 128; // the grammar of minProperties grows with the square

/// The largest number that each of these may have, wherever it occurs.
const SIZES_MAX: [(&str, u64); 6] = [
    ("minLength", 2048),
    ("maxLength", 2048),
    ("minItems", 256),
    ("maxItems", 256),
    ("minProperties", 256),
    ("maxProperties", 256),
];

pub fn parse(text: &[u8]) -> Result<Value, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("it has {} bytes, at most {BYTES_MAX} are allowed", text.len()));
    }
    let schema: Value = serde_json::from_slice(text).map_err(|error| format!("it is not JSON: {error}"))?;
    if !schema.is_object() {
        return Err("it is not a JSON object".into());
    }
    check(&schema, 0)?;
    Ok(schema)
}

fn check(value: &Value, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("it is nested deeper than {DEPTH_MAX} levels"));
    }
    match value {
        Value::Object(members) if members.len() > MEMBERS_MAX => {
            Err(format!("an object of it has {} members, at most {MEMBERS_MAX} are allowed", members.len()))
        }
        Value::Object(members) => members.iter().try_for_each(|(name, inner)| {
            check_size(name, inner)?;
            check(inner, depth + 1)
        }),
        Value::Array(items) if items.len() > OPTIONS_MAX => {
            Err(format!("a list of it has {} entries, at most {OPTIONS_MAX} are allowed", items.len()))
        }
        Value::Array(items) => items.iter().try_for_each(|inner| check(inner, depth + 1)),
        _ => Ok(()),
    }
}

fn check_size(name: &str, value: &Value) -> Result<(), String> {
    if let Some(pattern) = value.as_str().filter(|_| name == "pattern") {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("a \"pattern\" is longer than {PATTERN_BYTES_MAX} bytes"));
        }
    }
    let limit = SIZES_MAX.iter().find(|(limited, _)| *limited == name);
    match (limit, value.as_f64()) {
        (Some((_, most)), Some(size)) if size > *most as f64 => {
            Err(format!("\"{name}\" is {value}, at most {most} is allowed"))
        }
        _ => Ok(()),
    }
}
