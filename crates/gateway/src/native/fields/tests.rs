use super::*;

fn refusal(body: &str, read: impl Fn(&Fields<'_>) -> Result<(), ApiError>) -> String {
    let error = object(body.as_bytes()).and_then(|fields| read(&fields)).unwrap_err();
    error.to_value().to_string()
}

#[test]
fn numbers_keep_their_text() {
    let fields = object(br#"{"price":1510.10,"text":"0.05","quantity":-7}"#).unwrap();
    assert_eq!(fields.money("price").unwrap().unwrap().to_string(), "1510.10");
    assert_eq!(fields.money("text").unwrap().unwrap(), Money::paise(5));
    assert_eq!(fields.integer("quantity", -9..=9).unwrap(), Some(-7));
}

#[test]
fn what_is_no_number_names_its_field() {
    for body in
        ["1e400", "1E2", "\"NaN\"", "\"Infinity\"", "true", "[]", "\"\"", "1.0000000001", "10000000000000000"]
    {
        let error = refusal(&format!("{{\"price\":{body}}}"), |fields| fields.money("price").map(drop));
        assert!(error.contains(r#""field":"price""#), "{error}");
    }
    for body in ["1.0", "1.5", "1e2", "\"1\"", "true", "0", "99999999999999999999", "{}"] {
        let error = refusal(&format!("{{\"n\":{body}}}"), |fields| fields.integer("n", 1..=100).map(drop));
        assert!(error.contains(r#""field":"n""#) && error.contains("from 1 to 100"), "{error}");
    }
    for body in ["{\"a\":1,\"price\":NaN}", "{\"price\":Infinity}", "{\"price\":01}", "{\"price\":.5}"] {
        let error = refusal(body, |_| Ok(()));
        assert!(error.contains("bad_json") && error.contains(r#""field":"price""#), "{error}");
    }
}

#[test]
fn unknown_and_repeated_fields_are_named() {
    let only = |fields: &Fields<'_>| fields.only(&["quantity", "side"]);
    let error = refusal(r#"{"quantitty":1}"#, only);
    assert!(error.contains(r#""field":"quantitty""#) && error.contains("did you mean quantity?"), "{error}");
    assert!(refusal(r#"{"colour":1}"#, only).contains("known are: quantity, side"));
    assert!(refusal(r#"{"side":1,"side":2}"#, only).contains("side is there twice"));
}

#[test]
fn elements_of_a_batch_are_named_by_their_place() {
    let place = |body: &str| match document(body.as_bytes(), 3) {
        Err(error) => error.to_value().to_string(),
        Ok(Document::One(_)) => "one".to_owned(),
        Ok(Document::Many(list)) => {
            let inside = |fields: &Fields<'_>| fields.integer("n", 1..=2).err();
            list.iter().find_map(inside).map_or("many".to_owned(), |error| error.to_value().to_string())
        }
    };
    assert_eq!(place("{}"), "one");
    assert_eq!(place(r#"[{"n":1},{"n":2}]"#), "many");
    assert!(place(r#"[{"n":1},{"n":3}]"#).contains(r#""field":"[1].n""#));
    assert!(place(r#"[{"n":1},7]"#).contains(r#""field":"[1]""#));
    assert!(place(r#"[{"n":1},{"order":{"price":-Infinity}}]"#).contains(r#""field":"[1].order.price""#));
    for body in ["[]", "[{},{},{},{}]", "7", "", "\"x\"", "{"] {
        assert!(place(body).contains(r#""field":"body""#), "{body}: {}", place(body));
    }
}
