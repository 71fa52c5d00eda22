//! .
use super::*;
pub(super) async fn one(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    let found = control.book.read(|ledger| find(ledger, &id))??;
    Ok(Json(json!({"release": found.state.of})))
}
