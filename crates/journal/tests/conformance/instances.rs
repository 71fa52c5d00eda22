//! Registration, and the schema that may be written.

use journal::DbError;
use journal::events::{Append, Instance, Journal, NewRow};

use super::{World, durable, facts, suite, unchanged};

suite![numbers_are_unique_for_ever, nothing_is_written_that_a_running_instance_cannot_read];

fn numbers_are_unique_for_ever<W: World>() {
    let world = W::new();
    let (mut one, mut two) = (world.open(), world.open());
    assert_eq!(one.register("one", 7, 1).unwrap(), 1);
    assert_eq!(two.register("two", 8, 2).unwrap(), 2);
    two.mark_ended(2).unwrap();
    assert_eq!(one.register("three", -9, u32::MAX).unwrap(), 3);
    assert!(matches!(one.register("two", 9, 1), Err(DbError::Constraint(_))), "the name of an ended one");
    assert!(matches!(one.register("four", 9, 0), Err(DbError::Constraint(_))));
    one.mark_ended(77).unwrap();
    let instance = |number, name: &str, started, reads_schema, ended| Instance {
        number,
        name: name.to_owned(),
        started,
        reads_schema,
        ended,
    };
    let expected = [
        instance(1, "one", 7, 1, false),
        instance(2, "two", 8, 2, true),
        instance(3, "three", -9, u32::MAX, false),
    ];
    assert_eq!(two.instances().unwrap(), expected);
}

fn nothing_is_written_that_a_running_instance_cannot_read<W: World>() {
    let world = W::new();
    let (mut old, mut new) = (world.open(), world.open());
    let row = |id: u64, schema| {
        let mut batch = facts(id, &[&format!("key-{id}")]);
        batch.rows[0] = NewRow { schema, ..batch.rows[0].clone() };
        batch
    };
    assert_eq!(new.write_schema().unwrap(), 0);
    let answer = new.append(&row(1, 1));
    assert!(matches!(answer, Append::Refused { schema: 1, gate: 0 }), "nobody is registered: {answer:?}");

    let first = old.register("old", 0, 1).unwrap();
    let second = new.register("new", 0, 2).unwrap();
    assert_eq!(new.write_schema().unwrap(), 1);
    let (_, head) = durable(new.append(&row(2, 1)));
    let answer = new.append(&row(3, 2));
    assert!(matches!(answer, Append::Refused { schema: 2, gate: 1 }), "{answer:?}");
    unchanged(&mut new, head);

    new.mark_ended(first).unwrap();
    assert_eq!(old.write_schema().unwrap(), 2);
    // As long as nothing newer is there, the old build may come back, which closes the gate again.
    let third = old.register("old again", 0, 1).unwrap();
    assert_eq!(new.write_schema().unwrap(), 1);
    old.mark_ended(third).unwrap();
    durable(new.append(&row(3, 2)));
    let answer = old.register("old once more", 0, 1);
    assert!(matches!(answer, Err(DbError::OldBuild { reads: 1, written: 2 })), "{answer:?}");
    assert_eq!(
        new.write_schema().unwrap(),
        2,
        "a build that cannot read the journal does not stop the others"
    );
    new.mark_ended(second).unwrap();
    assert_eq!(new.write_schema().unwrap(), 0);
}
