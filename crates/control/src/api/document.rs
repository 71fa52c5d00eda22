//! The part of the OpenAPI document that is about control.

use serde_json::{Value, json};

/// `paths` of all routes, without access: whoever serves them adds that.
pub fn document() -> Value {
    json!({"paths": {}})
}
