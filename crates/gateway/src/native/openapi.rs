//! The OpenAPI document: written by hand beside the code, completed with each route's access from the route table, so
//! that what it says about access is what the guard does.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::routes::RouteInfo;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::guard::Access;

const DOCUMENT: &str = include_str!("../../openapi/openapi.json");

pub async fn document(
    State(gateway): State<Arc<Gateway>>,
    Extension(routes): Extension<Arc<[RouteInfo]>>,
    Extension(beside): Extension<Arc<Value>>,
) -> Result<Json<Value>, ApiError> {
    let mut document: Value = serde_json::from_str(DOCUMENT).map_err(|error| ApiError::internal(&error))?;
    document["info"]["version"] = gateway.version.into();
    for part in ["/paths", "/components/schemas"] {
        let theirs = beside.pointer(part).and_then(Value::as_object);
        if let (Some(ours), Some(theirs)) =
            (document.pointer_mut(part).and_then(Value::as_object_mut), theirs)
        {
            ours.extend(theirs.clone());
        }
    }
    for route in routes.iter() {
        let operation = &mut document["paths"][route.path][route.method.to_lowercase()];
        if operation.is_object() {
            operation["security"] = security(route.access);
            operation["x-scope"] = scope(route.access).into();
        }
    }
    Ok(Json(document))
}

fn security(access: Access) -> Value {
    match access {
        // OpenAPI has no word for a token in the path.
        Access::Public | Access::Loopback | Access::InPath(_) => json!([]),
        Access::Scope(scope) => json!([{"bearer": [scope.as_str()]}]),
        Access::SocketScope(scope) => {
            json!([{"bearer": [scope.as_str()]}, {"query_token": [scope.as_str()]}])
        }
        Access::InDialect(scope) => json!([{"dialect_token": [scope.as_str()]}]),
    }
}

fn scope(access: Access) -> &'static str {
    match access {
        Access::Public | Access::Loopback => "public",
        Access::Scope(scope)
        | Access::SocketScope(scope)
        | Access::InDialect(scope)
        | Access::InPath(scope) => scope.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn describes_every_route_and_nothing_else() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let served: BTreeSet<(String, String)> = super::super::routes::infos()
            .iter()
            .map(|route| (route.method.to_string(), route.path.to_string()))
            .collect();
        assert_eq!(described, served);
    }
}
